"""Both services as they are on AWS: with each other's functions, with SES, and with secrets that have no value yet."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest

from functions.serverless import aws
from tests.doubles.inbox import text_of
from tests.integration.functions.auth_keys import serving_keys
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.watched_calls import Watch

SCHEDULED = {
    "version": "0",
    "account": "123456789012",
    "region": "eu-central-1",
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-01-01T00:00:00Z",
    "id": "1",
    "resources": [],
}
"""What EventBridge invokes a schedule's function with."""
Handlers = dict[str, Callable[[Any, Any], Any]]


def run_schedule(service: Client, handler: str) -> None:
    """What a schedule does when its time has come."""
    getattr(service.module, handler)(SCHEDULED, None)


@dataclass
class Installation:
    """``auth`` and ``meetings`` answer HTTP; the functions beside them run in environments of their own.

    ``functions``: what Lambda's Invoke API reaches, by name; nothing while there is none of a name.
    """

    auth: Client
    auth_functions: Client
    meetings: Client
    meeting_functions: Client
    mails: list[EmailMessage]
    functions: Handlers

    @contextmanager
    def functions_away(self) -> Iterator[None]:
        """Functions cannot be invoked for a while, and what they would do waits for a schedule."""
        away = dict(self.functions)
        self.functions.clear()
        try:
            yield
        finally:
            self.functions.update(away)

    def link_in(self, address: str) -> str:
        """The token of the link in the latest mail to an address."""
        mail = [each for each in self.mails if each["To"] == address][-1]
        found = re.search(r"#token=([\w-]+)", text_of(mail))
        assert found is not None, text_of(mail)
        return found[1]


@contextmanager
def lambda_api(functions: Handlers) -> Iterator[str]:
    """Lambda's Invoke API at an address. An event's function has ended before it is answered, so that nobody waits."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = self.path.split("/")[3]
            if name not in functions:
                self._answer(404, {"Message": f"Function not found: {name}"}, "ResourceNotFoundException")
                return
            answered = functions[name](body, None)
            waits = self.headers["X-Amz-Invocation-Type"] == "RequestResponse"
            self._answer(200 if waits else 202, answered if waits else None)

        def _answer(self, status: int, body: Any, error: str = "") -> None:
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            if error:
                self.send_header("X-Amzn-ErrorType", error)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def mails_by_ses(watch: Watch, functions: Handlers, patch: pytest.MonkeyPatch) -> Iterator[list[EmailMessage]]:
    """Clients of SES and Lambda for as long as it lasts, in the environment at hand; what is sent is kept."""
    with lambda_api(functions) as address:
        sent: list[EmailMessage] = []
        clients: dict[str, Any] = {
            "sesv2": watch.hooked(boto3.client("sesv2")),
            "lambda": watch.hooked(boto3.client("lambda", endpoint_url=address)),
        }
        clients["sesv2"].create_email_identity(EmailIdentity="meet.test")

        def keep(params: Any, **_: Any) -> None:
            raw = params["Content"]["Raw"]["Data"]
            sent.append(email.message_from_bytes(raw, policy=email.policy.default))

        clients["sesv2"].meta.events.register("before-parameter-build.sesv2.SendEmail", keep)
        others = aws._client
        patch.setattr(aws, "_client", lambda service: clients.get(service) or others(service))
        yield sent


@contextmanager
def installation(
    stack: Mapping[str, str],
    broker: str,
    watch: Watch,
    *,
    new_auth: Callable[..., Client],
    new_meetings: Callable[..., Client],
) -> Iterator[Installation]:
    """The two services on the tables and the bucket of a data stack (its outputs), in the environment at hand."""
    functions: Handlers = {}
    sends = {"MAIL": "ses", "MAIL_FROM": "Parley <parley@meet.test>", "REDIS_URL": broker}
    of_auth = {
        "TABLE": stack["AuthTableName"],
        "SIGNING_SECRET": "roles/auth/signing",
        "SEALING_SECRET": "roles/auth/sealing",
        "PROVIDERS_SECRET": "roles/auth/providers",
        "JOBS_FUNCTION": "auth-jobs",
        "ACCOUNTS_FUNCTION": "meetings-accounts",
    }
    of_meetings = {
        "TABLE": stack["MeetingsTableName"],
        "RECORDINGS_BUCKET": stack["RecordingsBucketName"],
        "SIGNING_SECRET": "roles/meetings/signing",
        "SEALING_SECRET": "roles/meetings/sealing",
        "DELIVERIES_FUNCTION": "meetings-deliveries",
        "JOBS_FUNCTION": "meetings-jobs",
        "WEBHOOK_REACH": "any",
    }

    def auth() -> Client:
        return new_auth(**{f"PARLEY_AUTH_{name}": value for name, value in (of_auth | sends).items()})

    def meetings(keys: str) -> Client:
        settings = of_meetings | sends | {"AUTH_JWKS_URL": keys}
        return new_meetings(**{f"PARLEY_MEETINGS_{name}": value for name, value in settings.items()})

    with pytest.MonkeyPatch.context() as patch, mails_by_ses(watch, functions, patch) as mails:
        answering, beside = auth(), auth()
        boto3.client("secretsmanager").put_secret_value(SecretId=of_auth["PROVIDERS_SECRET"], SecretString="[]")
        with serving_keys(answering) as keys:
            made = Installation(answering, beside, meetings(keys), meetings(keys), mails, functions)
            functions["auth-jobs"] = beside.module.do_job
            functions["meetings-accounts"] = made.meeting_functions.module.account_news
            functions["meetings-deliveries"] = made.meeting_functions.module.deliver
            functions["meetings-jobs"] = made.meeting_functions.module.do_jobs
            yield made
