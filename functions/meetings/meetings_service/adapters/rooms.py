"""Requests to the live rooms, through the Redis stream that the gateways read."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from contracts.redis_names import ROOM_COMMANDS, ROOM_COMMANDS_MAX_LENGTH
from contracts.room_commands import EndMeetingRequested, encode_room_command
from contracts.rooms import Identity, MeetingId
from meetings_service.errors import RoomsUnavailableError

if TYPE_CHECKING:
    from redis import Redis

_TIMEOUT_S = 2


class Rooms:
    """The live rooms, as far as this service may ask something of them."""

    def __init__(self, url: str) -> None:
        self._url = url

    def end(self, meeting_id: MeetingId, *, by: Identity) -> None:
        """Asks the gateways to end a meeting for all.

        Raises:
            RoomsUnavailableError: the request could not be left; it may be made again.
        """
        from redis import RedisError  # noqa: PLC0415

        request = encode_room_command(EndMeetingRequested(meeting_id=meeting_id, by=by))
        try:
            self._client.xadd(ROOM_COMMANDS, {"c": request}, maxlen=ROOM_COMMANDS_MAX_LENGTH, approximate=True)
        except RedisError as error:
            raise RoomsUnavailableError from error

    @functools.cached_property
    def _client(self) -> Redis:
        from redis import Redis  # noqa: PLC0415  (0.14 s that only ending a meeting pays)

        return Redis.from_url(self._url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
