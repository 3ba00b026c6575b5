"""Logs as JSON lines: one object a line, with the event's name and its fields. No secrets, no bodies."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Any


class JsonFormatter(logging.Formatter):
    """Formats a record whose message is an event's name and whose ``extra={"fields": {...}}`` are its fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def service_logger(name: str) -> logging.Logger:
    """The logger of a service, writing JSON lines to standard error."""
    logger = logging.getLogger(name)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger
