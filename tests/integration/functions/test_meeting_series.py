"""Meetings that take place again and again, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host


@pytest.fixture
def host(meetings: Client, person: Callable[..., Person]) -> Callable[..., Host]:
    return lambda name="Ada": Host(meetings, person(name))


def _tomorrow(days: int = 1) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}T09:00:00"


def test_a_series_is_in_the_agenda_occurrence_by_occurrence(host: Callable[..., Host]) -> None:
    ada = host()
    daily = {"start": _tomorrow(), "time_zone": "UTC", "duration_minutes": 30, "rule": "FREQ=DAILY;COUNT=4"}
    made = ada.make("Stand-up", schedule=daily)
    assert (made["kind"], made["schedule"]["rule"]) == ("recurring", "FREQ=DAILY;COUNT=4")
    exceptions = [
        {"occurrence": _tomorrow(2), "cancelled": True},
        {"occurrence": _tomorrow(3), "title": "Retrospective", "duration_minutes": 60},
    ]
    changed = ada.ask("PATCH", f"/{made['id']}", {"schedule": {"exceptions": exceptions}})
    assert changed.status == 200, changed.text
    told = [each["occurrence"] for each in ada.listed("upcoming") if each["id"] == made["id"]]
    assert [(each["occurrence"], each["title"]) for each in told] == [
        (_tomorrow(), None),
        (_tomorrow(3), "Retrospective"),
        (_tomorrow(4), None),
    ]
    assert told[1]["end"] > told[1]["start"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rule": "FREQ=SECONDLY"}, "schedule.rule"),
        ({"rule": "FREQ=DAILY;UNTIL=20200101"}, "schedule.rule"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "schedule.start"),
        (
            {"rule": "FREQ=DAILY", "exceptions": [{"occurrence": "2020-01-01T09:00:00"}]},
            "schedule.exceptions[0].occurrence",
        ),
    ],
)
def test_series_that_cannot_be_are_refused(host: Callable[..., Host], change: dict[str, object], field: str) -> None:
    schedule = {"start": _tomorrow(), "time_zone": "Europe/Berlin", "duration_minutes": 30} | change
    refused = host().ask("POST", "", {"title": "x", "schedule": schedule})
    assert refused.status == 422
    assert [each["field"] for each in refused.json()["errors"]] == [field]
