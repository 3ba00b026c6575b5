"""Calls of DynamoDB against a server that says what its test wants, and botocore as the second opinion."""

from __future__ import annotations

import calendar
import contextlib
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from functions.serverless import aws
from functions.serverless.connections import BrokenAnswerError, Connections, NotConnectedError
from functions.serverless.dynamodb import DynamoDB, Signer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}


def answer(status: str, body: bytes, *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refusal(code: str, status: str = "400 Bad Request", **members: Any) -> bytes:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "Because.", **members}
    return answer(status, json.dumps(body).encode())


FOUND = answer("200 OK", json.dumps({"Item": KEY}).encode())
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"
CLOSE = object()
"""The server closes the connection instead of answering, or after it has answered."""
SILENCE = object()


class Server:
    """Answers each request with the next of ``script``; keeps what it was sent."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.script: list[Any] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(wire)
            threading.Thread(target=self._serving, args=(wire,), daemon=True).start()

    def _serving(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError):  # whoever asks may be gone before it is answered
            self._serve(wire)

    def _serve(self, wire: socket.socket) -> None:
        reader = wire.makefile("rb")
        while reader.readline():
            fields = dict[str, str]()
            while line := reader.readline().strip().decode("latin-1"):
                name, _, value = line.partition(":")
                fields[name.lower()] = value.strip()
            self.requests.append((fields, reader.read(int(fields.get("content-length", 0)))))
            said = self.script.pop(0)
            if said is SILENCE:
                continue
            if said is not CLOSE:
                wire.sendall(said)
            closes = said is CLOSE or (self.script and self.script[0] is CLOSE and self.script.pop(0))
            if closes:
                reader.close()
                wire.shutdown(socket.SHUT_RDWR)
                wire.close()
                return

    def close(self) -> None:
        self._listening.close()
        for wire in self._open:
            wire.close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def boto() -> Iterator[Callable[[str], DynamoDBClient]]:
    with contextlib.ExitStack() as made:

        def make(url: str) -> DynamoDBClient:
            client = new_boto(url)
            made.callback(client.close)
            return client

        yield make


@pytest.fixture
def connect() -> Iterator[Callable[[str], Connections]]:
    with contextlib.ExitStack() as made:

        def make(url: str) -> Connections:
            return made.enter_context(contextlib.closing(Connections(url, connect_timeout_s=1, read_timeout_s=2)))

        yield make


@pytest.fixture
def lean(connect: Callable[[str], Connections]) -> Callable[..., DynamoDB]:
    def make(url: str, pauses: list[float] | None = None) -> DynamoDB:
        return DynamoDB(
            new_boto(url),
            connections=connect(url),
            credentials=lambda: Credentials("id", "secret").get_frozen_credentials(),
            sleep=(pauses if pauses is not None else []).append,
        )

    return make


def new_boto(url: str) -> DynamoDBClient:
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("token", [None, "a session's"])
def test_signatures_are_those_of_botocore(token: str | None) -> None:
    credentials = Credentials("id", "secret", token)
    fields = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.GetItem"}
    request = AWSRequest("POST", "https://dynamodb.eu-central-1.amazonaws.com/", headers=fields, data=b"{}")
    SigV4Auth(credentials, "dynamodb", "eu-central-1").add_auth(request)
    signer = Signer(region="eu-central-1", service="dynamodb")
    at = calendar.timegm(time.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ"))
    for _ in range(2):  # with the key that was kept, too
        signed = signer.sign(
            fields,
            host="dynamodb.eu-central-1.amazonaws.com",
            path="/",
            body=b"{}",
            by=credentials.get_frozen_credentials(),
            now=at,
        )
        assert signed["Authorization"] == request.headers["Authorization"]
        assert signed.get("X-Amz-Security-Token") == token


def test_requests_are_those_of_botocore_on_one_connection(
    server: Server, lean: Callable[..., DynamoDB], boto: Callable[[str], DynamoDBClient]
) -> None:
    server.script = [FOUND, FOUND]
    ours = lean(server.url)
    assert ours.get_item(TableName="t", Key=KEY, ConsistentRead=True) == {"Item": KEY}
    assert ours.get_item(TableName="t", Key=KEY, ConsistentRead=True) == {"Item": KEY}
    assert server.connections == 1
    server.script = [FOUND]
    theirs = boto(server.url).get_item(TableName="t", Key=KEY, ConsistentRead=True)
    assert theirs["Item"] == KEY
    mine, _, reference = server.requests
    assert json.loads(mine[1]) == json.loads(reference[1])
    for name in ("host", "content-type", "x-amz-target"):
        assert mine[0][name] == reference[0][name]


def test_errors_are_those_of_botocore(
    server: Server, lean: Callable[..., DynamoDB], boto: Callable[[str], DynamoDBClient]
) -> None:
    reasons = [{"Code": "ConditionalCheckFailed", "Message": "no"}, {"Code": "None"}]
    cancelled = refusal("TransactionCanceledException", CancellationReasons=reasons)
    ours, theirs = lean(server.url), boto(server.url)
    seen = []
    for client in (ours, theirs):
        server.script = [cancelled]
        with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
            client.transact_write_items(TransactItems=[{"Delete": {"TableName": "t", "Key": KEY}}])
        seen.append((caught.value.response["Error"], caught.value.response["CancellationReasons"]))
    assert seen[0] == seen[1]
    server.script = [refusal("ValidationException")]
    with pytest.raises(ClientError, match=r"ValidationException.*Because") as unknown:
        ours.put_item(TableName="t", Item=KEY)
    assert aws.error_code(unknown.value) == "ValidationException"
    assert not aws.is_outage(unknown.value)


@pytest.mark.parametrize(
    "first",
    [
        refusal("ThrottlingException"),
        refusal("InternalServerError", "500 Internal Server Error"),
        answer("503 Service Unavailable", b"<html>"),
        answer("200 OK", b'{"Item": {}}', f"x-amz-crc32: {zlib.crc32(b'another')}"),
        b"nonsense\r\n\r\n",
        HALF,
        CLOSE,
        SILENCE,
    ],
    ids=["throttled", "server error", "no problem of JSON", "checksum", "no HTTP", "half", "closed", "silent"],
)
def test_what_fails_for_a_moment_is_tried_again(server: Server, lean: Callable[..., DynamoDB], first: Any) -> None:
    server.script = [first, CLOSE, FOUND] if first == HALF else [first, FOUND]
    pauses: list[float] = []
    assert lean(server.url, pauses).get_item(TableName="t", Key=KEY) == {"Item": KEY}
    assert len(pauses) == 1
    assert 0 <= pauses[0] <= 0.05


def test_a_transaction_that_is_tried_again_is_the_same_one(server: Server, lean: Callable[..., DynamoDB]) -> None:
    done = answer("200 OK", b"{}")
    server.script = [CLOSE, done, done]
    client = lean(server.url)
    client.transact_write_items(TransactItems=[])
    client.transact_write_items(TransactItems=[])
    first, again, another = (json.loads(body)["ClientRequestToken"] for _, body in server.requests)
    assert first == again != another


def test_a_connection_that_was_closed_meanwhile_is_not_used(server: Server, lean: Callable[..., DynamoDB]) -> None:
    server.script = [FOUND, CLOSE, FOUND]
    pauses: list[float] = []
    client = lean(server.url, pauses)
    client.get_item(TableName="t", Key=KEY)
    wire = client._connections._idle[0]
    wire._poll.poll(5_000)  # until its end has come
    client.get_item(TableName="t", Key=KEY)
    assert pauses == []
    assert server.connections == 2


@pytest.mark.parametrize(
    ("said", "kind"), [(CLOSE, ConnectionClosedError), (SILENCE, ReadTimeoutError)], ids=["closed", "silent"]
)
def test_who_never_answers_is_away(
    server: Server, lean: Callable[..., DynamoDB], said: Any, kind: type[Exception]
) -> None:
    server.script = [said] * 3
    with pytest.raises(kind) as caught:
        lean(server.url).get_item(TableName="t", Key=KEY)
    assert aws.is_outage(caught.value)
    assert len(server.requests) == 3


def test_who_cannot_be_reached_is_away(lean: Callable[..., DynamoDB]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EndpointConnectionError) as caught:
        lean(f"http://127.0.0.1:{port}").get_item(TableName="t", Key=KEY)
    assert aws.is_outage(caught.value)


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n[1\r\n1\r\n]\r\n0\r\nX: y\r\n\r\n",
            b"[1]",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
    ],
    ids=["chunked", "after a 100"],
)
def test_other_forms_of_answers(
    server: Server, connect: Callable[[str], Connections], said: bytes, body: bytes
) -> None:
    server.script = [said, FOUND]
    connections = connect(server.url)
    assert connections.post({}, b"").body == body
    assert connections.post({}, b"").status == 200
    assert server.connections == 1


def test_an_answer_may_end_with_its_connection(server: Server, connect: Callable[[str], Connections]) -> None:
    server.script = [b"HTTP/1.0 200 OK\r\n\r\n{}", CLOSE]
    connections = connect(server.url)
    assert connections.post({}, b"").body == b"{}"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_broken_answers(server: Server, connect: Callable[[str], Connections], said: bytes) -> None:
    server.script = [said, CLOSE]
    with pytest.raises(BrokenAnswerError):
        connect(server.url).post({}, b"")


@pytest.mark.parametrize("url", ["ftp://a", "http://", "https://a"])
def test_addresses_that_lead_nowhere(url: str) -> None:
    with pytest.raises(ValueError, match="'"):
        Connections(url, connect_timeout_s=1, read_timeout_s=1)


def test_tls_names_are_checked(server: Server) -> None:
    connections = Connections(
        server.url.replace("http:", "https:"),
        connect_timeout_s=1,
        read_timeout_s=1,
        tls=ssl.create_default_context(),
    )
    server.script = [b"no TLS"]
    with pytest.raises(NotConnectedError):
        connections.post({}, b"")


def test_behind_a_proxy_botocore_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Callable[[], Any] = aws._dynamodb_client.__wrapped__
    # What is made for this test is nobody else's: others in this process are led to moto.
    monkeypatch.setattr(aws, "_client", aws._client.__wrapped__)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(made(), DynamoDB)
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    assert not isinstance(made(), DynamoDB)
