"""How good a participant's connection is: a score as people would give it, and one word.

The rating R of the E-model (ITU-T G.107) is 93.2 for a flawless call, less what delay and loss take away. Pictures are
rated on the same scale, by assumptions of our own for what a smaller or a missing one costs. Each direction has the
rating of the worse of its sound and its pictures, and a participant that of the worse direction. R becomes a mean
opinion score by G.107, Annex B.

A connection that becomes worse is said to be so at once; one that becomes better has to stay so for some seconds, and a
little more than the limit of the next level is asked for. So a level does not flicker.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from contracts.statistics import QualityLevel

BEST: float = 93.2
"""R without any impairment: G.107's default values."""
WORST: float = 0.0

_JITTER_BUFFER_TIMES = 2.0
"""A receiver holds packets back for about so many times their jitter."""
_AUDIO_LOSS_ROBUSTNESS = 20.0
"""Bpl of G.107, section 7.5: Opus with in-band FEC and concealment, in percent. (G.711 without concealment: 4.3.)"""
_VIDEO_LOSS_ROBUSTNESS = 40.0
"""Most lost packets of a picture are sent again in time."""
_MISSING_LAYER = 20.0
"""A picture of half the width and height: one level."""
_STARVED = 60.0
"""A picture that the path does not carry."""
_FROZEN = 70.0
"""A picture that should come and does not."""
_SHORTFALL = 20.0
"""A path that carries nothing of what is wanted, where no layer tells it."""

_FALLING = 0.8
_RISING = 0.25
"""Of the way to a new rating so much is gone with each sample."""
_MARGIN = 3.0
"""A better level begins so much above the limit below which the worse one begins."""
_LIMITS = ((80.0, QualityLevel.EXCELLENT), (60.0, QualityLevel.GOOD))
"""G.107, Annex B: above 80 users are satisfied; below 60 nearly all are not."""


class Sound(Struct, frozen=True, kw_only=True):
    """All sound of one direction. ``loss``: what cannot be played of it (`unheard`), 0 to 1; ``jitter``: seconds.

    ``silent``: none came that should have.
    """

    loss: float
    jitter: float
    silent: bool = False


class Picture(Struct, frozen=True, kw_only=True):
    """One picture of one direction. ``missing_layers``: how much smaller than it should be."""

    loss: float
    missing_layers: int = 0
    frozen: bool = False
    starved: bool = False


class Direction(Struct, frozen=True, kw_only=True):
    """What a participant sends, or receives. ``carried``: of the bit rate that is wanted, how much the path carries."""

    sound: Sound | None = None
    pictures: Sequence[Picture] = ()
    carried: float = 1.0


def rate(directions: Sequence[Direction], *, round_trip: float | None) -> float:
    """R of a connection: the worst of its directions. ``round_trip``: seconds; None counts as none."""
    return min((_rate(direction, round_trip or 0.0) for direction in directions), default=BEST)


def _rate(direction: Direction, round_trip: float) -> float:
    ratings = [BEST]
    if direction.sound is not None:
        ratings.append(_rate_sound(direction.sound, round_trip))
    if direction.pictures:
        mean = sum(_rate_picture(picture, round_trip) for picture in direction.pictures) / len(direction.pictures)
        ratings.append(min(mean, BEST - _SHORTFALL * (1.0 - min(1.0, direction.carried))))
    return max(WORST, min(ratings))


def _rate_sound(sound: Sound, round_trip: float) -> float:
    if sound.silent:
        return WORST
    delay = _delay_impairment(round_trip / 2 + sound.jitter * _JITTER_BUFFER_TIMES)
    return BEST - delay - _loss_impairment(sound.loss, _AUDIO_LOSS_ROBUSTNESS)


def _rate_picture(picture: Picture, round_trip: float) -> float:
    rating = BEST - _delay_impairment(round_trip / 2) - _loss_impairment(picture.loss, _VIDEO_LOSS_ROBUSTNESS)
    if picture.starved:
        return rating - _STARVED
    if picture.frozen:
        return rating - _FROZEN
    return rating - _MISSING_LAYER * picture.missing_layers


def _delay_impairment(seconds: float) -> float:
    """Id by the approximation of Cole and Rosenbluth (2001): slow at first, steep beyond 177.3 ms one way."""
    ms = seconds * 1000
    return 0.024 * ms + 0.11 * max(0.0, ms - 177.3)


def _loss_impairment(loss: float, robustness: float) -> float:
    """Ie,eff of G.107, section 7.5, for a codec without impairment of its own and loss at random."""
    percent = 100 * min(1.0, max(0.0, loss))
    return 95.0 * percent / (percent + robustness)


def unheard(loss: float, *, redundant: bool) -> float:
    """The share of a sound that cannot be played, of a stream of which ``loss`` (0 to 1) of the packets are lost.

    Redundant sound (RFC 2198) has in each packet a copy of the one before: what is missing is what was lost with the
    packet after it. Loss is taken to be at random, as everywhere here (BurstR of G.107, section 7.5, is 1).
    """
    loss = min(1.0, max(0.0, loss))
    return loss * loss if redundant else loss


def mean_opinion_score(rating: float) -> float:
    """G.107, Annex B: 1 to 4.5."""
    if rating <= 0:
        return 1.0
    r = min(rating, 100.0)
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


class Judgement(Struct, frozen=True, kw_only=True):
    """What is thought of a connection after some samples."""

    rating: float
    level: QualityLevel

    @property
    def score(self) -> float:
        """The mean opinion score, to a tenth."""
        return round(mean_opinion_score(self.rating), 1)


def judge(before: Judgement | None, rating: float | None) -> Judgement:
    """The judgement after one more sample. ``rating`` None: nothing comes from the participant any more."""
    if rating is None:
        return Judgement(rating=WORST, level=QualityLevel.LOST)
    if before is None:
        return Judgement(rating=rating, level=_level(rating))
    share = _FALLING if rating < before.rating else _RISING
    smoothed = before.rating + share * (rating - before.rating)
    level = _level(smoothed)
    if _order(level) > _order(before.level):
        # As good as it is with the margin, but no worse than it was.
        level = max(_level(smoothed - _MARGIN), before.level, key=_order)
    return Judgement(rating=smoothed, level=level)


def _level(rating: float) -> QualityLevel:
    return next((level for limit, level in _LIMITS if rating >= limit), QualityLevel.POOR)


def _order(level: QualityLevel) -> int:
    """The better, the greater."""
    return (QualityLevel.LOST, QualityLevel.POOR, QualityLevel.GOOD, QualityLevel.EXCELLENT).index(level)
