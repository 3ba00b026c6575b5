"""Rules in words."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from meetings_service.domain.rule_words import day_in_words, rule_in_words
from meetings_service.domain.schedule import Schedule

_TABLE = json.loads((Path(__file__).parents[2] / "data" / "rule_words.json").read_text())
"""Of a series that begins on Monday, 7 December 2026, at nine in Berlin. The page's words are held to the same."""


@pytest.mark.parametrize("row", _TABLE, ids=[row["rule"] for row in _TABLE])
def test_rules_are_told_in_words(row: dict[str, str]) -> None:
    schedule = Schedule(start="2026-12-07T09:00:00", time_zone="Europe/Berlin", duration_minutes=30, rule=row["rule"])
    assert rule_in_words(schedule, "en") == row["en"]
    assert rule_in_words(schedule, "de") == row["de"]


def test_what_takes_place_once_has_no_rule_to_tell() -> None:
    assert rule_in_words(Schedule(start="2026-12-07T09:00:00", time_zone="UTC", duration_minutes=30), "en") is None
    assert day_in_words(date(2026, 12, 7), "en") == "Monday, 7 December 2026"
    assert day_in_words(date(2026, 12, 7), "de") == "Montag, 7. Dezember 2026"
