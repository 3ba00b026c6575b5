"""Which simulcast layer a subscriber wants, and how much it matters, from the height at which it shows the track.

The heights of simulcast layers are not signalled: they are guessed from the source and from the halving that senders
use (f, f/2, f/4). The guess only picks a wish; what is forwarded is the best layer up to it that is being sent. Layers
within one encoding (SVC) say their heights in their packets, where the core reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum

from contracts.client_commands import SubscriptionWish
from contracts.rooms import TrackSource
from media_fleet.domain.effects import Share

_FULL_HEIGHT = {TrackSource.CAMERA: 720, TrackSource.SCREEN: 1080}
_SCREENS_FIRST = 10_000
"""More than any height."""
_RANK_FIRST = 2 * _SCREENS_FIRST
"""More than any screen."""
_TOLERANCE = 0.9
"""A layer that is a little smaller than the tile is good enough: scaling up by a tenth is not seen."""

_KNOWN_ORDERS = (("q", "h", "f"), ("l", "m", "h"), ("low", "mid", "high"), ("low", "medium", "high"), ("0", "1", "2"))


class Rank(IntEnum):
    """How much whoever is on a picture matters to a subscriber."""

    ONE_OF_MANY = 0
    SPEAKS = 1
    CHOSEN = 2
    """The room's spotlight is on them, or the subscriber has pinned the picture."""


def lowest_first(rids: Sequence[str]) -> list[str]:
    """Puts the rids of an offer in the order of their sizes.

    SDP does not say which layer is larger (RFC 8853 gives an order of preference). Names that are in common use say
    it; others are taken in the order of the offer, which browsers write from the lowest up.
    """
    for known in _KNOWN_ORDERS:
        if all(rid in known for rid in rids):
            return sorted(rids, key=known.index)
    return list(rids)


def likely_heights(source: TrackSource, layer_count: int) -> list[int]:
    """The heights in pixels of a track's layers, lowest first."""
    full = _FULL_HEIGHT.get(source, 720)
    return [full >> (layer_count - 1 - layer) for layer in range(layer_count)]


def share(source: TrackSource, layer_count: int, wish: SubscriptionWish, rank: Rank = Rank.ONE_OF_MANY) -> Share:
    """What the wish comes to for a track with that many layers."""
    return Share(
        layer=wanted_layer(source, layer_count, wish.max_height),
        height=wish.max_height if layer_count < 2 else None,
        frame_rate=wish.max_frame_rate,
        priority=priority(source, wish.max_height, rank),
        paused=not wish.enabled,
    )


def priority(source: TrackSource, max_height: int | None, rank: Rank = Rank.ONE_OF_MANY) -> int:
    """What is served first where a subscriber's path does not carry all.

    That is who was chosen, then who speaks, then screens, then what is shown larger.
    """
    shown = _FULL_HEIGHT.get(source, 720) if max_height is None else max_height
    return rank * _RANK_FIRST + shown + (_SCREENS_FIRST if source is TrackSource.SCREEN else 0)


def wanted_layer(source: TrackSource, layer_count: int, max_height: int | None) -> int | None:
    """The lowest layer that fills ``max_height``; None (the best) if there is no limit or no layer fills it."""
    if max_height is None or layer_count < 2:
        return None
    for layer, height in enumerate(likely_heights(source, layer_count)[:-1]):
        if height >= max_height * _TOLERANCE:
            return layer
    return None


def expected_layer(sent: Collection[int], wanted: int | None) -> int | None:
    """What should be forwarded of the layers that are being sent: the best up to the wanted one, else the lowest."""
    fitting = [layer for layer in sent if wanted is None or layer <= wanted]
    return max(fitting) if fitting else min(sent, default=None)
