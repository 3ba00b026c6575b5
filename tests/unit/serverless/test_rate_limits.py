"""Quotas and patience, by their arithmetic alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.serverless.rate_limits import (
    Attempts,
    Patience,
    Quota,
    RateLimitedError,
    Window,
    attempt,
    count,
    header_fields,
)

TEN = Quota(name="ten", limit=10, window_s=60)
PATIENCE = Patience(name="guess", free=3, longest_s=60, forget_s=3_600)
START = 1_800_000_000_000


def spent(quota: Quota, times: list[int]) -> list[bool]:
    window, allowed = Window(), []
    for now in times:
        window, standing = count(window, quota, now)
        allowed.append(standing.allowed)
    return allowed


def test_quota_is_as_large_as_it_says_and_no_larger() -> None:
    assert spent(TEN, [START] * 12) == [True] * 10 + [False] * 2


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=120))
def test_no_aligned_window_holds_more_than_the_quota(offsets: list[int]) -> None:
    times = [START + offset for offset in sorted(offsets)]
    allowed = [time for time, ok in zip(times, spent(TEN, times), strict=True) if ok]
    for index in {time // 60_000 for time in allowed}:
        assert sum(time // 60_000 == index for time in allowed) <= TEN.limit


def test_window_slides_where_a_fixed_one_would_let_twice_as_many_in() -> None:
    end = START - START % 60_000 + 60_000 - 1
    assert spent(TEN, [end] * 10 + [end + 1] * 10) == [True] * 10 + [False] * 10
    half = end + 1 + 30_000
    assert spent(TEN, [end] * 10 + [half] * 10) == [True] * 10 + [True] * 5 + [False] * 5


@given(st.integers(1, 50), st.lists(st.integers(0, 130_000), min_size=1, max_size=100))
def test_who_is_refused_is_let_in_after_the_time_that_was_told_and_not_a_second_before(
    limit: int, offsets: list[int]
) -> None:
    quota, window = Quota(name="q", limit=limit, window_s=60), Window()
    for offset in sorted(offsets):
        window, standing = count(window, quota, START + offset)
        if not standing.allowed:
            assert count(window, quota, START + offset + standing.reset_s * 1000)[1].allowed
            assert not count(window, quota, START + offset + (standing.reset_s - 1) * 1000 - 1)[1].allowed


def test_clock_that_goes_back_frees_nothing() -> None:
    assert spent(TEN, [START] * 10 + [START - 90_000]) == [True] * 10 + [False]


def test_header_fields_are_the_drafts() -> None:
    _, standing = count(None, TEN, START - START % 60_000)
    assert header_fields([standing]) == {"RateLimit-Policy": '"ten";q=10;w=60', "RateLimit": '"ten";r=9;t=60'}


@pytest.mark.parametrize("text", ["", "60", "0/60", "60/0", "-1/60", "60/60/60", "1e3/60", "60 / 60"])
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quota"):
        Quota.parse("q", text)


def waits(times: list[int]) -> list[int]:
    state, told = Attempts(), []
    for now in times:
        state, wait = attempt(state, PATIENCE, now)
        told.append(wait)
    return told


def test_waits_double_and_end_at_the_longest() -> None:
    now, told = START, []
    state: Attempts | None = None
    for _ in range(10):
        state, wait = attempt(state, PATIENCE, now)
        assert wait == 0
        wait = state.next_at - now
        told.append(wait // 1000)
        now += wait
    assert told == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60]


def test_attempts_at_once_are_no_way_around() -> None:
    assert waits([START] * 6) == [0, 0, 0, 0, 1000, 1000]


def test_refused_attempts_do_not_make_it_longer() -> None:
    assert waits([START] * 4 + [START + 500] * 50 + [START + 1000]) == [0] * 4 + [500] * 50 + [0]


def test_attempts_are_forgotten() -> None:
    assert waits([START] * 4 + [START + 3_600_000] * 4) == [0] * 8


def test_retry_after_is_never_zero() -> None:
    assert RateLimitedError("x", retry_after_s=0).headers()["Retry-After"] == "1"
