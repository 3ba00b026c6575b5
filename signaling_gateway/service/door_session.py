"""What a gateway knows of a participant who came in by a standard door, and how the resource of one is recognised."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

from contracts.client_messages import Closing
from contracts.error_codes import ErrorCode
from contracts.rooms import MeetingId, ParticipantId, ParticipantKind, TrackId
from signaling_gateway.domain.room_state import Stay
from signaling_gateway.domain.token_bucket import TokenBucket
from signaling_gateway.domain.watching import View
from signaling_gateway.errors import Refusal
from signaling_gateway.service.live_room import Connection, LiveRoom
from signaling_gateway.service.rooms import Rooms

OPENED_AT_ONCE, OPENED_PER_S = 20, 10
"""Rooms that a gateway opens for addresses of resources, which anybody can make up: each costs Redis a few requests."""


class RestartBudget(Protocol):
    """How often one session may restart ICE, at whichever gateways."""

    async def draw(self, participant_id: ParticipantId) -> bool:
        """Counts a restart; False: there were too many of late.

        Raises:
            LogUnavailableError: they cannot be counted.
        """


@dataclass(eq=False, kw_only=True)
class DoorSession:
    """A participant's way in through a standard door, as this gateway knows it."""

    connection: Connection
    transport: str
    """The one that it has: ``publish`` or ``subscribe``."""
    checked_from: float
    """When the transport must be connected, in seconds of the event loop's clock."""
    view: View = field(default_factory=View)
    """What a viewer wants to see."""
    shown: tuple[TrackId, ...] | None = None
    """What its node was told of that."""
    is_doubtful: bool = False
    """Whether the node may have been told something else since."""
    ice_session: str | None = None
    """The node's ICE user name fragment, which names the ICE session; None: not known to this gateway."""
    client_ufrag: str | None = None
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the participant is in the room, or never will be."""
    closing: Closing | None = None
    """Why it is over."""
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the node is told what to show, so that an older choice never follows a newer one."""


class Answered(Struct, frozen=True, kw_only=True):
    """A session that has been opened: the SDP answer, and what names its resource."""

    sdp: str
    meeting_id: MeetingId
    participant_id: ParticipantId
    secret: str
    ice_session: str


class NamedRooms:
    """The rooms that resources' addresses name, before they have proved anything. ``steady``: see `StandardDoors`."""

    def __init__(self, rooms: Rooms, steady: Callable[[], float]) -> None:
        self._rooms = rooms
        self._steady = steady
        self._opening = TokenBucket.full(capacity=OPENED_AT_ONCE, rate=OPENED_PER_S, now=steady())

    @asynccontextmanager
    async def use(self, meeting_id: MeetingId) -> AsyncIterator[LiveRoom]:
        """As `Rooms.use`, for rooms that are not open here as often as is bearable.

        Raises:
            Refusal: too often (``rate_limited``).
            LogUnavailableError: as there.
        """
        if self._rooms.get(meeting_id) is None:
            drawn = self._opening.take(self._steady())
            if drawn is None:
                raise Refusal(ErrorCode.RATE_LIMITED, "Too much is asked of meetings that are not open here.")
            self._opening = drawn
        async with self._rooms.use(meeting_id) as room:
            yield room


def known_stay(room: LiveRoom, participant_id: ParticipantId, secret: str) -> Stay:
    """The stay that a resource names. One answer for every reason why there is none, so that secrets are not probed."""
    stay = room.state.stays.get(participant_id)
    secret_hash = hashlib.sha256(secret.encode()).hexdigest()
    if (
        stay is None
        or stay.info.kind is ParticipantKind.PERSON
        or not hmac.compare_digest(stay.resume_hash, secret_hash)
    ):
        raise no_session()
    return stay


def no_session() -> Refusal:
    """The refusal of whatever names no session."""
    return Refusal(ErrorCode.NOT_FOUND, "There is no such session, or it is over.")
