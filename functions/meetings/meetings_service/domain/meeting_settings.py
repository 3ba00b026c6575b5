"""What a meeting is like: the settings that its host chooses, and the organisation's defaults for them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contracts.rooms import (
    PERMISSIONS_OF_ROLE,
    Permissions,
    PublishPermission,
    RecordingKind,
    Role,
    RolePermissions,
    RoomPolicy,
    RoomRules,
)

MAX_PARTICIPANTS = 2_000
MAX_REMINDERS = 5
MAX_REMINDER_MINUTES = 28 * 24 * 60
RUNNING = frozenset({Role.HOST, Role.COHOST})
"""Roles that run a meeting."""
_UNLIMITED = PERMISSIONS_OF_ROLE[Role.PARTICIPANT]
"""The limit that limits nobody."""


class Lobby(StrEnum):
    """Who waits until somebody lets them in. Hosts and co-hosts never do."""

    OFF = "off"
    GUESTS = "guests"
    """Those without an account."""
    EVERYONE = "everyone"


class Allowed(StrEnum):
    """Who may do something."""

    EVERYONE = "everyone"
    ACCOUNTS = "accounts"
    """Those with an account: everybody but guests."""
    HOSTS = "hosts"
    """The host and the co-hosts."""

    def holds_for(self, role: Role) -> bool:
        """Whether somebody in this role is among them."""
        return role in RUNNING or self is Allowed.EVERYONE or (self is Allowed.ACCOUNTS and role is not Role.GUEST)


class MeetingSettings(Struct, frozen=True, kw_only=True):
    """The settings of one meeting."""

    lobby: Lobby = Lobby.OFF
    passcode: str | None = None
    """Asked of everybody but the host, the co-hosts and the invited. Kept readable: hosts give it to others."""
    guests_allowed: bool = True
    """Whether people without an account come in."""
    join_before_host: bool = True
    """Otherwise everybody waits until the host or a co-host is there."""
    locked: bool = False
    """Whether the room is locked when it opens: those who run it let nobody else in until they unlock it."""
    share: Allowed = Allowed.EVERYONE
    chat: Allowed = Allowed.EVERYONE
    record: Allowed = Allowed.HOSTS
    notes: Allowed = Allowed.ACCOUNTS
    """Who writes in the shared notes, which everybody in the room reads."""
    mute_on_entry: bool = False
    """Microphones of those who do not moderate are off when they come in."""
    record_automatically: bool = False
    recording_kind: RecordingKind = RecordingKind.COMPOSITE
    """Of recordings whose kind nobody chooses."""
    max_participants: int | None = None
    """None: as many as the platform takes, `MAX_PARTICIPANTS`."""
    max_minutes: int | None = None
    """The room ends by itself so long after the first one came in; None: it does not."""
    reminders: tuple[int, ...] = ()
    """How many minutes before an occurrence the host and the invited get a mail; the longest first."""


class Organisation(Struct, frozen=True, kw_only=True):
    """What holds for everybody. ``version`` counts its changes."""

    defaults: MeetingSettings = MeetingSettings()
    """What new meetings are like. Changes do not touch meetings that are there."""
    history_days: int | None = None
    """For how many days after its end a session's chat, attendance, polls and breakout rooms are kept; None: as long as
    the meeting is there."""
    recordings_days: int | None = None
    """Recordings are deleted so many days after they began; None: not by themselves."""
    version: int = 0


ATTENDING: Final = (Role.PARTICIPANT, Role.GUEST)
"""Roles that do not run the meeting."""


def permissions_in(settings: MeetingSettings, role: Role) -> Permissions:
    """What a token for this role grants. What the room limits (`rules_of`) is not left out: it may be allowed there."""
    granted = PERMISSIONS_OF_ROLE[role]
    return replace(
        granted,
        record=granted.record or settings.record.holds_for(role),
        notes=granted.notes or settings.notes.holds_for(role),
    )


def rules_of(settings: MeetingSettings) -> RoomRules:
    """By which rules the room of a meeting with these settings opens. Those who run it may change them there.

    Notes that only hosts write are locked, by the rule with which hosts unlock them in the room.
    """
    limits = {role: _limit(settings, role) for role in ATTENDING}
    return RoomRules(
        policy=RoomPolicy(
            locked=settings.locked,
            lobby=settings.lobby is not Lobby.OFF,
            notes=settings.notes is not Allowed.HOSTS,
        ),
        role_permissions=tuple(
            RolePermissions(role=role, permissions=limit) for role, limit in limits.items() if limit != _UNLIMITED
        ),
        max_participants=settings.max_participants,
        max_length_ms=None if settings.max_minutes is None else settings.max_minutes * 60_000,
        mute_on_entry=settings.mute_on_entry,
        record=settings.record_automatically,
        recording_kind=settings.recording_kind,
        recorded_by=tuple(role for role in ATTENDING if settings.record.holds_for(role)),
        wait_for_host=not settings.join_before_host,
    )


def _limit(settings: MeetingSettings, role: Role) -> Permissions:
    """What somebody in this role may do at most when the room opens."""
    return replace(
        _UNLIMITED,
        publish=tuple(
            each
            for each in _UNLIMITED.publish
            if each is not PublishPermission.SCREEN or settings.share.holds_for(role)
        ),
        chat=settings.chat.holds_for(role),
    )


def need_not_wait(settings: MeetingSettings, role: Role) -> bool:
    """Whether somebody in this role passes the lobby."""
    return role in RUNNING or (settings.lobby is Lobby.GUESTS and role is not Role.GUEST)
