"""Where limits are counted: in Redis, for all instances of a function; in the process itself while Redis is away."""

from __future__ import annotations

import functools
import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from contracts.redis_names import limit_key
from functions.serverless.rate_limits import Attempts, Patience, Quota, Standing, Window, attempt, count

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")
_TIMEOUT_S = 0.3
"""A limit may not cost more than what it protects."""
_AWAY_S = 5
"""So long Redis is not asked again when it has not answered."""
_MAX_SUBJECTS = 10_000

# `rate_limits.count`. ARGV: limit, length of the window (ms), now (ms). Gives the window as it was.
_COUNT = """
local limit, length, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'w', 'c', 'p')
local window, current, previous = tonumber(known[1]) or 0, tonumber(known[2]) or 0, tonumber(known[3]) or 0
local index = math.floor(now / length)
if index > window then
  if index == window + 1 then previous = current else previous = 0 end
  window, current = index, 0
end
local elapsed = math.max(0, now - window * length)
if previous * (length - elapsed) / length + current + 1 <= limit then
  redis.call('HSET', KEYS[1], 'w', window, 'c', current + 1, 'p', previous)
  redis.call('PEXPIRE', KEYS[1], 2 * length)
end
return {window, current, previous}
"""
# `rate_limits.attempt`. ARGV: free, longest wait (ms), forgotten after (ms), now (ms). Gives: milliseconds to wait.
_ATTEMPT = """
local free, longest, forget, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[1], 'n', 'u', 'f')
local tried, next_at = tonumber(known[1]) or 0, tonumber(known[2]) or 0
if (tonumber(known[3]) or 0) <= now then tried, next_at = 0, 0 end
if next_at > now then return next_at - now end
tried = tried + 1
local delay = 0
if tried > free then delay = math.min(longest, 2 ^ math.min(tried - free - 1, 30) * 1000) end
local forgotten = math.max(forget, delay)
redis.call('HSET', KEYS[1], 'n', tried, 'u', now + delay, 'f', now + forgotten)
redis.call('PEXPIRE', KEYS[1], forgotten)
return 0
"""
# Takes an attempt back. Without a key there is nothing to take back.
_TAKE_BACK = """
local tried = tonumber(redis.call('HGET', KEYS[1], 'n'))
if not tried then return 0 end
if tried <= 1 then return redis.call('DEL', KEYS[1]) end
return redis.call('HSET', KEYS[1], 'n', tried - 1, 'u', 0)
"""


class Counted(Struct, frozen=True, kw_only=True):
    """How subjects stand with quotas, and the values of the keys that were read; None: Redis was not asked."""

    standings: tuple[Standing, ...]
    values: tuple[bytes | None, ...] | None


class Limits:
    """Counts requests and attempts by subject: an address, an account, or any other text.

    Without a ``url``, and while Redis does not answer, each instance counts for itself: neither open nor closed.
    ``clock``: seconds since the epoch.
    """

    def __init__(self, url: str, *, clock: Callable[[], float], logger: logging.Logger) -> None:
        self._url = url
        self._clock = clock
        self._logger = logger
        self._own = _OwnLimits()
        self._away_until = 0.0

    def count(self, quota: Quota, subject: str) -> Standing:
        """Counts one request of a subject, if the quota has room for it."""
        return self.count_all([(quota, subject)]).standings[0]

    def count_all(self, asked: Sequence[tuple[Quota, str]], *, read: Sequence[str] = ()) -> Counted:
        """Counts one request of each of these subjects, and reads keys, all in one round trip."""
        now = self._now()
        keys = [_key(quota.name, subject) for quota, subject in asked]

        def in_redis() -> Counted:
            with self._client.pipeline(transaction=False) as pipeline:
                for key, (quota, _) in zip(keys, asked, strict=True):
                    # The text and not its digest: a digest that Redis has forgotten would cost a round trip more.
                    pipeline.eval(_COUNT, 1, key, quota.limit, quota.window_s * 1000, now)
                if read:
                    pipeline.mget(list(read))
                answers: list[Any] = pipeline.execute()
            values: list[bytes | None] = answers.pop() if read else []
            standings = [
                count(Window(*window), quota, now)[1] for window, (quota, _) in zip(answers, asked, strict=True)
            ]
            return Counted(standings=tuple(standings), values=tuple(values))

        def by_itself() -> Counted:
            standings = [self._own.count(key, quota, now) for key, (quota, _) in zip(keys, asked, strict=True)]
            return Counted(standings=tuple(standings), values=None)

        return self._asking(in_redis, by_itself)

    def attempt_all(self, asked: Sequence[tuple[Patience, str]]) -> list[int]:
        """Counts one attempt at each subject where it may be made now (0), or gives the milliseconds until it may; all
        in one round trip."""
        now = self._now()
        keys = [_key(patience.name, subject) for patience, subject in asked]

        def in_redis() -> list[int]:
            with self._client.pipeline(transaction=False) as pipeline:
                for key, (patience, _) in zip(keys, asked, strict=True):
                    longest, forgotten = patience.longest_s * 1000, patience.forget_s * 1000
                    pipeline.eval(_ATTEMPT, 1, key, patience.free, longest, forgotten, now)
                return [int(wait) for wait in pipeline.execute()]

        def by_itself() -> list[int]:
            return [self._own.attempt(key, patience, now) for key, (patience, _) in zip(keys, asked, strict=True)]

        return self._asking(in_redis, by_itself)

    def settle(
        self, *, take_back: Sequence[tuple[Patience, str]] = (), forget: Sequence[tuple[Patience, str]] = ()
    ) -> None:
        """Takes the last attempt at some subjects back, which was right or does not count, and forgets all at others;
        in one round trip."""
        taken = [_key(patience.name, subject) for patience, subject in take_back]
        forgotten = [_key(patience.name, subject) for patience, subject in forget]

        def in_redis() -> None:
            with self._client.pipeline(transaction=False) as pipeline:
                for key in taken:
                    pipeline.eval(_TAKE_BACK, 1, key)
                for key in forgotten:
                    pipeline.delete(key)
                pipeline.execute()

        def by_itself() -> None:
            for key in taken:
                self._own.take_back(key)
            for key in forgotten:
                self._own.forget(key)

        self._asking(in_redis, by_itself)

    def _asking(self, in_redis: Callable[[], T], by_itself: Callable[[], T]) -> T:
        if not self._url or self._clock() < self._away_until:
            return by_itself()
        from redis.exceptions import RedisError  # noqa: PLC0415  (0.14 s that routes without limits do not pay)

        try:
            return in_redis()
        except (RedisError, OSError) as error:
            self._away_until = self._clock() + _AWAY_S
            self._logger.warning("limits_without_redis", extra={"error": type(error).__name__})
            return by_itself()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    @functools.cached_property
    def _client(self) -> Redis:
        from redis import Redis  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        return Redis.from_url(
            self._url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),  # while an instance was frozen, its connection may have been closed
        )


class _OwnLimits:
    """The limits of one process: of the subjects that were seen last."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, Window] = OrderedDict()
        self._attempts: OrderedDict[str, Attempts] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str, quota: Quota, now: int) -> Standing:
        with self._lock:
            window, standing = count(self._windows.get(key), quota, now)
            _keep(self._windows, key, window)
        return standing

    def attempt(self, key: str, patience: Patience, now: int) -> int:
        with self._lock:
            state, wait = attempt(self._attempts.get(key), patience, now)
            _keep(self._attempts, key, state)
        return wait

    def take_back(self, key: str) -> None:
        with self._lock:
            known = self._attempts.get(key)
            if known is not None:
                self._attempts[key] = Attempts(max(0, known.count - 1), 0, known.forgotten_at)

    def forget(self, key: str) -> None:
        with self._lock:
            self._attempts.pop(key, None)


def _keep(known: OrderedDict[str, T], key: str, value: T) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > _MAX_SUBJECTS:
        known.popitem(last=False)


def _key(name: str, subject: str) -> str:
    """Digests, so that Redis holds neither addresses of people nor keys of any length."""
    return limit_key(name, hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32])
