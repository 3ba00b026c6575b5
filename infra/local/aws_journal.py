"""What the local AWS must remember: a journal of the requests that changed something, replayed at the next start.

moto keeps everything in memory. This WSGI middleware appends each successful write to a file before its answer leaves,
so that nothing that was answered is lost, even when the process is killed. At each start the journal is replayed and
then written anew from what is there (`rewritten`), so that it does not grow without end.

Requests run one at a time: moto's conditional writes and transactions are not safe in threads.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote

import msgspec
from msgspec import Struct
from werkzeug.test import Client
from werkzeug.wrappers import Response

from infra.local.browsers import MARKS
from infra.local.errors import StackError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DYNAMODB_WRITES: Final = frozenset(
    {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "ExecuteStatement"}
)
_SECRETS_WRITES: Final = frozenset(
    {"CreateSecret", "PutSecretValue", "UpdateSecret", "DeleteSecret", "RestoreSecret", "UpdateSecretVersionStage"}
)
_KEPT_HEADERS: Final = ("Authorization", "Content-Type", "X-Amz-Target")
_BATCH: Final = 25
"""The most puts that one BatchWriteItem takes."""


class Entry(Struct, frozen=True, kw_only=True):
    """One request that changed something."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Journal:
    """The file. Each line is an `Entry` as JSON; a line that was cut off by a crash is dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoder = msgspec.json.Encoder()

    def append(self, entry: Entry) -> None:
        with self._path.open("ab") as file:
            file.write(self._encoder.encode(entry) + b"\n")

    def entries(self) -> Iterator[Entry]:
        """What was written, in order.

        Raises:
            StackError: a line in the middle cannot be read.
        """
        if not self._path.exists():
            return
        decoder = msgspec.json.Decoder(Entry)
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError as error:
                    if not line.endswith(b"\n"):
                        return
                    raise StackError(f"{self._path}, line {number}, cannot be read: {error}.") from error

    def replace(self, entries: Iterable[Entry]) -> None:
        """Writes the journal anew: all of it or, when that fails, nothing."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.writelines(self._encoder.encode(entry) + b"\n" for entry in entries)
        fresh.replace(self._path)


class JournalledAws:
    """moto's WSGI application, one request at a time, with a journal of the writes.

    Until `open` was called every request from outside is answered with 503.
    """

    def __init__(self, aws: WSGIApplication, journal: Journal) -> None:
        self._aws = aws
        self._journal = journal
        self._one_at_a_time = threading.RLock()
        self._is_open = False
        self._inside = Client(aws, Response)
        self.stack: dict[str, str] = {}
        """The outputs of the data stack, answered at ``GET /parley/stack``: the sign that the local AWS is ready."""

    def open(self) -> None:
        """Lets requests in, from now on with a journal."""
        self._is_open = True

    def inside(self, entry: Entry) -> Response:
        """Carries out one request without writing it down."""
        with self._one_at_a_time:
            return self._inside.open(
                quote(entry.path),
                method=entry.method,
                query_string=entry.query,
                headers=entry.headers,
                data=entry.body,
            )

    def replay(self) -> int:
        """Carries out what the journal holds, and says how much that was.

        Raises:
            StackError: a kept request is refused: data would be lost, so the platform must not go on.
        """
        count = 0
        for count, entry in enumerate(self._journal.entries(), start=1):  # noqa: B007
            answer = self.inside(entry)
            if answer.status_code >= 400:
                what = entry.headers.get("X-Amz-Target", f"{entry.method} {entry.path}")
                raise StackError(f"Kept data cannot be loaded: {what} answered {answer.get_data(as_text=True)[:500]}")
        return count

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if any("HTTP_" + mark.upper().replace("-", "_") in environ for mark in MARKS):
            # moto would let every page read what is secret.
            return Response("The local AWS is not for browsers.", status=403)(environ, start_response)
        if environ["PATH_INFO"] == "/parley/stack":
            status = 200 if self._is_open else 503
            response = Response(msgspec.json.encode(self.stack), status=status, content_type="application/json")
            return response(environ, start_response)
        if not self._is_open:
            return Response("The local AWS is starting.", status=503)(environ, start_response)
        entry = _entry(environ)
        with self._one_at_a_time:
            status_code, answer = _buffered(self._aws, environ, start_response)
            if status_code < 400 and _changes(entry):
                self._write_down(entry)
            return answer

    def _write_down(self, entry: Entry) -> None:
        query = parse_qs(entry.query, keep_blank_values=True)
        if "uploads" in query or "partNumber" in query:
            return  # parts of an upload become an object with its completion
        if entry.method == "POST" and "uploadId" in query:
            kept = self.inside(msgspec.structs.replace(entry, method="GET", query="", body=b""))
            entry = msgspec.structs.replace(entry, method="PUT", query="", body=kept.get_data())
        self._journal.append(entry)


def rewritten(dynamodb: Any, secrets: Any, s3: Any) -> Iterator[Entry]:
    """The least requests that lead to what the local AWS holds now. Takes boto3 clients."""
    for table in dynamodb.list_tables()["TableNames"]:
        batch: list[dict[str, Any]] = []
        for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            for item in page["Items"]:
                batch.append({"PutRequest": {"Item": msgspec.to_builtins(item)}})
                if len(batch) == _BATCH:
                    yield _call("dynamodb", "DynamoDB_20120810.BatchWriteItem", {"RequestItems": {table: batch}})
                    batch = []
        if batch:
            yield _call("dynamodb", "DynamoDB_20120810.BatchWriteItem", {"RequestItems": {table: batch}})
    for secret in secrets.list_secrets()["SecretList"]:
        yield from _secret(secrets, secret["Name"])
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for listed in page.get("Contents", []):
                yield _object(s3, bucket["Name"], listed["Key"])


def _secret(secrets: Any, name: str) -> Iterator[Entry]:
    try:
        value = secrets.get_secret_value(SecretId=name)
    except secrets.exceptions.ResourceNotFoundException:
        return  # the template makes the place
    body = {"SecretId": name, "SecretString": value["SecretString"], "ClientRequestToken": value["VersionId"]}
    yield _call("secretsmanager", "secretsmanager.PutSecretValue", body)


def _object(s3: Any, bucket: str, key: str) -> Entry:
    found = s3.get_object(Bucket=bucket, Key=key)
    headers = {"Content-Type": found["ContentType"], "Authorization": _authorization("s3")}
    headers |= {f"x-amz-meta-{name}": value for name, value in found["Metadata"].items()}
    return Entry(method="PUT", path=f"/{bucket}/{key}", query="", headers=headers, body=found["Body"].read())


def _call(service: str, target: str, body: dict[str, Any]) -> Entry:
    headers = {
        "Authorization": _authorization(service),
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
    }
    return Entry(method="POST", path="/", query="", headers=headers, body=msgspec.json.encode(body))


def _authorization(service: str) -> str:
    """Tells moto the service and the region; nobody checks the signature."""
    scope = f"Credential=local/20250101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"


def _changes(entry: Entry) -> bool:
    service, _, action = entry.headers.get("X-Amz-Target", "").partition(".")
    if service.startswith("DynamoDB"):
        return action in _DYNAMODB_WRITES
    if service == "secretsmanager":
        return action in _SECRETS_WRITES
    is_s3 = "/s3/aws4_request" in entry.headers.get("Authorization", "")
    has_key = len(entry.path.strip("/").split("/", 1)) == 2
    return is_s3 and has_key and entry.method in ("PUT", "POST", "DELETE")


def _entry(environ: WSGIEnvironment) -> Entry:
    """The request, and a body that can be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "")
    body = environ["wsgi.input"].read(-1 if chunked else length)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    headers = {name: environ[_key(name)] for name in _KEPT_HEADERS if environ.get(_key(name))}
    headers |= {
        key.removeprefix("HTTP_").replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith(("HTTP_X_AMZ_META_", "HTTP_X_AMZ_DECODED", "HTTP_CONTENT_ENCODING", "HTTP_X_AMZ_CONTENT_SHA"))
    }
    path = str(environ["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace")
    return Entry(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=str(environ.get("QUERY_STRING", "")),
        headers=headers,
        body=body,
    )


def _key(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"


def _buffered(
    application: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> tuple[int, list[bytes]]:
    """The whole answer, made while the lock is held, and its status."""
    status_line = ""

    def note_status(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        nonlocal status_line
        status_line = status
        return start_response(status, headers, exc_info)

    chunks = application(environ, note_status)
    try:
        body = list(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return int(status_line.partition(" ")[0]), body
