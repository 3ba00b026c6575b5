"""Log lines as JSON objects, one a line, on standard error; no secrets, no bodies."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_bound: ContextVar[dict[str, object]] = ContextVar("log fields", default={})  # noqa: B039  (never changed, only replaced)


class JsonFormatter(logging.Formatter):
    """``time`` (RFC 3339), ``level``, ``logger``, ``event``, what is `bound`, and what was given as ``extra``."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage(),
            **_bound.get(),
        }
        fields.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode()


@contextlib.contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Puts fields into every line that is written within, and by the tasks that are begun within."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def bound_value(name: str) -> object:
    """What is bound under a name; None: nothing is."""
    return _bound.get().get(name)


def configure(service: str, level: str) -> None:
    """Sends all logging of the process to standard error."""
    logging.basicConfig(level=level.upper(), handlers=[_handler(service)], force=True)
    # One line for each request would drown everything else.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def service_logger(service: str) -> logging.Logger:
    """A logger with its own way to standard error, for a process whose logging is somebody else's, as on Lambda."""
    logger = logging.getLogger(f"parley.{service}")
    if not logger.handlers:
        logger.addHandler(_handler(service))
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger


def _handler(service: str) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    return handler
