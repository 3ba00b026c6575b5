"""What `service.rooms` needs of Redis: the announcements of a meeting, and the note of which rooms are served here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.rooms import MeetingId
from signaling_gateway.adapters.facts_outbox import FactsOutbox
from signaling_gateway.adapters.gateway_lease import GatewayLease
from signaling_gateway.adapters.meeting_log import announcement_decoder
from signaling_gateway.adapters.subscriptions import Subscriptions
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.meeting_log import LogEntry, MeetingLog

_log = logging.getLogger(__name__)


class RedisRoomFeed:
    """`RoomFeed` on the meetings' sharded channels."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    async def subscribe(
        self,
        meeting_id: MeetingId,
        *,
        on_entries: Callable[[Sequence[LogEntry], str], None],
        on_subscribed: Callable[[], None],
    ) -> None:
        """See `RoomFeed.subscribe`."""

        def on_message(data: bytes) -> None:
            try:
                announcement = announcement_decoder.decode(data)
            except msgspec.DecodeError as error:
                names = {"meeting_id": meeting_id, "error": str(error)}
                _log.error("an announcement cannot be read", extra=names)
                on_subscribed()
                return
            on_entries(announcement.entries(), announcement.follows)

        await self._subscriptions.subscribe(
            redis_names.meeting_channel(meeting_id), on_message=on_message, on_subscribed=on_subscribed
        )

    async def unsubscribe(self, meeting_id: MeetingId) -> None:
        """See `RoomFeed.unsubscribe`."""
        await self._subscriptions.unsubscribe(redis_names.meeting_channel(meeting_id))


class RedisRoomDuties:
    """`RoomDuties` in the set beside the gateway's lease."""

    def __init__(self, lease: GatewayLease, outbox: FactsOutbox, log: MeetingLog) -> None:
        self._lease = lease
        self._outbox = outbox
        self._log = log

    async def take_up(self, meeting_id: MeetingId) -> None:
        """See `RoomDuties.take_up`."""
        try:
            await self._lease.add_room(meeting_id)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def renew(self, meeting_id: MeetingId) -> None:
        """See `RoomDuties.renew`."""
        try:
            await self._lease.add_room(meeting_id)
            await self._outbox.pass_on_again(meeting_id, self._log)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error

    async def done(self, meeting_id: MeetingId) -> None:
        """See `RoomDuties.done`: what is owed are the facts of this gateway's appends."""
        await self._outbox.passed_on(meeting_id)

    async def lay_down(self, meeting_id: MeetingId) -> None:
        """See `RoomDuties.lay_down`."""
        try:
            await self._lease.drop_room(meeting_id)
        except (RedisError, OSError) as error:
            raise LogUnavailableError from error
