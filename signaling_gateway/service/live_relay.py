"""What those who watch a broadcast get: fetched from the node that makes it once for all who ask, and kept for a while.

Playlists of low-latency HLS are asked for by number (``_HLS_msn``, ``_HLS_part``: draft-pantos-hls-rfc8216bis,
6.2.5.2) and held back by the node until there is news, so everybody who watches waits for the same answer. Segments and
their parts never change. So a node sends each of them once to each gateway, however many watch.

Names can be guessed. That something is not there yet is therefore not kept: whoever asks too early does not take it
from those who ask in time. And what waits at the node is counted apart from what is there to be sent.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from contracts.error_codes import ErrorCode
from contracts.room_broadcast import WatchedBroadcast
from signaling_gateway.errors import GatewayError, Refusal
from signaling_gateway.metrics import LIVE_FETCHES

CACHE_BYTES = 128 * 1024 * 1024
"""How much is kept, of all broadcasts together: of one with 4 Mbit/s more than four minutes."""
MEDIA_KEPT_S = 120.0
"""How long segments and parts are kept here; players are seconds behind, or a pause."""
PLAYLIST_KEPT_S = 0.4
"""A playlist that was not asked for by number: the next viewer may have a newer one."""
UNLIVE_KEPT_S = 1.0
"""That there is no playlist, for a crowd that waits for the beginning."""
WHERE_KEPT_S = 1.0
MAX_KNOWN = 10_000
"""Of how many watch keys is known here for a moment where they are, or that they are nowhere."""
MAX_FETCHES = 32
"""How many fetches of one broadcast are under way at once: what players ask for lies close together."""
MAX_WAITING = 12
"""How many playlists of one broadcast are waited for at once: more than nodes let anybody wait for."""
MAX_FLIGHTS = 512
"""How many fetches are under way at once, of all broadcasts together, which share them."""
LEAST_FETCHES = 8
"""How many a broadcast may have of `MAX_FETCHES` where there are many; a node waits for five pieces at the most."""
MAX_AGE_MEDIA_S = 120
"""As long as players may go back, and then some; after the end it can be had from caches for as long."""
_TARGET_DURATION = re.compile(rb"^#EXT-X-TARGETDURATION:(\d{1,3})\s*$", re.MULTILINE)

_log = logging.getLogger(__name__)


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody who watches asks for. ``name`` and ``query`` are of the edge's grammar."""

    watch_key: str
    name: str
    """Relative to the origin."""
    query: str = ""
    """What of the query string counts, in one form only. Where there is any, a playlist is waited for."""

    @property
    def is_playlist(self) -> bool:
        """Whether it changes."""
        return self.name.endswith(".m3u8")

    @property
    def may_be_refused_to_all(self) -> bool:
        """Whether a refusal holds for a moment, whoever asks: not of what may be there the next instant."""
        return self.is_playlist and not self.query


class Piece(Struct, frozen=True, kw_only=True):
    """A playlist, a segment, a part: what is answered."""

    body: bytes
    max_age_s: int
    """How long caches between here and the viewers may keep it."""


class Fetched(Struct, frozen=True, kw_only=True):
    """What an origin answered."""

    status: int
    body: bytes


class OriginAwayError(Exception):
    """An origin gave no answer, or one that cannot be used."""


class Origin(Protocol):
    """The nodes' HTTP servers."""

    async def fetch(self, url: str) -> Fetched:
        """Raises `OriginAwayError`."""


class Watched(Protocol):
    """Where broadcasts are."""

    async def watched(self, watch_key: str) -> WatchedBroadcast | None:
        """Where it is; None: nobody broadcasts under this key. Raises `LogUnavailableError`."""


class _Kept(Struct, frozen=True, kw_only=True):
    until: float
    piece: Piece | Refusal

    @property
    def size(self) -> int:
        """In bytes, about."""
        return 512 + (len(self.piece.body) if isinstance(self.piece, Piece) else 0)


class _Flight:
    """A fetch that is under way, for as long as anybody waits for it."""

    def __init__(self, task: asyncio.Task[Piece]) -> None:
        self.task = task
        self.waiting = 0


class LiveRelay:
    """Answers for broadcasts, whoever's they are: what is asked for by several at once is fetched once."""

    def __init__(self, watched: Watched, origin: Origin, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._watched = watched
        self._origin = origin
        self._steady = steady
        self._where: OrderedDict[str, tuple[float, asyncio.Task[WatchedBroadcast | None]]] = OrderedDict()
        self._flights: dict[tuple[str, str, str], _Flight] = {}
        self._under_way: dict[str, Counter[bool]] = {}
        """By origin, how many fetches are under way: of what is waited for (True), and of the rest."""
        self._kept: OrderedDict[tuple[str, str, str], _Kept] = OrderedDict()
        self._kept_bytes = 0

    async def piece(self, asked: Asked) -> Piece:
        """What is asked for.

        Raises:
            Refusal: it is not live (``broadcast_not_live``), has ended (``broadcast_ended``), has no such piece
                (``not_found``), or cannot be fetched just now (``service_unavailable``).
            LogUnavailableError: it cannot be known where it is.
        """
        where = await self._where_is(asked.watch_key)
        if where is None:
            raise _not_live()
        if not where.origin:
            raise _ended() if where.ended else _not_live()
        try:
            return await self._from(where, asked)
        except Refusal as refusal:
            is_gone = refusal.code in (ErrorCode.BROADCAST_NOT_LIVE, ErrorCode.SERVICE_UNAVAILABLE)
            raise (_ended() if where.ended and is_gone else Refusal(refusal.code, refusal.message)) from None

    # ---- inside ----

    async def _where_is(self, watch_key: str) -> WatchedBroadcast | None:
        until, asking = self._where.get(watch_key, (0.0, None))
        if asking is None or until <= self._steady():
            asking = asyncio.create_task(self._watched.watched(watch_key))
            self._where[watch_key] = (self._steady() + WHERE_KEPT_S, asking)
            self._where.move_to_end(watch_key)
            while len(self._where) > MAX_KNOWN:
                self._where.popitem(last=False)
        try:
            return await asyncio.shield(asking)
        except GatewayError:
            if self._where.get(watch_key, (0.0, None))[1] is asking:
                del self._where[watch_key]
            raise

    async def _from(self, where: WatchedBroadcast, asked: Asked) -> Piece:
        key = (where.origin, asked.name, asked.query)
        kept = self._kept.get(key)
        if kept is not None and kept.until > self._steady():
            self._kept.move_to_end(key)
            if isinstance(kept.piece, Refusal):
                raise Refusal(kept.piece.code, kept.piece.message)
            return kept.piece
        flight = self._flights.get(key)
        if flight is None:
            flight = self._take_off(key, asked)
        flight.waiting += 1
        try:
            # Whoever goes away does not take what the others wait for along.
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._flights.pop(key, None)
                flight.task.cancel()

    def _take_off(self, key: tuple[str, str, str], asked: Asked) -> _Flight:
        origin, _, query = key
        is_waiting = bool(query)
        under_way = self._under_way.setdefault(origin, Counter())
        share = MAX_FLIGHTS // len(self._under_way) - MAX_WAITING
        most = MAX_WAITING if is_waiting else min(MAX_FETCHES, max(LEAST_FETCHES, share))
        if under_way[is_waiting] >= most:
            raise _busy()
        under_way[is_waiting] += 1
        flight = self._flights[key] = _Flight(asyncio.create_task(self._fetch(key, asked)))
        flight.task.add_done_callback(lambda _: self._landed(key, flight))
        return flight

    def _landed(self, key: tuple[str, str, str], flight: _Flight) -> None:
        origin, _, query = key
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled():
            flight.task.exception()  # also where everybody who waited has gone
        under_way = self._under_way[origin]
        under_way[bool(query)] -= 1
        if not under_way.total():
            del self._under_way[origin]

    async def _fetch(self, key: tuple[str, str, str], asked: Asked) -> Piece:
        origin, name, query = key
        LIVE_FETCHES.labels("playlist" if asked.is_playlist else "media").inc()
        try:
            fetched = await self._origin.fetch(f"{origin.rstrip('/')}/{name}{'?' if query else ''}{query}")
        except OriginAwayError as error:
            _log.warning("a broadcast cannot be fetched", extra={"error": str(error)})
            self._keep_refusal(key, asked, _busy())
            raise _busy() from error
        if fetched.status != 200:
            refusal = _refusal(fetched.status, asked)
            self._keep_refusal(key, asked, refusal)
            raise refusal
        piece, kept_s = _piece(asked, fetched.body)
        self._keep(key, piece, kept_s)
        return piece

    def _keep_refusal(self, key: tuple[str, str, str], asked: Asked, refusal: Refusal) -> None:
        if asked.may_be_refused_to_all:
            self._keep(key, refusal, UNLIVE_KEPT_S)

    def _keep(self, key: tuple[str, str, str], piece: Piece | Refusal, for_s: float) -> None:
        now = self._steady()
        self._drop(key)
        kept = self._kept[key] = _Kept(until=now + for_s, piece=piece)
        self._kept_bytes += kept.size
        while self._kept and (self._kept_bytes > CACHE_BYTES or next(iter(self._kept.values())).until <= now):
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, str, str]) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._kept_bytes -= dropped.size


def _piece(asked: Asked, body: bytes) -> tuple[Piece, float]:
    """What is answered, and how long it is kept here."""
    if not asked.is_playlist:
        return Piece(body=body, max_age_s=MAX_AGE_MEDIA_S), MEDIA_KEPT_S
    found = _TARGET_DURATION.search(body)
    target_s = max(1, int(found[1])) if found else 1
    if asked.query:
        # The draft allows six target durations (6.2.5.2); those who ask for the same are less far apart than one.
        return Piece(body=body, max_age_s=target_s), float(target_s)
    return Piece(body=body, max_age_s=max(1, target_s // 2)), PLAYLIST_KEPT_S


def _refusal(status: int, asked: Asked) -> Refusal:
    if status == 400:
        return Refusal(ErrorCode.BAD_REQUEST, "The broadcast is not as far as that.")
    if status in (404, 410):
        return _not_live() if asked.is_playlist else Refusal(ErrorCode.NOT_FOUND, "There is no such piece.")
    return _busy()


def _not_live() -> Refusal:
    return Refusal(ErrorCode.BROADCAST_NOT_LIVE, "This broadcast is not live.")


def _ended() -> Refusal:
    return Refusal(ErrorCode.BROADCAST_ENDED, "This broadcast has ended.")


def _busy() -> Refusal:
    return Refusal(ErrorCode.SERVICE_UNAVAILABLE, "The broadcast cannot be fetched at the moment. Please try again.")
