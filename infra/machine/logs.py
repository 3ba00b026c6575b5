"""``python -m infra.machine.logs UNIT GROUP FOLDER``: what a unit writes to the journal, also into CloudWatch Logs.

One stream for each instance. Where in the journal it has come to is in the folder, once CloudWatch has taken what is
before: nothing is left out when it starts anew or CloudWatch is away, and the last lines may come twice.
"""

from __future__ import annotations

import json
import logging
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from infra.machine.metadata import Metadata

JOURNALCTL: Final = "/usr/bin/journalctl"
GATHER_S: Final = 2.0
"""How long lines are gathered for one request."""
# PutLogEvents: a batch has so many bytes, of which 26 are counted for each event, and so many events, of one day.
MAX_BYTES: Final = 1_048_576
EVENT_BYTES: Final = 26
MAX_EVENTS: Final = 10_000
MAX_SPAN_MS: Final = 86_400_000
MAX_LINE_BYTES: Final = 256 * 1024 - EVENT_BYTES
MAX_WAITING: Final = 20_000
"""Lines in memory while CloudWatch is away; the journal keeps the others."""
PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Between attempts; the last one repeats."""
_REFUSED: Final = {"InvalidParameterException", "ParamValidationError"}
"""What asking again does not mend: of CloudWatch, and of boto3 itself."""
logger = logging.getLogger("parley.logs")


@dataclass(frozen=True)
class Line:
    """``at``: milliseconds since the epoch. ``cursor``: its place in the journal."""

    at: int
    text: str
    cursor: str

    @property
    def size(self) -> int:
        """As a batch counts it."""
        return len(self.text.encode()) + EVENT_BYTES


class CloudWatchLogs(Protocol):
    """boto3's client, as far as it is needed."""

    def create_log_stream(self, **request: Any) -> Any:
        """See boto3."""

    def put_log_events(self, **request: Any) -> Any:
        """See boto3."""


def read(entry: bytes) -> Line | None:
    """An entry as ``journalctl --output=json`` writes it. None: it says nothing that could be kept."""
    try:
        fields = json.loads(entry)
        at, cursor, message = int(fields["__REALTIME_TIMESTAMP"]) // 1000, str(fields["__CURSOR"]), fields["MESSAGE"]
    except (ValueError, KeyError, TypeError):
        return None
    # What is not UTF-8, or has control characters, is written as numbers.
    text = bytes(message).decode(errors="replace") if isinstance(message, list) else message
    if not isinstance(text, str) or not text:
        return None
    return Line(at, text.encode(errors="replace")[:MAX_LINE_BYTES].decode(errors="ignore"), cursor)


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines in requests that CloudWatch takes, in their order."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        is_full = len(batch) >= MAX_EVENTS or size + line.size > MAX_BYTES
        times = [each.at for each in (*batch[:1], *batch[-1:], line)]
        if batch and (is_full or max(times) - min(times) >= MAX_SPAN_MS):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch


class Stream:
    """One stream of a group; made when it is first written to."""

    def __init__(
        self, client: CloudWatchLogs, group: str, name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._names = {"logGroupName": group, "logStreamName": name}
        self._sleep = sleep

    def put(self, batch: list[Line]) -> None:
        """Returns when CloudWatch has taken it, however often it must be asked, or will never take it."""
        events = [{"timestamp": line.at, "message": line.text} for line in sorted(batch, key=lambda line: line.at)]
        failures = 0
        while True:
            try:
                answer = self._client.put_log_events(**self._names, logEvents=events)
            except Exception as error:  # noqa: BLE001  (whatever it is, the journal keeps what comes meanwhile)
                if _REFUSED & {_code(error), type(error).__name__}:
                    logger.error("CloudWatch refuses %d lines: %r", len(batch), error)  # noqa: TRY400
                    return
                self._make(error)
                self._sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
                failures += 1
                continue
            if answer.get("rejectedLogEventsInfo"):
                logger.warning("CloudWatch has not taken all: %r", answer["rejectedLogEventsInfo"])
            return

    def _make(self, error: Exception) -> None:
        if _code(error) != "ResourceNotFoundException":
            logger.warning("CloudWatch does not take lines: %r", error)
            return
        try:
            self._client.create_log_stream(**self._names)
        except Exception as refused:  # noqa: BLE001
            logger.warning("no stream can be made: %r", refused)


def follow(lines: queue.Queue[Line | None], put: Callable[[list[Line]], None], remember: Callable[[str], None]) -> None:
    """Puts what comes, until None does."""
    while (first := lines.get()) is not None:
        gathered, is_over = _gathered(lines, first)
        for batch in batches(gathered):
            put(batch)
            remember(batch[-1].cursor)
        if is_over:
            return


def _gathered(lines: queue.Queue[Line | None], first: Line) -> tuple[list[Line], bool]:
    gathered, until = [first], time.monotonic() + GATHER_S
    while len(gathered) < MAX_EVENTS:
        try:
            line = lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return gathered, False
        if line is None:
            return gathered, True
        gathered.append(line)
    return gathered, False


def command(unit: str, cursor: str | None) -> list[str]:
    """What writes the unit's entries, from the last one that is known or this boot's first."""
    since = ["--boot"] if cursor is None else [f"--after-cursor={cursor}"]
    fields = "--output-fields=MESSAGE"
    return [JOURNALCTL, f"--unit={unit}", "--follow", "--lines=all", "--output=json", fields, "--all", *since]


def ship(journal: subprocess.Popen[bytes], stream: Stream, cursor: Path) -> None:
    """Ships what the journal's reader writes until it ends."""
    assert journal.stdout is not None  # noqa: S101  (it was started so)
    lines: queue.Queue[Line | None] = queue.Queue(MAX_WAITING)
    threading.Thread(target=_read_all, args=(journal.stdout, lines), daemon=True).start()
    follow(lines, stream.put, lambda at: _replace(cursor, at))


def _read_all(entries: IO[bytes], lines: queue.Queue[Line | None]) -> None:
    for entry in entries:
        line = read(entry)
        if line is not None:
            lines.put(line)
    lines.put(None)


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def main() -> None:
    import boto3  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO)
    unit, group, folder = sys.argv[1:]
    cursor = Path(folder) / "cursor"
    known = cursor.read_text() if cursor.exists() else None
    stream = Stream(boto3.client("logs"), group, str(Metadata().about("instance-id")))
    with subprocess.Popen(command(unit, known), stdout=subprocess.PIPE) as journal:  # noqa: S603
        # At the end of the machine the service has ended before: what it wrote last is put, too.
        signal.signal(signal.SIGTERM, lambda *_: journal.terminate())
        ship(journal, stream, cursor)


if __name__ == "__main__":
    main()
