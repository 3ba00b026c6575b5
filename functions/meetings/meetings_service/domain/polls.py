"""The polls of a room and how they came out. Who voted what is kept nowhere: facts tell the sums after each vote."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from contracts.log_events import PollClosed, PollCreated, PollVoted
from contracts.rooms import ParticipantId


class Poll(Struct, frozen=True, kw_only=True):
    """A poll. What only its creation tells is None until that fact has come: such a poll is read by nobody.

    ``votes`` (by option) and ``voters`` are as of ``votes_version``; None: nobody has voted.
    """

    poll_id: str
    version: int | None = None
    """That of its creation."""
    created_at: int | None = None
    participant_id: ParticipantId | None = None
    """Whose it is."""
    question: str | None = None
    options: tuple[str, ...] | None = None
    multiple: bool | None = None
    prepared_id: str | None = None
    """The meeting's prepared poll that it was; None: it was none, or its creation was not told yet."""
    votes_version: int | None = None
    votes: tuple[int, ...] | None = None
    voters: int | None = None
    closed_at: int | None = None


def poll_of(version: int, event: PollCreated | PollVoted | PollClosed) -> Poll:
    """What a fact tells of a poll."""
    if isinstance(event, PollClosed):
        return Poll(poll_id=event.poll_id, closed_at=event.at)
    if isinstance(event, PollVoted):
        return Poll(poll_id=event.poll_id, votes_version=version, votes=event.votes, voters=event.voters)
    poll = event.poll
    return Poll(
        poll_id=poll.id,
        version=version,
        created_at=event.at,
        participant_id=poll.participant_id,
        question=poll.question,
        options=poll.options,
        multiple=poll.multiple,
        prepared_id=poll.prepared_id,
    )


def merge_polls(first: Poll, second: Poll) -> Poll:
    """What two reports of the same poll tell together."""
    created = first if first.created_at is not None else second
    counted = max(first, second, key=lambda poll: poll.votes_version or 0)
    return replace(
        created,
        votes_version=counted.votes_version,
        votes=counted.votes,
        voters=counted.voters,
        closed_at=first.closed_at if first.closed_at is not None else second.closed_at,
    )
