"""Reads calendars as a program of others does, and refuses what is not as RFC 5545 has it."""

from __future__ import annotations

from typing import Any

import icalendar


def read_calendar(text: str) -> Any:
    """The `icalendar.Calendar` of a text. Any: its properties have thirty types, and tests know theirs."""
    read = icalendar.Calendar.from_ical(text)
    assert isinstance(read, icalendar.Calendar)
    for component in read.walk():
        assert not component.errors, component.errors
        required: tuple[str, ...] = component.required
        assert set(required) <= set(component), component.name
    return read
