"""Log lines, and what is bound to them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import Any

import pytest

from telemetry.logs import JsonFormatter, bound, bound_value


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("tested"))
    logger = logging.Logger("a.logger")
    logger.addHandler(handler)
    return logger, stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_with_all_that_is_known(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    with bound(meeting_id="m", trace_id="t"):
        logger.warning("lost\nand found", extra={"node_id": "n_1", "error": ValueError("x")})
    [line] = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "service": "tested",
        "logger": "a.logger",
        "event": "lost\nand found",
        "meeting_id": "m",
        "trace_id": "t",
        "node_id": "n_1",
        "error": "x",
    }


def test_a_traceback_is_in_the_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        dict[str, str]()["gone"]
    except KeyError:
        logger.exception("failed")
    [line] = lines(stream)
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("KeyError: 'gone'")


async def test_what_is_bound_goes_with_the_tasks_that_are_begun_within_and_with_nobody_else(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    go_on = asyncio.Event()

    async def later(event: str) -> None:
        await go_on.wait()
        logger.warning(event)

    with bound(meeting_id="one"):
        first = asyncio.create_task(later("first"))
        with bound(participant_id="p"):
            inner = asyncio.create_task(later("inner"))
    outer = asyncio.create_task(later("outer"))
    assert bound_value("meeting_id") is None
    go_on.set()
    await asyncio.gather(first, inner, outer)
    assert [(line["event"], line.get("meeting_id"), line.get("participant_id")) for line in lines(stream)] == [
        ("first", "one", None),
        ("inner", "one", "p"),
        ("outer", None, None),
    ]
