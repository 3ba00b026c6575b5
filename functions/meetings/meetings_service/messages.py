"""Bodies of the meeting service's requests and answers, as in `docs/http-api.md` and the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.rooms import Permissions, RecordingKind, Role
from contracts.stream_keys import StreamScope
from meetings_service.domain.meeting_settings import (
    MAX_PARTICIPANTS,
    MAX_REMINDER_MINUTES,
    MAX_REMINDERS,
    Allowed,
    Lobby,
    MeetingSettings,
)
from meetings_service.domain.schedule import MAX_EXCEPTIONS, MAX_MINUTES, Schedule
from meetings_service.settings import IceServer

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(max_length=5_000)]
DisplayName = Annotated[str, Meta(min_length=1, max_length=64, description="How others see the person.")]
Passcode = Annotated[str, Meta(pattern=r"^[!-~]{4,32}$", description="4 to 32 visible ASCII characters.")]
Status = Annotated[
    Literal["scheduled", "live", "ended", "cancelled"],
    Meta(
        description="scheduled: nobody is in it; live: someone is; ended: it was held, and does not take place again; "
        "cancelled: it does not take place."
    ),
]
Kind = Annotated[
    Literal["instant", "once", "recurring", "personal"],
    Meta(description="instant: without a schedule; personal: somebody's room with a link that stays."),
]
AnswerGiven = Literal["needs_action", "accepted", "declined", "tentative"]
AnswerSaid = Literal["accepted", "declined", "tentative"]
Time = Annotated[str, Meta(description="RFC 3339, UTC.")]
LocalTime = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$",
        description="Local time without an offset, such as 2026-12-01T09:00:00.",
    ),
]
MAX_HISTORY_DAYS = 3_650
Minutes = Annotated[int, Meta(ge=1, le=MAX_MINUTES)]
Reminders = Annotated[
    tuple[Annotated[int, Meta(ge=1, le=MAX_REMINDER_MINUTES)], ...],
    Meta(max_length=MAX_REMINDERS, description="Minutes before a meeting begins, such as [1440, 10]."),
]
Rule = Annotated[str, Meta(min_length=1, max_length=500, description="The value of an RRULE (RFC 5545, 3.3.10).")]


class DefaultsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of meetings; what is left out stays as it is."""

    lobby: Lobby | UnsetType = UNSET
    guests_allowed: bool | UnsetType = UNSET
    join_before_host: bool | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    share: Allowed | UnsetType = UNSET
    chat: Allowed | UnsetType = UNSET
    record: Allowed | UnsetType = UNSET
    notes: Allowed | UnsetType = UNSET
    mute_on_entry: bool | UnsetType = UNSET
    record_automatically: bool | UnsetType = UNSET
    recording_kind: RecordingKind | UnsetType = UNSET
    max_participants: Annotated[int, Meta(ge=2, le=MAX_PARTICIPANTS)] | UnsetType | None = UNSET
    max_minutes: Annotated[int, Meta(ge=1, le=MAX_MINUTES)] | UnsetType | None = UNSET
    reminders: Reminders | UnsetType = UNSET


class SettingsBody(DefaultsBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``passcode``: null for none."""

    passcode: Passcode | UnsetType | None = UNSET


class ExceptionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One occurrence that differs, named by its original start."""

    occurrence: LocalTime
    cancelled: bool = False
    start: LocalTime | None = None
    duration_minutes: Minutes | None = None
    title: Title | None = None


class ScheduleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new schedule names its start, time zone and duration; in a change, what is left out stays as it is."""

    start: LocalTime | UnsetType = UNSET
    time_zone: Annotated[str, Meta(min_length=1, max_length=64, description="IANA name.")] | UnsetType = UNSET
    duration_minutes: Minutes | UnsetType = UNSET
    rule: Rule | UnsetType | None = UNSET
    exceptions: Annotated[tuple[ExceptionBody, ...], Meta(max_length=MAX_EXCEPTIONS)] | UnsetType = UNSET


class CreateBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``settings``: what is left out is as the organisation has it. Without ``schedule`` the meeting is for now."""

    title: Title
    description: Description | UnsetType = UNSET
    settings: SettingsBody | UnsetType = UNSET
    schedule: ScheduleBody | UnsetType = UNSET


class ChangeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON Merge Patch (RFC 7396) of the meeting: null takes away."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    settings: SettingsBody | UnsetType = UNSET
    schedule: ScheduleBody | UnsetType | None = UNSET


class PersonalBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``title``: of the room if it is made now; otherwise the host's name."""

    title: Title | UnsetType = UNSET


class OrganisationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``defaults``: the settings of new meetings; what is left out is as the platform has it. ``history_days``: so long
    after its end is kept what a session leaves behind (chat, attendance, polls); null: as long as the meeting is.
    ``recordings_days``: how long recordings are kept from their beginning; null: until somebody deletes them."""

    defaults: DefaultsBody
    history_days: Annotated[int, Meta(ge=1, le=MAX_HISTORY_DAYS)] | None = None
    recordings_days: Annotated[int, Meta(ge=1, le=3_650)] | None = None


class JoinBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``previous_token``: an earlier meeting token, with which a guest keeps her identity."""

    display_name: DisplayName | UnsetType = UNSET
    passcode: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    previous_token: Annotated[str, Meta(min_length=1, max_length=8192)] | UnsetType = UNSET


class ListQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Annotated[str, Meta(min_length=1, max_length=512)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class MeetingsQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``list``: those one hosts or is invited to, newest first; what is to come, in the order of time; what one took
    part in, latest first. With ``kind``, ``status`` or ``title`` a page may have fewer entries than there are.
    ``since`` and ``until`` narrow a list by the times that it is in the order of."""

    list: Literal["hosted", "invited", "upcoming", "past"] = "hosted"
    kind: Kind | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    title: Annotated[str, Meta(min_length=1, max_length=200, description="Part of the title.")] | UnsetType = UNSET
    since: Annotated[str, Meta(max_length=40, description="RFC 3339.")] | UnsetType = UNSET
    until: Annotated[str, Meta(max_length=40, description="RFC 3339; not included.")] | UnsetType = UNSET


class Meeting(Struct, frozen=True, kw_only=True):
    """A meeting, as those who run it see it. ``joinable``: whether people come in yet, now or when it is time; where it
    ended by itself they do, where somebody ended it for all they do not. ``session`` counts the times that people meet,
    and ``started_at`` and ``ended_at`` are those of the present session, or else the last one."""

    id: str
    title: str
    description: str
    status: Status
    joinable: bool
    kind: Kind
    host_id: str
    host_name: str
    settings: MeetingSettings
    schedule: Schedule | None
    join_url: str
    session: int
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    cancelled_at: Time | None


class OccurrenceAnswerTold(Struct, frozen=True, kw_only=True):
    """What somebody said to one occurrence, named by its original start."""

    occurrence: str
    answer: AnswerGiven
    answered_at: Time


class MeetingInvitation(Struct, frozen=True, kw_only=True):
    """A meeting, as those who are invited see it. ``outdated``: it was moved since it was answered to;
    ``occurrence_answers`` go before ``answer``, which is to all others."""

    id: str
    title: str
    description: str
    status: Status
    joinable: bool
    kind: Kind
    host_name: str
    schedule: Schedule | None
    join_url: str
    role: Role
    answer: AnswerGiven
    answered_at: Time | None
    outdated: bool
    occurrence_answers: tuple[OccurrenceAnswerTold, ...]


class MeetingPublic(Struct, frozen=True, kw_only=True):
    """What everyone who has the link may know of a meeting."""

    id: str
    title: str
    status: Status
    joinable: bool
    guests_allowed: bool
    passcode_required: bool


class OccurrenceTold(Struct, frozen=True, kw_only=True):
    """One time that a meeting takes place. ``occurrence`` names it: its original start in local time."""

    occurrence: str
    start: Time
    end: Time
    title: str | None


class ConflictTold(Struct, frozen=True, kw_only=True):
    """One of one's own meetings that is at the same time: its ``occurrence``, and the one ``planned``."""

    meeting_id: str
    title: str
    host_name: str
    role: Role
    occurrence: OccurrenceTold
    planned: OccurrenceTold


class MadeMeeting(Meeting, frozen=True, kw_only=True):
    """A meeting that was made or changed. ``conflicts``: which of one's own are at the same time, as a hint, where the
    schedule was given; otherwise null."""

    conflicts: tuple[ConflictTold, ...] | None


class ListedMeeting(Struct, frozen=True, kw_only=True):
    """A meeting in a list. ``role`` and ``answer`` are those of whose list it is; ``occurrence`` is there in what is to
    come, ``session`` and ``since`` (when one came in) in what is past."""

    id: str
    title: str
    status: Status
    joinable: bool
    kind: Kind
    host_id: str
    host_name: str
    guests_allowed: bool
    join_url: str
    schedule: Schedule | None
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    role: Role
    answer: AnswerGiven | None = None
    occurrence: OccurrenceTold | None = None
    session: int | None = None
    since: Time | None = None


class MeetingPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[ListedMeeting, ...]
    next_cursor: str | None


class SessionTold(Struct, frozen=True, kw_only=True):
    """A time that people met. ``ended_by``: who ended it for all; null: it ended by itself, or has not ended.
    ``forgotten_at``: when what it had left behind was deleted; null: it is kept."""

    number: int
    started_at: Time | None
    ended_at: Time | None
    ended_by: str | None
    forgotten_at: Time | None


class SessionPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[SessionTold, ...]
    next_cursor: str | None


class OrganisationTold(Struct, frozen=True, kw_only=True):
    """What holds for everybody. ``defaults``: the settings of new meetings; ``history_days`` as it was set;
    ``recordings_days``: how long recordings are kept; null: as long as nobody deletes them, or as the platform's bucket
    keeps them; ``sends_mail``: whether the invited and the host are told, and reminded, by mail."""

    defaults: MeetingSettings
    history_days: int | None
    recordings_days: int | None
    sends_mail: bool


class StreamKeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``scope``: publish for an encoder (WHIP), watch for a player (WHEP). A key without ``expires_at`` has no end."""

    name: Annotated[str, Meta(min_length=1, max_length=64, description="How others see the stream.")]
    scope: StreamScope = StreamScope.PUBLISH
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class StreamKey(Struct, frozen=True, kw_only=True):
    """A stream key. The key itself is only in the answer to its making."""

    id: str
    name: str
    scope: StreamScope
    url: str
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class NewStreamKey(StreamKey, frozen=True, kw_only=True):
    """``key``: the bearer token for ``url``. It is shown this once."""

    key: str


class StreamKeyPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[StreamKey, ...]
    next_cursor: str | None


class Join(Struct, frozen=True, kw_only=True):
    """The way into the room. ``expires_in``: seconds until the meeting token expires.

    ``ice_servers``: for ``RTCPeerConnection``. TURN servers come from the gateway, once one has been let in.
    """

    meeting_token: str
    expires_in: int
    meeting: MeetingPublic
    identity: str
    display_name: str
    role: Role
    permissions: Permissions
    gateway_url: str
    ice_servers: tuple[IceServer, ...]
