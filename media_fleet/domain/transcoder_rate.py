"""How many bits a second a transcoded picture may take. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

LEAST_RATE = 150_000
"""For a path that carries less than this nobody else's picture is made worse."""
_USED = 0.95
"""Of what a path is estimated to carry."""


class Path(Struct, frozen=True, kw_only=True):
    """To a viewer, in bits a second: what it carries, None where nobody knows; and what all that the viewer receives
    would take at its best."""

    estimate: int | None
    wanted: int


def fitting_rate(needed: int, actual: int, paths: Iterable[Path]) -> int:
    """What fits the narrowest of the paths, where all that crosses one is made smaller by the same part.

    ``needed``: what the picture takes where nothing limits it; ``actual``: what it takes now, which is in ``wanted``.
    """
    fitting = float(needed)
    for path in paths:
        if path.estimate is not None:
            wanted = max(path.wanted - actual, 0) + needed
            fitting = min(fitting, needed * _USED * path.estimate / wanted)
    return round(max(LEAST_RATE, fitting))
