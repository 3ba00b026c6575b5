"""Mails on their way out: through a real SMTP server with and without TLS, and through SES (moto)."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import quote

import boto3
import msgspec
import pytest
from auth_service.domain.mails import LinkMail, Notice, compose
from moto import mock_aws
from moto.ses.models import ses_backends

from functions.serverless.mailers import MailRefusedError, SesMailer, SmtpMailer
from functions.serverless.mails import CalendarPart, Mail
from infra.local.certificate import ensure_certificate
from tests.doubles.inbox import PASSWORD, USER, smtp_server, text_of

SENDER = "Parley <parley@meet.test>"
LINK = "https://meet.test/reset-password#token=abc"
LOGIN = f"{USER}:{quote(PASSWORD, safe='')}"


@pytest.fixture
def mail() -> Mail:
    return compose(LinkMail.PASSWORD_RESET, to="ada@a.example", locale="de", site="meet.test", link=LINK)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for localhost, and the certificate's file."""
    files = ensure_certificate(tmp_path_factory.mktemp("tls"), "localhost", now=dt.datetime.now(dt.UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context, files.certificate


@pytest.fixture
def trusted(tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    return tls[0]


def test_smtp_with_tls_from_the_start_and_a_login(mail: Mail, trusted: ssl.SSLContext) -> None:
    with smtp_server(tls=trusted, needs_login=True) as inbox:
        SmtpMailer(f"smtps://{LOGIN}@localhost:{inbox.port}", sender=SENDER)(mail)
    [message] = inbox.of("ada@a.example")
    assert inbox.logins == [(USER.encode(), PASSWORD.encode())]
    check(message, mail)


def test_smtp_with_starttls_and_a_login(mail: Mail, trusted: ssl.SSLContext) -> None:
    with smtp_server(starttls=trusted, needs_login=True) as inbox:
        SmtpMailer(f"smtp://{LOGIN}@localhost:{inbox.port}", sender=SENDER)(mail)
    [message] = inbox.of("ada@a.example")
    assert inbox.was_encrypted
    check(message, mail)


def check(message: EmailMessage, mail: Mail) -> None:
    assert message["From"] == SENDER
    assert message["Subject"] == mail.subject
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@meet.test>")
    assert text_of(message).replace("\r\n", "\n") == mail.text
    assert LINK in text_of(message, "html")


def test_nothing_is_sent_where_starttls_is_not_offered(mail: Mail) -> None:
    with smtp_server() as inbox:
        with pytest.raises(OSError, match="STARTTLS"):
            SmtpMailer(f"smtp://{LOGIN}@localhost:{inbox.port}", sender=SENDER)(mail)
        assert not inbox.messages
        assert not inbox.logins


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for(
    mail: Mail, tls: tuple[ssl.SSLContext, Path], scheme: str
) -> None:
    implicit, explicit = (tls[0], None) if scheme == "smtps" else (None, tls[0])
    with smtp_server(tls=implicit, starttls=explicit) as inbox:
        with pytest.raises(ssl.SSLCertVerificationError):
            SmtpMailer(f"{scheme}://{LOGIN}@localhost:{inbox.port}", sender=SENDER)(mail)
        assert not inbox.messages
        assert not inbox.logins


def test_certificate_must_be_the_servers_own(
    mail: Mail, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(tls=trusted) as inbox:
        here = socket.getaddrinfo("127.0.0.1", inbox.port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
        with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)mismatch"):
            SmtpMailer(f"smtps://mail.test:{inbox.port}", sender=SENDER)(mail)


def test_mailbox_that_does_not_exist_is_for_good_and_an_outage_is_not(mail: Mail) -> None:
    with smtp_server() as inbox:
        mailer = SmtpMailer(f"smtp+insecure://127.0.0.1:{inbox.port}", sender=SENDER)
        inbox.refused.add("ada@a.example")
        with pytest.raises(MailRefusedError):
            mailer(mail)
        inbox.refused.clear()
        inbox.is_away = True
        with pytest.raises(OSError, match="451"):
            mailer(mail)
        inbox.is_away = False
        mailer(mail)
        assert len(inbox.messages) == 1
    with pytest.raises(ConnectionRefusedError):
        mailer(mail)


@mock_aws
def test_ses_is_given_the_same_message(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = boto3.client("sesv2", region_name="eu-central-1")
    client.create_email_identity(EmailIdentity="meet.test")
    SesMailer(lambda: client, sender=SENDER)(mail)
    [sent] = ses_backends["123456789012"]["eu-central-1"].sent_messages
    message = message_from_string(sent.raw_data, policy=default)
    assert isinstance(message, EmailMessage)
    check(message, mail)
    with pytest.raises(MailRefusedError):
        SesMailer(lambda: client, sender="Parley <parley@other.test>")(mail)


def test_a_calendar_is_an_alternative_with_its_method_and_a_file(mail: Mail) -> None:
    text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Über\r\nEND:VCALENDAR\r\n"
    with smtp_server() as inbox:
        mailer = SmtpMailer(f"smtp+insecure://127.0.0.1:{inbox.port}", sender=SENDER)
        mailer(msgspec.structs.replace(mail, calendar=CalendarPart(text=text, method="REQUEST")))
    [message] = inbox.of("ada@a.example")
    check(message, mail)
    alternatives, file = message.iter_parts()
    assert message.get_content_type() == "multipart/mixed"
    kinds = [part.get_content_type() for part in alternatives.iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    calendar = list(alternatives.iter_parts())[2]
    assert (calendar["Content-Type"].params["method"], calendar["Content-Type"].params["charset"]) == (
        "REQUEST",
        "utf-8",
    )
    assert calendar.get_payload(decode=True) == file.get_payload(decode=True) == text.encode()
    assert (file.get_content_type(), file.get_filename()) == ("application/ics", "invite.ics")


def test_a_mail_in_somebodys_name_comes_from_the_senders_address_and_is_known_again(mail: Mail) -> None:
    named = msgspec.structs.replace(mail, sender_name='Ada "Ü", <x@y>', reply_to="ada@a.example", id="abc-1")
    with smtp_server() as inbox:
        mailer = SmtpMailer(f"smtp+insecure://127.0.0.1:{inbox.port}", sender=SENDER)
        mailer(named)
        mailer(named)
    first, second = inbox.of("ada@a.example")
    [sender] = first["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Ada "Ü", <x@y>', "parley@meet.test")
    assert first["Reply-To"] == "ada@a.example"
    assert first["Message-ID"] == second["Message-ID"] == "<abc-1@meet.test>"


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("kind", [*LinkMail, *Notice])
def test_every_mail_says_the_same_as_text_and_as_html_and_loads_nothing(kind: LinkMail | Notice, locale: str) -> None:
    link = LINK if isinstance(kind, LinkMail) else None
    mail = compose(
        kind,
        to="ada@a.example",
        locale="de" if locale == "de" else "en",
        site="meet.test",
        link=link,
        address="x<script>@b.example",
    )
    assert "meet.test" in mail.subject
    assert "\n" not in mail.subject
    for part in (mail.subject, mail.text, mail.html):
        assert not {"{", "}"} & set(part)
    assert "<script" not in mail.html
    assert "src=" not in mail.html
    assert mail.html.count("http") == (2 if link else 0)
    assert (LINK in mail.text) == (link is not None)
    assert mail.html.count("<p>") == len(mail.text.strip().split("\n\n"))
