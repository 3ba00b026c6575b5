"""The decision who may join a meeting, and as what."""

from __future__ import annotations

from msgspec import Struct

from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, Permissions, Role
from functions.serverless.ids import base32
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError
from meetings_service.domain.meetings import Meeting, Status
from meetings_service.errors import GuestsNotAllowedError, MeetingEndedError


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: an account, by its access token, or somebody with the link.

    ``display_name`` is the name asked for. ``guest_identity`` and ``guest_name`` are those of an earlier stay in this
    meeting that the caller has proved.
    """

    user_id: str | None = None
    user_name: str | None = None
    display_name: str | None = None
    guest_identity: Identity | None = None
    guest_name: str | None = None


class Admission(Struct, frozen=True, kw_only=True):
    """What the meeting token will say."""

    identity: Identity
    display_name: str
    role: Role
    permissions: Permissions


def decide_join(meeting: Meeting, caller: Caller, *, randomness: bytes) -> Admission:
    """Whether ``caller`` may join ``meeting``, and as what. ``randomness``: 16 octets, for a new guest's identity.

    Raises:
        MeetingEndedError, GuestsNotAllowedError: the caller may not.
        InvalidFieldError: a guest without a usable name.
    """
    if meeting.status is Status.ENDED:
        raise MeetingEndedError
    if caller.user_id is not None:
        role = Role.HOST if caller.user_id == meeting.host_id else Role.PARTICIPANT
        name = caller.display_name or caller.user_name or ""
        return _admission(Identity(caller.user_id), name, role)
    if not meeting.guests_allowed:
        raise GuestsNotAllowedError
    guest_name = caller.display_name or caller.guest_name
    if guest_name is None:
        raise InvalidFieldError("display_name", "A guest needs a name.")
    return _admission(caller.guest_identity or Identity(f"g_{base32(randomness)}"), guest_name, Role.GUEST)


def is_guest(identity: Identity) -> bool:
    """Whether an identity is a guest's."""
    return identity.startswith("g_")


def _admission(identity: Identity, name: str, role: Role) -> Admission:
    return Admission(
        identity=identity,
        display_name=normalise_line(name, field="display_name"),
        role=role,
        permissions=PERMISSIONS_OF_ROLE[role],
    )
