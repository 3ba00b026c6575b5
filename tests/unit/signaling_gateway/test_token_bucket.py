"""How often something may be done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signaling_gateway.domain.token_bucket import TokenBucket


@given(st.lists(st.floats(0, 2), max_size=200))
def test_no_more_is_taken_than_the_bucket_and_its_refill_hold(pauses: list[float]) -> None:
    bucket = TokenBucket.full(capacity=5, rate=2, now=0)
    now, taken = 0.0, 0
    for pause in pauses:
        now += pause
        drawn = bucket.take(now)
        if drawn is not None:
            bucket = drawn
            taken += 1
    assert taken <= 5 + 2 * now + 1e-6


def test_an_empty_bucket_fills_again() -> None:
    bucket: TokenBucket | None = TokenBucket.full(capacity=2, rate=1, now=0)
    for _ in range(2):
        assert bucket is not None
        bucket = bucket.take(0)
    assert bucket is not None
    assert bucket.take(0.5) is None
    assert bucket.take(1.0) is not None


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    bucket = TokenBucket.full(capacity=1, rate=1, now=10).take(10)
    assert bucket is not None
    assert bucket.take(5) is None
