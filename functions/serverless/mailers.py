"""Sends mails: by Amazon SES, or by anybody's SMTP server."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid, parseaddr
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from functions.serverless.mails import Mail

if TYPE_CHECKING:
    import smtplib

    from mypy_boto3_sesv2 import SESV2Client

_TIMEOUT_S = 10


class MailRefusedError(Exception):
    """This mail will never be taken: trying again is of no use."""


class Mailer(Protocol):
    """Sends one mail.

    Raises:
        MailRefusedError: it will never be taken. Any other exception: perhaps later.
    """

    def __call__(self, mail: Mail, /) -> None: ...


def message_of(mail: Mail, *, sender: str) -> EmailMessage:
    """A mail in MIME: text, and HTML as its alternative (RFC 2046, 5.1.4); marked as a program's own (RFC 3834, 5).

    A calendar is an alternative, too, where Outlook and Google's Mail look for it, and a file for all others.
    """
    message = EmailMessage(policy=SMTP)
    address = parseaddr(sender)[1]
    message["From"] = sender if mail.sender_name is None else Address(mail.sender_name, addr_spec=address)
    message["To"] = mail.to
    if mail.reply_to is not None:
        message["Reply-To"] = mail.reply_to
    message["Subject"] = mail.subject
    message["Date"] = formatdate(localtime=False)
    domain = address.rpartition("@")[2]
    message["Message-ID"] = make_msgid(domain=domain) if mail.id is None else f"<{mail.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    if mail.calendar is not None:
        method = mail.calendar.method
        message.add_alternative(mail.calendar.text, subtype="calendar", cte="base64", params={"method": method})
        octets = mail.calendar.text.encode()
        message.add_attachment(octets, maintype="application", subtype="ics", filename="invite.ics")
    return message


def mailer_of(kind: str, *, sender: str, smtp_url: str, ses: Callable[[], SESV2Client]) -> Mailer | None:
    """What sends mails by a service's settings: ``kind`` is ``ses``, ``smtp`` or ``off`` (None)."""
    match kind:
        case "ses":
            return SesMailer(ses, sender=sender)
        case "smtp":
            return SmtpMailer(smtp_url, sender=sender)
        case _:
            return None


class SesMailer:
    """Amazon SES, version 2 of its API. ``sender``: an address that SES has verified."""

    def __init__(self, client: Callable[[], SESV2Client], *, sender: str) -> None:
        self._client = client
        self._sender = sender

    def __call__(self, mail: Mail, /) -> None:
        client = self._client()
        try:
            client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mail.to]},
                Content={"Raw": {"Data": message_of(mail, sender=self._sender).as_bytes()}},
            )
        except (client.exceptions.MessageRejected, client.exceptions.BadRequestException) as error:
            raise MailRefusedError(str(error)) from error


class SmtpMailer:
    """An SMTP server (RFC 5321), as mail programs use it.

    ``url``: ``smtps://user:password@host:465`` (TLS from the start), ``smtp://user:password@host:587`` (STARTTLS,
    without which nothing is sent), ``smtp+insecure://localhost:25`` (in the clear: for a server on this machine).
    Certificates are verified by the system's authorities.
    """

    def __init__(self, url: str, *, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    def __call__(self, mail: Mail, /) -> None:
        import smtplib  # noqa: PLC0415  (only where it is used)

        try:
            with self._connect() as server:
                server.send_message(message_of(mail, sender=self._sender))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if all(500 <= code < 600 for code in codes):
                raise MailRefusedError(str(codes)) from error
            raise
        except smtplib.SMTPDataError as error:
            if 500 <= error.smtp_code < 600:
                raise MailRefusedError(str(error.smtp_code)) from error
            raise

    def _connect(self) -> smtplib.SMTP:
        import smtplib  # noqa: PLC0415

        host = self._url.hostname or ""
        if self._url.scheme == "smtps":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, self._url.port or 465, timeout=_TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, self._url.port or 587, timeout=_TIMEOUT_S)
        try:
            if self._url.scheme == "smtp":
                server.starttls(context=ssl.create_default_context())
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
        except BaseException:
            server.close()
            raise
        return server
