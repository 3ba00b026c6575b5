"""The list of live rooms, as the gateways keep it in Redis: `contracts.live_rooms`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from contracts import redis_names
from contracts.live_rooms import RoomSummary, summary_decoder
from contracts.rooms import Identity, MeetingId
from functions.serverless.cursors import Place
from meetings_service.adapters.broker import Broker
from meetings_service.errors import RoomsUnavailableError


class LivePage(Struct, frozen=True, kw_only=True):
    """Some live rooms, and where the next ones begin (None: there are no others)."""

    rooms: tuple[RoomSummary, ...]
    last: Place | None


class LiveRooms:
    """Reads the list, and takes out what is not live any more."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def page(self, *, host_id: Identity | None, after: Place | None, limit: int) -> LivePage:
        """Live rooms, those that started last first: of one host, or with ``host_id`` None of all.

        Raises:
            RoomsUnavailableError: the list cannot be read.
        """
        from redis import RedisError  # noqa: PLC0415

        key = redis_names.LIVE_ROOMS if host_id is None else redis_names.live_rooms_of(host_id)
        found: list[RoomSummary] = []
        gone: list[str] = []
        try:
            for places in self._following(key, after, limit + 1):
                for place, summary in zip(places, self._summaries(places), strict=True):
                    # A meeting that has another host now may still be in the list of the former one.
                    if summary is None or (host_id is not None and summary.host_id != host_id):
                        gone.append(place.id)
                    else:
                        found.append(summary)
                if len(found) > limit:
                    break
            if gone:
                self._broker.client.zrem(key, *gone)
        except RedisError as error:
            raise RoomsUnavailableError from error
        page = tuple(found[:limit])
        return LivePage(rooms=page, last=_place(page[-1]) if len(found) > limit else None)

    def _following(self, key: str, after: Place | None, count: int) -> Iterator[list[Place]]:
        """The entries that follow, by ``count``."""
        start = 0
        highest: float | str = "+inf" if after is None else after.time
        while True:
            rows: Any = self._broker.client.zrevrangebyscore(
                key, highest, "-inf", start=start, num=count, withscores=True
            )
            places = [Place(time=int(score), id=member.decode()) for member, score in rows]
            yield [place for place in places if after is None or place < after]
            if len(rows) < count:
                return
            start += count

    def _summaries(self, places: list[Place]) -> list[RoomSummary | None]:
        with self._broker.client.pipeline(transaction=False) as pipeline:
            for place in places:
                pipeline.hget(redis_names.live_room(MeetingId(place.id)), "s")
            answers: list[Any] = pipeline.execute()
        return [None if answer is None else summary_decoder.decode(answer) for answer in answers]


def _place(summary: RoomSummary) -> Place:
    return Place(time=summary.started_at, id=summary.meeting_id)
