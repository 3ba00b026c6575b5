"""The local platform's mailbox: what it takes, and what it shows to whom."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx
import pytest

from infra.local.mailbox import KEPT, MAX_BYTES, Mailbox, serve
from infra.local.ports import LOOPBACK, free_ports


def _mail(subject: str = "Plan") -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "parley@localhost", "bob@example.org", subject
    mail.set_content("See <https://meet.example/m/abc?a=1&b=2>\n.\n..dots\n")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="application", subtype="ics", filename='in"vite.ics')
    return mail


async def _with_mailbox(folder: Path, ask: Callable[[int, str], None]) -> None:
    smtp, http = free_ports(2)
    serving = asyncio.create_task(serve(smtp, http, folder))
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, http)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.01)
    try:
        await asyncio.to_thread(ask, smtp, f"http://localhost:{http}")
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def test_mails_are_kept_shown_and_survive(tmp_path: Path) -> None:
    folder = tmp_path / "mail"

    def send(smtp: int, url: str) -> None:
        assert "No mail yet" in httpx.get(url).text
        with smtplib.SMTP(LOOPBACK, smtp) as server:
            for subject in ("First", "Ü <b>"):
                server.send_message(_mail(subject))
        listed = httpx.get(url).text
        assert listed.index("Ü &lt;b&gt;") < listed.index("First")

    def look(_: int, url: str) -> None:
        name = Mailbox(folder).names()[0]
        shown = httpx.get(f"{url}/{name}")
        assert '<a href="https://meet.example/m/abc?a=1&amp;b=2">' in shown.text
        assert "\n.\n..dots\n" in shown.text
        assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'")
        file = httpx.get(f"{url}/{name}/files/0")
        assert file.content == b"BEGIN:VCALENDAR"
        assert file.headers["Content-Disposition"] == 'attachment; filename="in_vite.ics"'
        assert "Subject:" in httpx.get(f"{url}/{name}/source").text
        for path in ("nothing", "..%2Fsecret", f"{name}/files/7", "0000000000000-0000"):
            assert httpx.get(f"{url}/{path}").status_code == 404
        assert httpx.get(url, headers={"Host": "evil.example:80"}).status_code == 403

    asyncio.run(_with_mailbox(folder, send))
    asyncio.run(_with_mailbox(folder, look))


def test_too_much_is_refused_and_the_session_goes_on(tmp_path: Path) -> None:
    def send(smtp: int, url: str) -> None:
        with smtplib.SMTP(LOOPBACK, smtp) as server:
            with pytest.raises(smtplib.SMTPDataError):
                server.sendmail("a@x", ["b@x"], b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * (MAX_BYTES // 2))
            server.send_message(_mail())
            assert server.docmd("VRFY bob")[0] == 502
        assert "Plan" in httpx.get(url).text

    asyncio.run(_with_mailbox(tmp_path, send))
    assert len(Mailbox(tmp_path).names()) == 1


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    for number in range(KEPT + 3):
        mailbox.keep(f"Subject: {number}\r\n\r\n".encode())
    assert len(mailbox.names()) == KEPT
    assert mailbox.read(mailbox.names()[0]) == f"Subject: {KEPT + 2}\r\n\r\n".encode()
    assert mailbox.read("../x") is None
