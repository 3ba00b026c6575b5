"""How often the meeting service is asked about stream keys, so that made-up ones do not hold up real ones."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from signaling_gateway.domain.token_bucket import TokenBucket

UNKNOWN_AT_ONCE, UNKNOWN_PER_S = 40, 20
"""All keys together that have opened nothing here: anybody can make some up, and each costs a function's run."""
KNOWN_AT_ONCE, KNOWN_PER_S = 10, 1
"""Each key that has opened a door here: an encoder comes back now and then, and each session is looked at twice."""
KNOWN = 1_000
"""So many are remembered; the one that has not been shown for longest is forgotten first."""


class KeyLookups:
    """Times in seconds of any steady clock."""

    def __init__(self, now: float) -> None:
        self._unknown = TokenBucket.full(capacity=UNKNOWN_AT_ONCE, rate=UNKNOWN_PER_S, now=now)
        self._known: OrderedDict[bytes, TokenBucket] = OrderedDict()

    def may_ask(self, key: str, now: float) -> bool:
        """Whether the meeting service may be asked about ``key`` now; if so, that is counted."""
        digest = _digest(key)
        known = self._known.get(digest)
        drawn = (known or self._unknown).take(now)
        if drawn is None:
            return False
        if known is None:
            self._unknown = drawn
        else:
            self._known[digest] = drawn
            self._known.move_to_end(digest)
        return True

    def opened(self, key: str, now: float) -> None:
        """The key was good: from now on it is counted by itself."""
        digest = _digest(key)
        if digest not in self._known:
            self._known[digest] = TokenBucket.full(capacity=KNOWN_AT_ONCE, rate=KNOWN_PER_S, now=now)
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)

    def refused(self, key: str) -> None:
        """The key opens nothing, or nothing any more."""
        self._known.pop(_digest(key), None)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
