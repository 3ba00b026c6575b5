"""What of the processes' logs reaches the terminal."""

from __future__ import annotations

import io
import os

import pytest

from infra.local.terminal import Terminal, error_text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level":"error","event":"unhandled","exception":"Traceback\\nValueError: no"}', "unhandled ValueError: no"),
        ('{"level":"CRITICAL","event":"gone"}', "gone"),
        ("ERROR parley.front_door it broke", "ERROR parley.front_door it broke"),
        ("2026-11-23 09:17:21,699 ERROR gateway: it broke", "2026-11-23 09:17:21,699 ERROR gateway: it broke"),
        ("thread 'main' panicked at src/lib.rs:1", "thread 'main' panicked at src/lib.rs:1"),
    ],
)
def test_an_error_is_shown(line: str, shown: str) -> None:
    assert error_text(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"info","event":"error_rate"}',
        "INFO uvicorn.error: Started server process",
        '{"level": cut off',
        "2026-11-23 09:17:21,699 WARNING keys: the answer was an error",
        "",
    ],
)
def test_anything_else_is_not(line: str) -> None:
    assert error_text(line) is None


def test_a_flood_of_errors_is_cut() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    for number in range(100):
        terminal.output("gateway", f"ERROR number {number}")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert "more errors" in lines[-1]


def test_a_reader_that_has_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    os.close(reader)
    Terminal(stream).line("Parley stops")
    with pytest.raises(BrokenPipeError):  # it is a broken one
        stream.close()
