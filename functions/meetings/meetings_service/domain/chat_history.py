"""What was written in a room, and who may read it afterwards.

The history shows nobody a line that the room would not have shown them, with one exception: those who run the meeting
read what was written to all in the main room, whether they were there or not.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from contracts.client_commands import EVERYONE, HOSTS
from contracts.log_events import ChatEdited, ChatRemoved, ChatSent
from contracts.rooms import Breakout, Identity, ParticipantId
from meetings_service.domain.attendance import Person


class ChatLine(Struct, frozen=True, kw_only=True):
    """A chat message. ``version`` is that of its fact and gives the order; ``message_id`` tells it from others.

    What only its sending tells is None until that fact has come: such a line is read by nobody. A message that was
    removed has no text any more.
    """

    version: int
    message_id: str
    at: int | None = None
    participant_id: ParticipantId | None = None
    author: Identity | None = None
    name: str | None = None
    text: str | None = None
    """As it was sent."""
    to: str | None = None
    """As `contracts.rooms.ChatMessage` has it."""
    to_identity: Identity | None = None
    to_name: str | None = None
    breakout: Breakout | None = None
    edit_version: int | None = None
    edited_at: int | None = None
    edit_text: str | None = None
    removed_at: int | None = None
    removed_by: ParticipantId | None = None
    removed_by_identity: Identity | None = None

    @property
    def last_text(self) -> str | None:
        """What it says in the end; None: it was removed."""
        return self.text if self.edit_text is None else self.edit_text


class Reader(Struct, frozen=True, kw_only=True):
    """Who reads the chat of a room."""

    identity: Identity
    runs: bool = False
    """As the meeting's host or a co-host by invitation."""
    administers: bool = False
    person: Person | None = None
    """What they were in the room; None: they were not there."""


def line_of(version: int, event: ChatSent | ChatEdited | ChatRemoved) -> ChatLine | None:
    """What a fact tells of a line; None: a gateway of an earlier release did not say of which."""
    if isinstance(event, ChatSent):
        message = event.message
        return ChatLine(
            version=version,
            message_id=message.id,
            at=message.at,
            participant_id=message.participant_id,
            author=event.author,
            name=message.name,
            text=message.text,
            to=message.to,
            to_identity=event.to_identity,
            to_name=message.to_name,
            breakout=message.breakout,
        )
    if event.sent_version is None:
        return None
    line = ChatLine(version=event.sent_version, message_id=event.message_id)
    if isinstance(event, ChatEdited):
        return replace(line, edit_version=version, edited_at=event.at, edit_text=event.text)
    return replace(line, removed_at=event.at, removed_by=event.by, removed_by_identity=event.by_identity)


def merge_lines(first: ChatLine, second: ChatLine) -> ChatLine:
    """What two reports of the same line tell together."""
    sent = first if first.at is not None else second
    edited = max(first, second, key=lambda line: line.edit_version or 0)
    removed = first if first.removed_at is not None else second
    whole = replace(
        sent,
        edit_version=edited.edit_version,
        edited_at=edited.edited_at,
        edit_text=edited.edit_text,
        removed_at=removed.removed_at,
        removed_by=removed.removed_by,
        removed_by_identity=removed.removed_by_identity,
    )
    return whole if whole.removed_at is None else without_text(whole)


def without_text(line: ChatLine) -> ChatLine:
    """The line as it is kept once it was removed."""
    return replace(line, text=None, edit_version=None, edited_at=None, edit_text=None)


def may_read(reader: Reader, line: ChatLine) -> bool:
    """Whether a line is for this reader."""
    if line.at is None or line.author is None:
        return False  # of what earlier releases have kept, nobody knows whom it was for
    if line.author == reader.identity:
        return True
    if line.to == HOSTS:
        return reader.runs or _moderated_after(reader.person, line.version)
    if line.to not in {None, EVERYONE}:
        return line.to_identity == reader.identity
    if line.to == EVERYONE or line.breakout is None:
        return reader.runs or reader.administers or was_shown(reader.person, line.version)
    # As the room has it: who has been in a breakout room reads what was written there before and after.
    person = reader.person
    return person is not None and line.breakout.id in person.breakouts and was_shown(person, line.version)


def was_shown(person: Person | None, version: int) -> bool:
    """Whether somebody was shown what was written at a version: all, unless they were taken out before."""
    if person is None or not person.came_in:
        return False
    taken_out = max(person.taken_out, default=0)
    return version < taken_out or max(person.came_in) > taken_out


def _moderated_after(person: Person | None, version: int) -> bool:
    """Whether somebody moderated when something was written, or later on: then they were shown what was before."""
    if person is None or not person.moderates_from or not was_shown(person, version):
        return False
    until = max(person.moderates_to, default=0)
    return version < until or max(person.moderates_from) > until
