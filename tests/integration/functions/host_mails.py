"""What tests of invitations do over and over: one host's mails, what is in them, and whoever dies over their work."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.calendar_reader import read_calendar
from tests.doubles.inbox import Inbox, text_of
from tests.integration.functions.lambda_events import Client, HttpAnswer
from tests.integration.functions.meeting_hosts import Host

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Post:
    """What one host does, and what arrives."""

    def __init__(self, client: Client, host: Host, inbox: Inbox) -> None:
        self.client, self.host, self.inbox = client, host, inbox

    def deliver(self) -> None:
        """Everything that is promised, until nothing is left: what is for all makes jobs for each."""
        jobs = self.client.module.jobs
        for _ in range(3):
            for job_id in list(jobs.waiting()):
                self.client.module.mailing.work(job_id)
        assert list(jobs.waiting()) == []

    def invite(self, meeting: dict[str, Any], address: str, **more: Any) -> HttpAnswer:
        return self.host.ask("POST", f"/{meeting['id']}/invitees", {"address": address, **more})

    def mails(self, address: str) -> list[EmailMessage]:
        self.deliver()
        return self.inbox.of(address)

    def by_link(self, what: str, token: str, **more: Any) -> HttpAnswer:
        return self.client.request("POST", f"/v1/meetings/invitations/{what}", {"token": token, **more})


def calendar_of(message: EmailMessage) -> Any:
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert len(parts) == 1
    files = [part for part in message.walk() if part.get_filename() == "invite.ics"]
    assert len(files) == 1
    text = parts[0].get_payload(decode=True)
    assert text == files[0].get_payload(decode=True)
    assert isinstance(text, bytes)
    calendar = read_calendar(text.decode())
    assert parts[0]["Content-Type"].params["method"] == calendar["METHOD"]
    return calendar


def event_of(message: EmailMessage) -> Any:
    return next(iter(calendar_of(message).walk("VEVENT")))


def token_in(message: EmailMessage) -> str:
    found = re.search(r"/invitation#token=([\w-]+)&answer=accepted", text_of(message))
    assert found is not None
    return found[1]


class Killed(BaseException):
    """No error that anybody catches."""


class Killer:
    """Ends whoever writes, after so many writes. The clock goes on when its test says so."""

    def __init__(self, dynamodb: DynamoDBClient, runner: Any, patch: pytest.MonkeyPatch) -> None:
        self.left = self.deaths = 0
        self.later = 0.0
        clock = runner._clock
        patch.setattr(runner, "_clock", lambda: clock() + self.later)
        for operation in ("put_item", "update_item", "transact_write_items", "delete_item", "batch_write_item"):
            patch.setattr(dynamodb, operation, self._deadly(getattr(dynamodb, operation)))

    def _deadly(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            answer = real(**request)
            self.left -= 1
            if self.left == 0:
                raise Killed
            return answer

        return call

    def work(self, client: Client) -> None:
        """Works everything off, however often who does it dies: claims are over after a minute."""
        self.deaths = 0
        for _ in range(8):
            while True:
                try:
                    client.module.mailing.work_off(for_s=60)
                    break
                except Killed:
                    self.deaths += 1
            self.later += 61
        assert list(client.module.jobs.waiting()) == []


def note_address(host: Host, address: str, **more: str) -> None:
    """What the service knows of somebody whose address is proven."""
    key = (f"USER#{host.person.id}", "CONTACT")
    host.meetings.module.contacts._table.update(key, sets={"address": address, **more})
