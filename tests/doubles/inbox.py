"""A real SMTP server on the loopback interface that keeps what it is sent."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TOKEN = re.compile(r"/(?P<page>[a-z-]+)#token=(?P<token>[\w-]+)")
USER, PASSWORD = "parley", "p@ss word"


class Inbox:
    """What the server has taken, and who it refuses."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.is_away = False
        self.logins: list[tuple[bytes, bytes]] = []
        self.was_encrypted = False
        self.port = 0

    async def handle_RCPT(self, _s: Any, _se: Any, envelope: Envelope, address: str, _o: list[str]) -> str:
        if address in self.refused:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:
        if self.is_away:
            return "451 4.3.0 Try again later"
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.was_encrypted = session.ssl is not None
        return "250 OK"

    def authenticate(self, _s: Any, _se: Any, _e: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))

    def of(self, address: str) -> list[EmailMessage]:
        """What was sent to an address, oldest first."""
        return [message for message in self.messages if message["To"] == address]

    def links(self, address: str) -> list[tuple[str, str]]:
        """The page and the token of each link that was sent to an address, oldest first."""
        texts = map(text_of, self.of(address))
        return [(found["page"], found["token"]) for found in map(TOKEN.search, texts) if found is not None]

    def link(self, address: str) -> tuple[str, str]:
        """Those of the last one."""
        return self.links(address)[-1]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@contextmanager
def smtp_server(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, needs_login: bool = False
) -> Iterator[Inbox]:
    """Serves an inbox until the context ends."""
    inbox = Inbox()

    def session() -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # it does not see TLS from the start, and would warn of a login
            return SMTP(
                inbox,
                hostname="localhost",
                loop=loop,
                tls_context=starttls,
                require_starttls=starttls is not None,
                auth_required=needs_login,
                auth_require_tls=starttls is not None,
                authenticator=inbox.authenticate,
            )

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        serving = loop.create_server(session, "127.0.0.1", 0, ssl=tls)
        server = asyncio.run_coroutine_threadsafe(serving, loop).result()
        inbox.port = server.sockets[0].getsockname()[1]
        yield inbox
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    sessions = asyncio.all_tasks() - {asyncio.current_task()}
    for task in sessions:
        task.cancel()
    await asyncio.gather(*sessions, return_exceptions=True)
    await asyncio.sleep(0)  # their transports close in the next round
