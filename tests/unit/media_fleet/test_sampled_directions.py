"""What of a node's samples a connection is judged by: sound with copies of itself by what is heard of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from media_fleet.domain.media_formats import ChosenCodec, MediaCodec
from media_fleet.statistics import directions


def microphone(*, redundant: bool) -> Any:
    codec = ChosenCodec(
        codec=MediaCodec(name="opus", clock_rate=48_000, channels=2),
        payload_type=111,
        rtx_payload_type=None,
        red_payload_type=63,
        prefers_red=redundant,
        feedback=(),
    )
    return SimpleNamespace(kind="audio", codec=codec)


def transport(*, tracks: tuple[Any, ...] = (), subscriptions: tuple[Any, ...] = ()) -> Any:
    stats = SimpleNamespace(estimate_bps=None, wanted_bps=0)
    return SimpleNamespace(tracks=tracks, subscriptions=subscriptions, silent_s=0.0, stats=stats)


def published(*, redundant: bool, lost: int, packets: int) -> Any:
    held = SimpleNamespace(muted=False, media=microphone(redundant=redundant))
    since = SimpleNamespace(lost=lost, packets=packets - lost)
    return SimpleNamespace(held=held, layers=(SimpleNamespace(stats=SimpleNamespace(jitter=0), since=since),))


def subscribed(*, redundant: bool, takes_red: bool, lost: float, packets: int) -> Any:
    return SimpleNamespace(
        is_due=True,
        track=SimpleNamespace(media=microphone(redundant=redundant)),
        effect=SimpleNamespace(red_payload_type=98 if takes_red else None),
        stats=SimpleNamespace(fraction_lost=lost, jitter=0),
        since=SimpleNamespace(packets=packets),
    )


@pytest.mark.parametrize(("redundant", "loss"), [(True, 0.01), (False, 0.1)])
def test_what_is_sent_with_copies_is_judged_by_what_is_lost_twice_in_a_row(*, redundant: bool, loss: float) -> None:
    up, _ = directions((transport(tracks=(published(redundant=redundant, lost=5, packets=50),)),))
    assert up.sound.loss == pytest.approx(loss)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("redundant", "takes_red", "loss"), [(True, True, 0.01), (True, False, 0.1), (False, True, 0.1)]
)
def test_what_is_received_is_repaired_where_copies_are_sent_and_taken(
    *, redundant: bool, takes_red: bool, loss: float
) -> None:
    subscription = subscribed(redundant=redundant, takes_red=takes_red, lost=0.1, packets=50)
    _, down = directions((transport(subscriptions=(subscription,)),))
    assert down.sound.loss == pytest.approx(loss)  # type: ignore[union-attr]


def test_of_several_sounds_each_counts_for_as_much_as_was_sent_of_it() -> None:
    subscriptions = (
        subscribed(redundant=True, takes_red=True, lost=0.1, packets=150),
        subscribed(redundant=False, takes_red=True, lost=0.1, packets=50),
    )
    _, down = directions((transport(subscriptions=subscriptions),))
    assert down.sound.loss == pytest.approx((150 * 0.01 + 50 * 0.1) / 200)  # type: ignore[union-attr]
