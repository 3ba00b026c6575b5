"""What tests of webhooks do over and over: a program that has some, and what it is told."""

from __future__ import annotations

from typing import Any

from tests.integration.functions.account_desk import Person
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host

LIFE = [
    "meeting.created",
    "meeting.updated",
    "meeting.started",
    "meeting.ended",
    "meeting.cancelled",
    "meeting.deleted",
]
"""What happens to a meeting."""


class Owner(Host):
    """A program with webhooks of its own."""

    def __init__(self, meetings: Client, person: Person, token: str) -> None:
        super().__init__(meetings, person)
        self.token = token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpAnswer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.meetings.request(method, f"/v1/meetings{path}", body, token=self.token, headers=named)

    def subscribe(self, url: str, events: list[str] | None = None, **more: Any) -> dict[str, Any]:
        answer = self.ask("POST", "/webhooks", {"url": url, "events": events or LIFE, **more})
        assert answer.status == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def deliveries(self, webhook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask("GET", f"/webhooks/{webhook['id']}/deliveries{query}").json()["items"]
        return items

    def sent(self) -> None:
        """Sends what waits."""
        self.meetings.module.postman.work_off()
