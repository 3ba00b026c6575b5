"""What a service writes to the journal reaches CloudWatch Logs: all of it, in requests that it takes."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from infra.machine.logs import (
    EVENT_BYTES,
    MAX_BYTES,
    MAX_EVENTS,
    MAX_LINE_BYTES,
    MAX_SPAN_MS,
    Line,
    Stream,
    batches,
    command,
    follow,
    read,
    ship,
)

GROUP, STREAM = "/parley/prod/media", "i-0123456789abcdef0"
DAY_MS = 86_400_000


def now() -> int:
    """Milliseconds since the epoch, of this moment: what is old is refused."""
    return time.time_ns() // 1_000_000


def entry(text: object, *, at: int | None = None, cursor: str = "s=1") -> bytes:
    """As ``journalctl --output=json`` writes it."""
    at_us = (now() if at is None else at) * 1000
    return json.dumps({"__REALTIME_TIMESTAMP": str(at_us), "__CURSOR": cursor, "MESSAGE": text}).encode() + b"\n"


def numbered(count: int, *, length: int = 10, apart_ms: int = 0) -> list[Line]:
    began = now()
    return [Line(began + number * apart_ms, f"{number:0{length}}", f"s={number}") for number in range(count)]


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("logs", region_name="eu-central-1")
        client.create_log_group(logGroupName=GROUP)
        yield client


def kept(logs: Any) -> list[str]:
    events = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True)["events"]
    return [each["message"] for each in events]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ('{"event":"open"}', '{"event":"open"}'),
        (list("Zürich".encode()), "Zürich"),
        ([0xFF, 0x41], "\N{REPLACEMENT CHARACTER}A"),
    ],
)
def test_an_entry_is_read_however_the_journal_writes_it(message: object, text: str) -> None:
    assert read(entry(message, at=1_700_000_000_000, cursor="s=7")) == Line(1_700_000_000_000, text, "s=7")


@pytest.mark.parametrize(
    "broken", [b"", b"{}", b"[]", b"not json", *(entry(none, at=1) for none in ("", None, {"a": 1}))]
)
def test_an_entry_without_a_text_is_none(broken: bytes) -> None:
    assert read(broken) is None


def test_a_line_that_is_too_long_is_cut_between_two_characters() -> None:
    line = read(entry("€" * MAX_LINE_BYTES))
    assert line is not None
    assert MAX_LINE_BYTES - 3 < len(line.text.encode()) <= MAX_LINE_BYTES
    assert set(line.text) == {"€"}


@given(
    st.lists(
        st.builds(
            Line,
            at=st.integers(min_value=0, max_value=3 * DAY_MS),
            text=st.sampled_from(["a", "ä" * 1000, "x" * MAX_LINE_BYTES]),
            cursor=st.text(max_size=3),
        ),
        max_size=60,
    )
)
def test_batches_are_what_cloudwatch_takes_and_nothing_is_left_out(lines: list[Line]) -> None:
    made = list(batches(lines))
    assert [line for batch in made for line in batch] == lines
    for batch in made:
        assert 0 < len(batch) <= MAX_EVENTS
        assert sum(len(line.text.encode()) + EVENT_BYTES for line in batch) <= MAX_BYTES


def test_a_batch_is_of_one_day() -> None:
    made = list(batches(numbered(5, apart_ms=MAX_SPAN_MS // 2)))
    assert [len(batch) for batch in made] == [2, 2, 1]


def test_a_batch_has_no_more_events_than_may_be() -> None:
    assert [len(batch) for batch in batches(numbered(MAX_EVENTS + 1, length=5))] == [MAX_EVENTS, 1]


def test_the_stream_is_made_and_written_to(logs: Any) -> None:
    lines = numbered(3, apart_ms=1)
    Stream(logs, GROUP, STREAM, sleep=lambda _: None).put([lines[1], lines[0], lines[2]])
    assert kept(logs) == [line.text for line in lines]


def test_what_cloudwatch_does_not_take_is_tried_until_it_does(logs: Any) -> None:
    logs.delete_log_group(logGroupName=GROUP)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            logs.create_log_group(logGroupName=GROUP)

    lines = numbered(2)
    Stream(logs, GROUP, STREAM, sleep=sleep).put(lines)
    assert kept(logs) == [line.text for line in lines]
    assert pauses == [1.0, 2.0, 5.0, 10.0, 30.0]


def test_what_is_refused_for_good_holds_nothing_up(logs: Any) -> None:
    stream = Stream(logs, GROUP, STREAM, sleep=lambda _: None)
    stream.put(numbered(1))
    stream.put([Line(-1, "before there was time", "s=2")])
    stream.put([Line(now(), "after it", "s=3")])
    assert kept(logs)[-1] == "after it"


def test_the_place_is_remembered_once_what_is_before_was_taken() -> None:
    waiting: queue.Queue[Line | None] = queue.Queue()
    happened: list[str] = []
    for line in (*numbered(MAX_EVENTS + 5, length=5), None):
        waiting.put(line)
    follow(waiting, lambda batch: happened.append(f"put {len(batch)}"), happened.append)
    assert happened == [f"put {MAX_EVENTS}", f"s={MAX_EVENTS - 1}", "put 5", f"s={MAX_EVENTS + 4}"]


def test_the_journal_is_read_from_where_it_was_left() -> None:
    first, later = command("parley-media.service", None), command("parley-media.service", "s=7;i=1")
    assert "--unit=parley-media.service" in first
    assert "--boot" in first
    assert "--after-cursor=s=7;i=1" in later
    assert "--boot" not in later


def test_all_that_the_journal_writes_is_shipped_up_to_its_end(logs: Any, tmp_path: Path) -> None:
    written = tmp_path / "journal"
    written.write_bytes(b"".join(entry(f"line {number}", cursor=f"s={number}") for number in range(500)) + b"torn")
    cursor = tmp_path / "cursor"
    reading = [sys.executable, "-c", f"import sys; sys.stdout.write(open({str(written)!r}).read())"]
    with subprocess.Popen(reading, stdout=subprocess.PIPE) as journal:
        ship(journal, Stream(logs, GROUP, STREAM, sleep=lambda _: None), cursor)
    assert kept(logs) == [f"line {number}" for number in range(500)]
    assert cursor.read_text() == "s=499"
