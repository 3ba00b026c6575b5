"""One sound of many voices: each sample where it belongs, and none too loud."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_fleet.composer.mixing import CEILING, RATE, TOGETHER, Limiter, Sound, Voice, place_at


def ramp(start: int, length: int) -> Sound:
    return np.tile(np.arange(start, start + length, dtype=np.float32), (2, 1))


def test_what_is_put_comes_out_where_it_was_put_whatever_the_pieces() -> None:
    voice = Voice()
    for number in range(10):
        voice.put(1_000 + 960 * number, ramp(960 * number, 960))
    taken = [voice.take(at, 100) for at in range(0, 11_000, 100)]
    heard = np.concatenate([each for each in taken if each is not None], axis=1)
    assert heard.shape == (2, 9_600)
    assert (heard[0] == np.arange(9_600)).all()
    assert voice.take(11_000, 100) is None


def test_a_gap_is_silence_and_a_small_one_is_none() -> None:
    voice = Voice()
    voice.put(0, np.ones((2, 960), np.float32))
    voice.put(960 + TOGETHER // 2, np.ones((2, 960), np.float32))
    assert voice.shift == -TOGETHER // 2, "it follows at once"
    voice.put(9_600, np.ones((2, 960), np.float32))
    assert voice.shift == 0
    heard = voice.take(0, 10_560)
    assert heard is not None
    assert (heard[0, :1_920] == 1).all()
    assert (heard[0, 1_920:9_600] == 0).all()
    assert (heard[0, 9_600:] == 1).all()


def test_what_would_lie_over_something_else_is_left_out() -> None:
    voice = Voice()
    voice.put(0, np.ones((2, 4_800), np.float32))
    voice.put(1_000, np.full((2, 4_800), 2, np.float32))
    heard = voice.take(0, 9_600)
    assert heard is not None
    assert heard[0].max() == 2
    assert (heard[0, :4_800] == 1).all()
    assert int((heard[0] > 0).sum()) == 5_800


@given(st.lists(st.floats(0, 8), min_size=2, max_size=12), st.sampled_from([300, 960, 1_024]))
def test_the_mix_never_exceeds_the_ceiling_and_has_every_sample(levels: list[float], size: int) -> None:
    limiter = Limiter()
    noise = np.random.default_rng(1)
    put = [noise.uniform(-level, level, (2, size)).astype(np.float32) for level in levels]
    out = np.concatenate([*(limiter.put(each) for each in put), limiter.rest()], axis=1)
    assert out.shape[1] == size * len(levels)
    assert float(np.abs(out).max(initial=0)) <= CEILING + 1e-4


def test_what_is_not_too_loud_stays_as_it_is_and_comes_back_after_what_was() -> None:
    limiter = Limiter()
    quiet = np.full((2, RATE), 0.4, np.float32)
    out = limiter.put(quiet)
    assert out == pytest.approx(0.4)
    limiter.put(np.full((2, RATE), 3.0, np.float32))
    after = limiter.put(np.full((2, 2 * RATE), 0.4, np.float32))
    assert after[0, 2_000] < 0.2
    assert after[0, -1] == pytest.approx(0.4)


def test_times_are_samples() -> None:
    assert [place_at(ms) for ms in (0, 1, 20, 1_000.01)] == [0, 48, 960, 48_000]
