"""The decision who may join a meeting, and as what; or why not. What is live (how many are in the room, whether it was
locked there, who waits) is the room's to judge."""

from __future__ import annotations

import hmac

from msgspec import Struct

from contracts.rooms import Identity, Permissions, Role
from functions.serverless.ids import base32
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError
from meetings_service.domain.meeting_settings import RUNNING, need_not_wait, permissions_in
from meetings_service.domain.meetings import Invitee, Meeting, Status
from meetings_service.domain.recurrence import occurrences
from meetings_service.errors import (
    GuestsNotAllowedError,
    MeetingCancelledError,
    MeetingEndedError,
    MeetingLockedError,
    NotStartedError,
    PasscodeRequiredError,
    PasscodeWrongError,
    RemovedError,
)

OPENS_MS = 15 * 60_000
"""So long before a meeting's time people may come and wait for its host."""


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: an account, by its access token, or somebody with the link.

    ``display_name`` is the name asked for. ``guest_identity`` and ``guest_name`` are those of an earlier stay in this
    meeting that the caller has proved. ``invitee`` is the caller's invitation.
    """

    user_id: str | None = None
    user_name: str | None = None
    display_name: str | None = None
    guest_identity: Identity | None = None
    guest_name: str | None = None
    invitee: Invitee | None = None
    is_banned: bool = False
    passcode: str | None = None


class Admission(Struct, frozen=True, kw_only=True):
    """What the meeting token will say."""

    identity: Identity
    display_name: str
    role: Role
    permissions: Permissions
    vouched: bool
    """Whether the lobby is not for them."""
    is_account_name: bool
    """Whether ``display_name`` is what their account is called."""


def decide_join(meeting: Meeting, caller: Caller, *, now: int, randomness: bytes) -> Admission:
    """Whether ``caller`` may join ``meeting`` at ``now`` (milliseconds since the epoch), and as what.

    ``randomness``: 16 octets, for a new guest's identity.

    Raises:
        MeetingCancelledError, MeetingEndedError, RemovedError, GuestsNotAllowedError, MeetingLockedError,
        PasscodeRequiredError, PasscodeWrongError, NotStartedError: the caller may not; the first of these that holds.
        InvalidFieldError: a guest without a usable name.
    """
    if meeting.status is Status.CANCELLED:
        raise MeetingCancelledError
    if meeting.is_over:
        raise MeetingEndedError
    role = _role_of(meeting, caller)
    if caller.is_banned and role is not Role.HOST:
        raise RemovedError
    if role is Role.GUEST and not meeting.settings.guests_allowed:
        raise GuestsNotAllowedError
    if role not in RUNNING:
        _check_entrance(meeting, caller, now)
    return _admission(meeting, caller, role, randomness)


def is_guest(identity: Identity) -> bool:
    """Whether an identity is a guest's."""
    return identity.startswith("g_")


def _role_of(meeting: Meeting, caller: Caller) -> Role:
    if caller.user_id is None:
        return Role.GUEST
    if caller.user_id == meeting.host_id:
        return Role.HOST
    return Role.PARTICIPANT if caller.invitee is None else caller.invitee.role


def _check_entrance(meeting: Meeting, caller: Caller, now: int) -> None:
    """Passes if somebody who does not run the meeting may come in; raises as `decide_join`."""
    settings, is_live = meeting.settings, meeting.status is Status.LIVE
    if settings.locked and not is_live:
        raise MeetingLockedError
    # Who was in this meeting has shown it before.
    knows_it = caller.invitee is not None or caller.guest_identity is not None
    if settings.passcode is not None and not knows_it:
        if caller.passcode is None:
            raise PasscodeRequiredError
        if not hmac.compare_digest(caller.passcode.encode(), settings.passcode.encode()):
            raise PasscodeWrongError
    if not settings.join_before_host and not is_live and not _is_about_to_start(meeting, now):
        raise NotStartedError


def _is_about_to_start(meeting: Meeting, now: int) -> bool:
    """Whether people may wait for the host: around the time of a meeting that has one, and of others always."""
    if meeting.schedule is None:
        return True
    return next(occurrences(meeting.schedule, after=now, before=now + OPENS_MS + 1), None) is not None


def _admission(meeting: Meeting, caller: Caller, role: Role, randomness: bytes) -> Admission:
    name = caller.display_name or caller.user_name or caller.guest_name
    if name is None and role is Role.GUEST:
        raise InvalidFieldError("display_name", "A guest needs a name.")
    identity = caller.user_id or caller.guest_identity or f"g_{base32(randomness)}"
    is_account_name = caller.user_name is not None and name == caller.user_name
    return Admission(
        identity=Identity(identity),
        is_account_name=is_account_name,
        display_name=normalise_line(name or "", field="display_name"),
        role=role,
        permissions=permissions_in(meeting.settings, role),
        vouched=need_not_wait(meeting.settings, role),
    )
