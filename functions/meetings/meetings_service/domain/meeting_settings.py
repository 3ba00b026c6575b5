"""What a meeting is like: the settings that its host chooses, and the organisation's defaults for them."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from contracts.rooms import (
    PERMISSIONS_OF_ROLE,
    Permissions,
    PublishPermission,
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


class Lobby(StrEnum):
    """Who waits until somebody lets them in. Hosts and co-hosts never do."""

    OFF = "off"
    GUESTS = "guests"
    """Those without an account."""
    EVERYONE = "everyone"


class Allowed(StrEnum):
    """Who may do something."""

    EVERYONE = "everyone"
    HOSTS = "hosts"
    """The host and the co-hosts."""


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
    mute_on_entry: bool = False
    """Microphones of those who do not moderate are off when they come in."""
    record_automatically: bool = False
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


def permissions_in(settings: MeetingSettings, role: Role) -> Permissions:
    """What a token for this role grants. What the room limits (`rules_of`) is not left out: it may be allowed there."""
    granted = PERMISSIONS_OF_ROLE[role]
    return granted if settings.record is Allowed.HOSTS else replace(granted, record=True)


def rules_of(settings: MeetingSettings) -> RoomRules:
    """By which rules the room of a meeting with these settings opens. Those who run it may change them there."""
    all_of_it = PERMISSIONS_OF_ROLE[Role.PARTICIPANT]
    limit = replace(
        all_of_it,
        publish=tuple(
            each
            for each in all_of_it.publish
            if each is not PublishPermission.SCREEN or settings.share is Allowed.EVERYONE
        ),
        chat=settings.chat is Allowed.EVERYONE,
    )
    limited = () if limit == all_of_it else (Role.PARTICIPANT, Role.GUEST)
    return RoomRules(
        policy=RoomPolicy(locked=settings.locked, lobby=settings.lobby is not Lobby.OFF),
        role_permissions=tuple(RolePermissions(role=role, permissions=limit) for role in limited),
        max_participants=settings.max_participants,
        max_length_ms=None if settings.max_minutes is None else settings.max_minutes * 60_000,
        mute_on_entry=settings.mute_on_entry,
        record=settings.record_automatically,
        wait_for_host=not settings.join_before_host,
    )


def need_not_wait(settings: MeetingSettings, role: Role) -> bool:
    """Whether somebody in this role passes the lobby."""
    return role in RUNNING or (settings.lobby is Lobby.GUESTS and role is not Role.GUEST)
