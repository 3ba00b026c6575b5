"""Limits: how often something may be asked for, and how long somebody waits who guesses. Without I/O.

Two rules. A **quota** is so many requests in a window of time that slides (`count`): the requests of the window before
count in proportion to how much of it the sliding window still covers. **Patience** (`attempt`) is for guessing, at
passwords say: some attempts are free, then each has to wait twice as long as the one before, up to a longest wait; it
never locks anybody out. An attempt counts when it begins, so that many at once are no way around it, and is taken back
when it was right.

Times are milliseconds since the epoch. `redis_limits` has the same two rules in Lua; a test holds them together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from contracts.error_codes import ErrorCode
from functions.serverless.problems import ServiceError

_QUOTA = re.compile(r"(?P<limit>[1-9][0-9]{0,5})/(?P<window_s>[1-9][0-9]{0,4})")
QUOTA_PATTERN = f"^{_QUOTA.pattern.replace('?P<limit>', '').replace('?P<window_s>', '')}$"
"""What `Quota.parse` takes, for settings."""


class Quota(Struct, frozen=True, kw_only=True):
    """So many requests in so many seconds."""

    name: str
    limit: int
    window_s: int

    @classmethod
    def parse(cls, name: str, text: str) -> Quota:
        """A quota as settings have it: ``60/300`` is 60 requests in 300 seconds.

        Raises:
            ValueError: it is none.
        """
        found = _QUOTA.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no quota")
        return cls(name=name, limit=int(found["limit"]), window_s=int(found["window_s"]))


class Standing(Struct, frozen=True, kw_only=True):
    """How somebody stands with a quota. ``reset_s``: when more is available, or the present window ends."""

    quota: Quota
    allowed: bool
    remaining: int
    reset_s: int


def header_fields(standings: Sequence[Standing]) -> dict[str, str]:
    """draft-ietf-httpapi-ratelimit-headers: RateLimit-Policy and RateLimit, lists of what was counted."""
    if not standings:
        return {}
    quotas = [each.quota for each in standings]
    return {
        "RateLimit-Policy": ", ".join(f'"{quota.name}";q={quota.limit};w={quota.window_s}' for quota in quotas),
        "RateLimit": ", ".join(f'"{each.quota.name}";r={each.remaining};t={each.reset_s}' for each in standings),
    }


class Window(Struct, frozen=True):
    """What is known of a subject: the number of a window, the requests in it, and in the one before."""

    index: int = 0
    current: int = 0
    previous: int = 0


class Patience(Struct, frozen=True, kw_only=True):
    """How guessing is slowed: ``free`` attempts, then waits of 1, 2, 4 … ``longest_s`` seconds, until ``forget_s``
    seconds have passed without an attempt."""

    name: str
    free: int
    longest_s: int
    forget_s: int


class Attempts(Struct, frozen=True):
    """What is known of a subject: how often it was tried, and from when it may be again."""

    count: int = 0
    next_at: int = 0
    forgotten_at: int = 0


class RateLimitedError(ServiceError):
    """Too much at once. ``retry_after_s``: seconds."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, message: str, *, retry_after_s: int, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, retry_after_s)
        self._fields = fields or {}

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.retry_after_s), **self._fields}


def count(known: Window | None, quota: Quota, now: int) -> tuple[Window, Standing]:
    """Counts one request, if the quota has room for it."""
    length = quota.window_s * 1000
    window = _at(known or Window(), now // length)
    elapsed = max(0, now - window.index * length)
    used = window.previous * (length - elapsed) / length + window.current
    if used + 1 > quota.limit:
        wait = _until_room(window, quota.limit, length, elapsed)
        return window, Standing(quota=quota, allowed=False, remaining=0, reset_s=math.ceil(wait / 1000))
    counted = Window(window.index, window.current + 1, window.previous)
    remaining = math.floor(quota.limit - used - 1)
    reset_s = math.ceil((length - elapsed) / 1000)
    return counted, Standing(quota=quota, allowed=True, remaining=remaining, reset_s=reset_s)


def attempt(known: Attempts | None, patience: Patience, now: int) -> tuple[Attempts, int]:
    """Counts one attempt, if it may be made now; and how many milliseconds there are to wait, 0 if it may."""
    state = known if known is not None and known.forgotten_at > now else Attempts()
    if state.next_at > now:
        return state, state.next_at - now
    tried = state.count + 1
    delay = 0 if tried <= patience.free else min(patience.longest_s, 2 ** min(tried - patience.free - 1, 30)) * 1000
    return Attempts(tried, now + delay, now + max(patience.forget_s * 1000, delay)), 0


def _at(known: Window, index: int) -> Window:
    """The window as it is seen from a later one. A clock that is behind changes nothing."""
    if index <= known.index:
        return known
    return Window(index, 0, known.current if index == known.index + 1 else 0)


def _until_room(window: Window, limit: int, length: int, elapsed: int) -> float:
    """Milliseconds until one more fits: later in this window, or in the next, where this one is the one before."""
    room = limit - 1 - window.current
    if room >= 0:
        return length - room * length / window.previous - elapsed
    return length - elapsed + length - (limit - 1) * length / window.current
