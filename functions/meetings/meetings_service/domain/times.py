"""Times that facts tell, either of which may be unknown."""

from __future__ import annotations


def earliest(first: int | None, second: int | None) -> int | None:
    """The earlier of two times, either of which may be unknown."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
