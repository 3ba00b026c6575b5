"""The local platform's mailbox: takes every mail that the services send, keeps it as a file, and shows it to this
machine's browser.

``python -m infra.local.mailbox SMTP_PORT PORT FOLDER``: speaks as much SMTP (RFC 5321) as it takes to receive, on the
loopback interface, and serves what it has at ``http://localhost:PORT/``. Nothing leaves the machine, whoever a mail is
to.
"""

from __future__ import annotations

import asyncio
import html
import re
import sys
import time
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final

from aiohttp import web

from infra.local.ports import LOOPBACK

KEPT: Final = 500
"""So many of the latest mails are kept."""
MAX_BYTES: Final = 10 * 1024 * 1024
_NAME: Final = re.compile(r"[0-9]{13}-[0-9]{4}")
_OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: start; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #8884; vertical-align: top }
td { overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; border: 1px solid #8884; padding: 1rem }
"""


class Mailbox:
    """Mails as files of one folder, named by when they came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # mails hold links that open accounts

    def keep(self, content: bytes) -> None:
        """Keeps a mail, and no more than `KEPT` of them."""
        self._count = (self._count + 1) % 10_000
        file = self._folder / f"{int(time.time() * 1000):013d}-{self._count:04d}.eml"
        partial = file.with_suffix(".part")
        partial.write_bytes(content)
        partial.rename(file)
        for old in self.names()[KEPT:]:
            (self._folder / f"{old}.eml").unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The names of the mails, the latest first."""
        return sorted((file.stem for file in self._folder.glob("*.eml")), reverse=True)

    def read(self, name: str) -> bytes | None:
        """A mail as it came; None if there is none by that name."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return (self._folder / f"{name}.eml").read_bytes()
        except FileNotFoundError:
            return None


# ---- receiving ----


async def receive(mailbox: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One session of SMTP."""
    session = _Session(mailbox, reader, writer)
    try:
        await session.run()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # who sends is gone, or speaks no SMTP
    finally:
        writer.close()


class _Session:
    def __init__(self, mailbox: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._mailbox, self._reader, self._writer = mailbox, reader, writer

    async def run(self) -> None:
        await self._say("220 localhost Parley's mailbox")
        while True:
            line = (await self._reader.readuntil(b"\n")).decode("utf-8", "replace").strip()
            verb = line.partition(" ")[0].upper()
            match verb:
                case "EHLO":
                    await self._say("250-localhost", "250-8BITMIME", f"250-SIZE {MAX_BYTES}", "250 SMTPUTF8")
                case "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP":
                    await self._say("250 OK")
                case "DATA":
                    await self._say("354 End with a dot")
                    content = await self._content()
                    if len(content) > MAX_BYTES:
                        await self._say("552 Too large")
                    else:
                        self._mailbox.keep(content)
                        await self._say("250 Kept")
                case "QUIT":
                    await self._say("221 Bye")
                    return
                case _:
                    await self._say("502 Not here")

    async def _content(self) -> bytes:
        """What comes until a line with a dot alone (RFC 5321, 4.5.2)."""
        lines, size = [], 0
        while (line := await self._reader.readuntil(b"\n")) != b".\r\n":
            size += len(line)
            if size <= MAX_BYTES + 1:
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines) if size <= MAX_BYTES else b"x" * (MAX_BYTES + 1)

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


# ---- showing ----


@web.middleware
async def own_machine_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """aiohttp middleware: 403 for who came here by another name, as a page does that has rebound its own."""
    if request.host.rpartition(":")[0] not in _OWN_NAMES:
        return web.Response(status=403, text="This is for this machine alone.")
    response = await handler(request)
    response.headers.update(_HEADERS)
    return response


def application(mailbox: Mailbox) -> web.Application:
    """The pages."""

    async def listed(_: web.Request) -> web.Response:
        rows = [_row(name, _message(content)) for name in mailbox.names() if (content := mailbox.read(name))]
        table = f"<table><tr><th>When<th>To<th>Subject</tr>{''.join(rows)}</table>" if rows else "<p>No mail yet.</p>"
        return _page("Mailbox", f"<h1>Mailbox</h1>{table}")

    async def shown(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        content = mailbox.read(name)
        if content is None:
            raise web.HTTPNotFound
        message = _message(content)
        fields = "".join(
            f"<tr><th>{field}<td>{html.escape(str(message[field]))}</tr>"
            for field in ("From", "To", "Reply-To", "Subject", "Date")
            if message[field]
        )
        files = " · ".join(
            f'<a href="/{name}/files/{number}">{html.escape(part.get_filename() or "file")}</a>'
            for number, part in enumerate(message.iter_attachments())
        )
        body = f'<p><a href="/">Mailbox</a></p><table>{fields}</table><pre>{_linked(_text(message))}</pre>'
        return _page(str(message["Subject"]), f'{body}<p>{files} <a href="/{name}/source">Source</a></p>')

    async def source(request: web.Request) -> web.Response:
        content = mailbox.read(request.match_info["name"])
        if content is None:
            raise web.HTTPNotFound
        return web.Response(body=content, content_type="text/plain", charset="utf-8")

    async def file(request: web.Request) -> web.Response:
        content = mailbox.read(request.match_info["name"])
        parts = [] if content is None else list(_message(content).iter_attachments())
        number = int(request.match_info["number"])
        if number >= len(parts):
            raise web.HTTPNotFound
        octets = parts[number].get_payload(decode=True)
        name = re.sub(r"[^\w.-]", "_", parts[number].get_filename() or "file")
        return web.Response(
            body=octets if isinstance(octets, bytes) else b"",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
            content_type="application/octet-stream",
        )

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    pages = web.Application(middlewares=[own_machine_only])
    pages.router.add_get("/", listed)
    pages.router.add_get("/healthz", healthy)
    pages.router.add_get("/{name}", shown)
    pages.router.add_get("/{name}/source", source)
    pages.router.add_get(r"/{name}/files/{number:\d{1,3}}", file)
    return pages


def _message(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101  (the policy makes it one)
    return message


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _linked(text: str) -> str:
    """A text as HTML, with its addresses as links."""
    pieces, last = [], 0
    for found in _ADDRESS.finditer(text):
        address = html.escape(found[0])
        pieces += [html.escape(text[last : found.start()]), f'<a href="{address}">{address}</a>']
        last = found.end()
    return "".join([*pieces, html.escape(text[last:])])


def _row(name: str, message: EmailMessage) -> str:
    when, to, subject = (html.escape(str(message[field] or "")) for field in ("Date", "To", "Subject"))
    return f'<tr><td>{when}<td>{to}<td><a href="/{name}">{subject or "(no subject)"}</a></tr>'


def _page(title: str, body: str) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><body>{body}</body></html>'
    )
    return web.Response(text=text, content_type="text/html")


async def serve(smtp_port: int, port: int, folder: Path) -> None:
    """Receives and shows mails until the task is cancelled."""
    mailbox = Mailbox(folder)
    receiving = await asyncio.start_server(
        lambda reader, writer: receive(mailbox, reader, writer), LOOPBACK, smtp_port, limit=MAX_BYTES
    )
    runner = web.AppRunner(application(mailbox))
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        async with receiving:
            await receiving.serve_forever()
    finally:
        await runner.cleanup()


def main() -> None:
    smtp_port, port, folder = sys.argv[1:]
    asyncio.run(serve(int(smtp_port), int(port), Path(folder)))


if __name__ == "__main__":
    main()
