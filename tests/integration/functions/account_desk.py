"""Both services together: what one decides of accounts, the other heeds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from tests.integration.functions.lambda_events import Client, HttpAnswer

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Person:
    """Somebody with an account, logged in."""

    id: str
    email: str
    name: str
    token: str
    refresh_token: str


class Desk:
    """The authentication service with a broker, and an administrator."""

    def __init__(self, auth: Client, meetings: Client, admin: Person) -> None:
        self.auth = auth
        self.meetings = meetings
        self.admin = admin
        self.failures: list[str] = []
        """What the meeting service's function fails with next."""

    def post(self, path: str, body: Any = None, *, token: str | None = None) -> HttpAnswer:
        return self.auth.request("POST", f"/v1/auth/{path}", body, token=token)

    def register(self, name: str = "Ada") -> Person:
        email = f"{uuid.uuid4().hex}@example.org"
        answer = self.post("register", {"email": email, "password": PASSWORD, "display_name": name})
        assert answer.status == 201, answer.text
        body = answer.json()
        return Person(body["user"]["id"], email, name, body["access_token"], body["refresh_token"])

    def log_in(self, who: Person, password: str = PASSWORD) -> Person:
        answer = self.post("login", {"email": who.email, "password": password})
        assert answer.status == 200, answer.text
        body = answer.json()
        return Person(who.id, who.email, who.name, body["access_token"], body["refresh_token"])

    def manage(self, method: str, who: Person, what: str = "", body: Any = None) -> None:
        answer = self.auth.request(method, f"/v1/auth/users/{who.id}{what}", body, token=self.admin.token)
        assert answer.status in {200, 204}, answer.text

    def create(self, token: str, **more: Any) -> HttpAnswer:
        return self.meetings.request("POST", "/v1/meetings", {"title": "Talk"}, token=token, **more)

    def is_heeded(self, token: str) -> bool:
        """Whether the meeting service takes a token."""
        answer = self.meetings.request("GET", "/v1/meetings", token=token)
        if answer.status == 401:
            assert answer.code == "session_expired"
        return answer.status == 200

    def work_off(self) -> None:
        self.auth.module.worker.work_off()
