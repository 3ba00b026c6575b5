"""A copy of what meetings have kept of somebody (GDPR, articles 15 and 20): their stays, what they
wrote, and which recordings were made while they were there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.error_codes import ErrorCode
from contracts.rooms import MeetingId, Role, room_of
from functions.serverless.cursors import Place
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service.adapters.lists import Entry, Lists
from meetings_service.adapters.recordings_table import RecordingsTable
from meetings_service.adapters.records import Records
from meetings_service.domain.attendance import Attendance
from meetings_service.domain.notes import Notes
from meetings_service.domain.recordings import CataloguedRecording, RecordingState
from meetings_service.errors import MeetingNotFoundError, NotThereError, SessionNotFoundError
from meetings_service.history import History
from meetings_service.messages import Time

_LISTED_AT_ONCE = 100


class OwnRecordsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page reads all that was written in each of its sessions: so it is a small one."""

    cursor: Annotated[str, Meta(min_length=1, max_length=512)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=20)] = 10


class OwnStay(Struct, frozen=True, kw_only=True):
    """One stay in a meeting. ``left_at`` null: until its end, or still."""

    name: str | None
    role: Role | None
    joined_at: Time | None
    left_at: Time | None


class OwnMessage(Struct, frozen=True, kw_only=True):
    """Something that one wrote to a meeting's chat."""

    at: Time
    text: str


class OwnRecording(Struct, frozen=True, kw_only=True):
    """A recording that was made while one was there. ``stopped_at`` null: it runs."""

    id: str
    started_at: Time
    stopped_at: Time | None
    state: RecordingState


class OwnSession(Struct, frozen=True, kw_only=True):
    """A time that one took part in a meeting."""

    meeting_id: str
    title: str
    session: int
    stays: tuple[OwnStay, ...]
    messages: tuple[OwnMessage, ...]
    wrote_notes: bool
    """One has written in the shared notes."""
    notes: str | None
    """The shared notes, if one has written in them, and may read them: which words are whose is kept nowhere. Who was
    taken out reads none that were kept afterwards."""
    recordings: tuple[OwnRecording, ...]


class OwnRecordsPage(Struct, frozen=True, kw_only=True):
    items: tuple[OwnSession, ...]
    next_cursor: str | None


class OwnRecords:
    """Reads what is somebody's own in the records of meetings."""

    def __init__(self, *, lists: Lists, records: Records, history: History, recordings: RecordingsTable) -> None:
        self._lists = lists
        self._records = records
        self._history = history
        self._recordings = recordings

    def page(self, user: AccessClaims, *, cursor: str | None, limit: int) -> OwnRecordsPage:
        """The sessions that somebody took part in, the latest first.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        found = self._lists.past(user.sub, cursor=cursor, limit=limit)
        items = tuple(self._session(entry, entry.session, user) for entry in found.entries if entry.session is not None)
        return OwnRecordsPage(items=items, next_cursor=found.next_cursor)

    def _session(self, entry: Entry, session: int, user: AccessClaims) -> OwnSession:
        room_id = room_of(entry.meeting.id, session)
        stays = self._records.attendance(room_id, user.sub)
        notes = self._records.notes(room_id)
        wrote_notes = notes is not None and user.sub in notes.writers
        own = {stay.participant_id for stay in stays}
        return OwnSession(
            meeting_id=entry.meeting.id,
            title=entry.meeting.title,
            session=session,
            stays=tuple(
                OwnStay(
                    name=stay.name,
                    role=stay.role,
                    joined_at=rfc3339_if_known(stay.joined_at),
                    left_at=rfc3339_if_known(stay.left_at),
                )
                for stay in stays
            ),
            messages=tuple(
                OwnMessage(at=rfc3339(line.at), text=line.last_text)
                for line in self._records.chat(room_id)
                if (line.author == user.sub or line.participant_id in own)
                and line.at is not None
                and line.last_text is not None
            ),
            wrote_notes=wrote_notes,
            notes=self._readable_text(notes, entry.meeting.id, session, user) if wrote_notes else None,
            recordings=tuple(
                OwnRecording(
                    id=each.recording_id,
                    started_at=rfc3339(each.started_at),
                    stopped_at=rfc3339_if_known(each.stopped_at),
                    state=each.state,
                )
                for each in self._of_session(entry.meeting.id, session)
                if any(_overlap(each, stay) for stay in stays)
            ),
        )

    def _readable_text(
        self, notes: Notes | None, meeting_id: MeetingId, session: int, user: AccessClaims
    ) -> str | None:
        """The notes' text where the history would give it: others' words are in it."""
        try:
            readable = self._history.readable(self._history.open(user, meeting_id, str(session)), notes)
        except (MeetingNotFoundError, NotThereError, SessionNotFoundError):
            return None
        return None if readable is None else readable.text

    def _of_session(self, meeting_id: MeetingId, session: int) -> Iterator[CataloguedRecording]:
        """The recordings of a session, the latest first."""
        after: Place | None = None
        while True:
            listed = self._recordings.of_meeting(meeting_id, after=after, limit=_LISTED_AT_ONCE)
            yield from (each for each in listed.recordings if each.session == session)
            if listed.last is None or any(each.session < session for each in listed.recordings):
                return
            after = listed.last


def _overlap(recording: CataloguedRecording, stay: Attendance) -> bool:
    """Whether somebody was there while a recording was made."""
    came, went = stay.joined_at or 0, stay.left_at
    return (went is None or recording.started_at <= went) and (
        recording.stopped_at is None or recording.stopped_at >= came
    )


def add_own_records_route(app: Service, own_records: OwnRecords) -> None:
    """Registers it with the application."""

    @app.operation(
        "GET",
        "/v1/meetings/export",
        summary="A copy of one's own: when one was in which meeting, what one wrote there, and what was recorded",
        access=Permission.MEETINGS_READ,
        query=OwnRecordsQuery,
        answer=OwnRecordsPage,
        errors=(ErrorCode.KEYS_UNAVAILABLE,),
    )
    def export_own_records(call: Call[Empty, OwnRecordsQuery]) -> Answer[OwnRecordsPage]:
        cursor = given(call.query.cursor)
        return Answer(body=own_records.page(call.caller, cursor=cursor, limit=call.query.limit))
