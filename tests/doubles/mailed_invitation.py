"""Somebody who is invited on the running platform, and the mail that has come of it."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx

from tests.platform_process import Platform


@dataclass(frozen=True)
class MailedInvitation:
    """``host`` asks as who has the ``meeting``; ``invitees`` is the path of who is invited to it; ``mail`` the address
    of the mail's page in the mailbox, ``text`` what it says, ``token`` that of its link."""

    host: httpx.Client
    meeting: dict[str, Any]
    invitees: str
    address: str
    mail: str
    text: str
    token: str

    def answers(self) -> list[str]:
        """What the invited have answered, as the host sees it."""
        return [each["answer"] for each in self.host.get(self.invitees).json()["items"]]


@contextmanager
def mailed_invitation(platform: Platform) -> Iterator[MailedInvitation]:
    """A meeting of tomorrow by the title Plan, whose host is Ada, with one guest who is invited by mail."""
    address = f"{secrets.token_hex(4)}@example.org"
    start = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:00}"
    with httpx.Client(base_url=platform.url, timeout=30) as host:
        account = {"email": f"ada-{address}", "password": "a long enough password", "display_name": "Ada"}
        session = host.post("/v1/auth/register", json=account).json()
        host.headers["Authorization"] = f"Bearer {session['access_token']}"
        schedule = {"start": start, "time_zone": "Europe/Berlin", "duration_minutes": 30}
        meeting = host.post("/v1/meetings", json={"title": "Plan", "schedule": schedule}).json()
        invitees = f"/v1/meetings/{meeting['id']}/invitees"
        assert host.post(invitees, json={"address": address}).status_code == 200
        mail = mail_to(platform, address)
        text = httpx.get(mail).text
        yield MailedInvitation(
            host=host, meeting=meeting, invitees=invitees, address=address, mail=mail, text=text, token=token_in(text)
        )


def token_in(text: str) -> str:
    """What the link in the mail of an invitation holds."""
    found = re.search(r"/invitation#token=([\w-]+)", text)
    assert found is not None, text
    return found[1]


def html_in(mail: str) -> str:
    """What a mail says as HTML, as it came. ``mail``: where the mailbox shows it."""
    message = message_from_bytes(httpx.get(f"{mail}/source").content, policy=default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def mail_to(platform: Platform, address: str) -> str:
    """Where the mailbox shows the last mail to an address, once there is one."""
    mailbox = f"http://localhost:{platform.mailbox_port}"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        row = re.search(rf'<td>{re.escape(address)}<td><a href="/([0-9-]+)">', httpx.get(mailbox).text)
        if row is not None:
            return f"{mailbox}/{row[1]}"
        time.sleep(0.05)
    raise AssertionError("no mail has come")
