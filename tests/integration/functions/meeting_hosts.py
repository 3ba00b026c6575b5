"""What tests of meetings do over and over: somebody's meetings, and facts of their rooms."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec

from contracts.facts import Fact, FactBatch
from contracts.log_events import LogEvent
from contracts.rooms import Identity, MeetingId
from tests.integration.functions.account_desk import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.unit.meetings_service.room_history import START, joined

MEETINGS = "/v1/meetings"


class Host:
    """Somebody with meetings."""

    def __init__(self, meetings: Client, person: Person) -> None:
        self.meetings, self.person = meetings, person

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpAnswer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.meetings.request(method, f"{MEETINGS}{path}", body, token=self.person.token, headers=named)

    def make(self, title: str = "Weekly", **more: Any) -> dict[str, Any]:
        answer = self.ask("POST", "", {"title": title, **more})
        assert answer.status == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def read(self, meeting: dict[str, Any]) -> dict[str, Any]:
        known: dict[str, Any] = self.ask("GET", f"/{meeting['id']}").json()
        return known

    def join(self, meeting: dict[str, Any], **body: Any) -> HttpAnswer:
        return self.ask("POST", f"/{meeting['id']}/join", body)

    def listed(self, name: str, limit: int = 50, query: str = "") -> list[dict[str, Any]]:
        """All pages of a list. ``query``: what it is narrowed to."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.ask("GET", f"?list={name}&limit={limit}{query}{cursor}").json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


def tell(meetings: Client, room_id: str, *events: LogEvent, first: int = 1) -> None:
    """Facts of a room, as a gateway delivers them."""
    facts = tuple(
        Fact(meeting_id=MeetingId(room_id), version=first + number, event=event) for number, event in enumerate(events)
    )
    meetings.module.facts(json.loads(msgspec.json.encode(FactBatch(facts=facts))), None)


def came_in(someone: Host, at: int = START) -> LogEvent:
    event = joined(1, at)
    info = msgspec.structs.replace(event.participant, identity=Identity(someone.person.id))
    return msgspec.structs.replace(event, participant=info)


def local(minutes_from_now: int) -> str:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes_from_now)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def in_utc(minutes_from_now: int, duration: int = 30) -> dict[str, Any]:
    return {"start": local(minutes_from_now), "time_zone": "UTC", "duration_minutes": duration}
