"""What the person at the terminal sees: progress, errors of the processes, and the one address."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections import deque
from typing import Final, TextIO

_ERRORS_SHOWN: Final = 10
_PER_S: Final = 10.0
_LEVELS: Final = ("error", "critical", "fatal")


class Terminal:
    """Writes lines; colours only where they are wanted."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._colours = stream.isatty()
        self._started = time.monotonic()
        self._shown: dict[str, deque[float]] = {}

    def line(self, text: str = "") -> None:
        """Nothing, if the terminal was closed or who reads has gone: that is no reason not to go on, or not to stop."""
        with contextlib.suppress(OSError):
            print(text, file=self._stream, flush=True)

    def ready(self, name: str, detail: str) -> None:
        """A process is ready."""
        seconds = time.monotonic() - self._started
        self.line(f"  {self._in('32', '✓')} {name:<18}{detail:<28}{seconds:5.1f} s")

    def problem(self, text: str, lines: tuple[str, ...] = ()) -> None:
        """Something is wrong; ``lines`` are the end of a process's output."""
        self.line(f"{self._in('31', '✗')} {text}")
        for line in lines:
            self.line(f"    {line}")

    def output(self, name: str, line: str) -> None:
        """Shows a line of a process's log if it reports an error; at most a few in a while."""
        text = error_text(line)
        if text is None:
            return
        now = time.monotonic()
        shown = self._shown.setdefault(name, deque())
        while shown and now - shown[0] > _PER_S:
            shown.popleft()
        shown.append(now)
        if len(shown) <= _ERRORS_SHOWN:
            self.line(f"{self._in('31', '!')} {name}: {text}")
        elif len(shown) == _ERRORS_SHOWN + 1:
            self.line(f"{self._in('31', '!')} {name}: more errors, see its log")

    def _in(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def error_text(line: str) -> str | None:
    """What a log line says if it reports an error: a JSON line by its level, a plain one by its first word."""
    if line.startswith("{"):
        try:
            record = json.loads(line)
        except ValueError:
            return None
        if str(record.get("level", "")).lower() not in _LEVELS:
            return None
        last = str(record.get("exception") or "").strip().rpartition("\n")[2]
        return " ".join(str(part) for part in (record.get("event") or record.get("message"), last) if part)
    first_words = [word.rstrip(":").lower() for word in line.split(" ", 4)[:4]]  # a time may stand before the level
    return line if any(level in first_words for level in (*_LEVELS, "panicked")) else None
