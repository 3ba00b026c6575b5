"""Metrics: the reference names what there is, and the port tells it."""

from __future__ import annotations

import re
import socket
import urllib.request

import httpx
import pytest

from media_fleet import metrics as node
from signaling_gateway import metrics as gateway
from telemetry.metrics import REFERENCE, Metrics, with_table

ROWS = {gateway.PREFIX: tuple(gateway.METRICS.rows()), node.PREFIX: tuple(node.rows())}


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


@pytest.mark.parametrize(("prefix", "module"), [(gateway.PREFIX, "signaling_gateway"), (node.PREFIX, "media_fleet")])
def test_the_reference_is_up_to_date(prefix: str, module: str) -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    assert page == with_table(page, prefix, ROWS[prefix]), f"run: python -m {module}.metrics"


def test_the_reference_asks_only_for_what_there_is() -> None:
    known = {name for rows in ROWS.values() for name, *_ in rows}
    asked = re.findall(r"parley_(?:gateway|node)_\w+", REFERENCE.read_text(encoding="utf-8"))
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked} == known


def test_what_is_counted_is_told(port: int) -> None:
    metrics = Metrics("parley_test")
    metrics.counter("calls", "Calls.", "kind").labels("good").inc(2)
    metrics.gauge("places", "Places.").set_function(lambda: 3)
    metrics.histogram("wait_seconds", "Waiting.").observe(0.03)
    with metrics.served("127.0.0.1", port):
        told = scrape(port)
    for line in (
        'parley_test_calls_total{kind="good"} 2.0',
        "parley_test_places 3.0",
        'parley_test_wait_seconds_bucket{le="0.025"} 0.0',
        'parley_test_wait_seconds_bucket{le="0.05"} 1.0',
    ):
        assert line in told.splitlines()
    assert "process_cpu_seconds_total" in told
    with metrics.served("127.0.0.1", port):
        assert "parley_test_places 3.0" in scrape(port), "the port is free again after the end"


def test_a_port_that_is_taken_is_an_error(port: int) -> None:
    first, second = Metrics("parley_test"), Metrics("parley_test")
    with first.served("127.0.0.1", port), pytest.raises(OSError, match="in use"), second.served("127.0.0.1", port):
        pass


def test_nothing_is_told_without_a_port() -> None:
    with Metrics("parley_test").served("127.0.0.1", 0):
        pass


def test_pages_are_answered_beside_the_metrics(port: int) -> None:
    url = f"http://127.0.0.1:{port}/healthz"
    with Metrics("parley_test").served("127.0.0.1", port, pages={"/healthz": lambda: (503, b'{"status":"not ok"}')}):
        answers = {method: httpx.request(method, url, timeout=10) for method in ("GET", "HEAD", "POST")}
        assert "process_open_fds" in scrape(port)
    assert {method: answer.status_code for method, answer in answers.items()} == {"GET": 503, "HEAD": 503, "POST": 405}
    assert answers["GET"].json() == {"status": "not ok"}
    assert answers["GET"].headers["cache-control"] == "no-store"
    assert answers["HEAD"].content == b""
