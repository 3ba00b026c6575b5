"""What follows from changes of meetings, as jobs: promised with the change that calls for them, done afterwards."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from contracts.rooms import MeetingId
from meetings_service.domain.meetings import Invitee, Meeting
from meetings_service.domain.schedule import Schedule
from meetings_service.domain.webhook_events import Event


class News(StrEnum):
    """What has happened."""

    INVITED = "invited"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    UNINVITED = "uninvited"
    HANDED_OVER = "handed_over"
    """To the new host: who hosted it has handed it over."""
    ASSIGNED = "assigned"
    """To the new host: an administrator has done so."""
    REASSIGNED = "reassigned"
    """To the former host: the same."""


class _Job(Struct, frozen=True, kw_only=True, tag_field="job"):
    """The base of all jobs."""


class Tell(_Job, frozen=True, kw_only=True, tag="tell"):
    """Tell one invitee how a meeting is now. Nothing if it is over by then, or they are not invited any more."""

    meeting_id: MeetingId
    key: str
    news: News
    announced: int = 0
    """The meeting's, at the change that is told of: a later one tells of both."""
    former: Schedule | None = None
    """When it was to be before it was changed."""


class TellAll(_Job, frozen=True, kw_only=True, tag="tell_all"):
    """Tell everybody who is invited."""

    meeting: Meeting
    """As it is once this is promised, without its settings."""
    news: News
    by: str
    """Who called for it, and whose mails are counted."""
    former: Schedule | None = None


class Withdraw(_Job, frozen=True, kw_only=True, tag="withdraw"):
    """Tell somebody that there is no meeting for them. Both may be gone by then, so the job holds what is said."""

    meeting: Meeting
    invitee: Invitee
    news: News


class TellHost(_Job, frozen=True, kw_only=True, tag="tell_host"):
    """Tell the new host, or the former one, that a meeting has changed hands. Nothing if it is over by then, or is
    somebody else's again."""

    meeting_id: MeetingId
    news: News
    host_id: str
    former_id: str
    former_name: str
    invited_address: str | None = None
    """The address that the new host's invitation had, which is gone with the change."""


class RemindAll(_Job, frozen=True, kw_only=True, tag="remind_all"):
    """Remind the host and whoever has not declined of an occurrence. ``start`` in milliseconds since the epoch."""

    meeting_id: MeetingId
    occurrence: str
    start: int


class Remind(_Job, frozen=True, kw_only=True, tag="remind"):
    """Remind one of them. Nothing if it does not take place then any more, or they have declined by then."""

    meeting_id: MeetingId
    occurrence: str
    start: int
    key: str | None
    """The invitation's; None: the host."""


class Move(_Job, frozen=True, kw_only=True, tag="move"):
    """Put a meeting where it belongs in the agendas of the invited."""

    meeting_id: MeetingId


class TakeAlong(_Job, frozen=True, kw_only=True, tag="take_along"):
    """Bring what was prepared for a meeting into the one that is in its place."""

    former: MeetingId
    made: MeetingId


class Announce(_Job, frozen=True, kw_only=True, tag="announce"):
    """Tell webhooks what has become of a meeting."""

    host_id: str
    event: Event


Job: TypeAlias = Tell | TellAll | Withdraw | TellHost | RemindAll | Remind | Move | TakeAlong | Announce
