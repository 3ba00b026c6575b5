"""The journal of the local AWS: which requests are kept, and that none is kept that failed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from infra.local.aws_journal import Entry, Journal, JournalledAws
from infra.local.errors import StackError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

S3 = "AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none"


class Aws:
    """Answers everything with one status and remembers what it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.asked: list[tuple[str, str, bytes]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append((request.method, request.path, request.get_data()))
        return Response("body of the object", status=self.status)(environ, start_response)


def opened(aws: Aws, path: Path) -> Client:
    journalled = JournalledAws(aws, Journal(path))
    journalled.open()
    return Client(journalled, Response)


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_no_page_gets_an_answer(tmp_path: Path, header: str) -> None:
    aws = Aws()
    client = opened(aws, tmp_path / "journal")
    assert client.options("/", headers={header: "https://evil.example"}).status_code == 403
    assert client.post("/", headers={header: "cross-site"}, data=b"{}").status_code == 403
    assert aws.asked == []


@pytest.mark.parametrize("target", ["DynamoDB_20120810.PutItem", "secretsmanager.PutSecretValue"])
def test_a_write_is_kept(tmp_path: Path, target: str) -> None:
    path = tmp_path / "journal"
    opened(Aws(), path).post("/", headers={"X-Amz-Target": target}, data=b"{}")
    assert [(entry.headers["X-Amz-Target"], entry.body) for entry in Journal(path).entries()] == [(target, b"{}")]


@pytest.mark.parametrize(
    "target", ["DynamoDB_20120810.GetItem", "DynamoDB_20120810.Query", "secretsmanager.GetSecretValue"]
)
def test_a_read_is_not_kept(tmp_path: Path, target: str) -> None:
    path = tmp_path / "journal"
    opened(Aws(), path).post("/", headers={"X-Amz-Target": target}, data=b"{}")
    assert list(Journal(path).entries()) == []


def test_a_refused_write_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    opened(Aws(status=400), path).post("/", headers={"X-Amz-Target": "DynamoDB_20120810.PutItem"}, data=b"{}")
    assert list(Journal(path).entries()) == []


def test_parts_of_an_upload_are_kept_as_the_object_that_they_become(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    client = opened(Aws(), path)
    headers = {"Authorization": S3}
    client.post("/bucket/key?uploads", headers=headers)
    client.put("/bucket/key?partNumber=1&uploadId=u", headers=headers, data=b"part")
    client.post("/bucket/key?uploadId=u", headers=headers, data=b"<Complete/>")
    [entry] = Journal(path).entries()
    assert (entry.method, entry.path, entry.query, entry.body) == ("PUT", "/bucket/key", "", b"body of the object")


def test_nothing_comes_in_before_the_kept_requests_are_replayed(tmp_path: Path) -> None:
    aws = Aws()
    client = Client(JournalledAws(aws, Journal(tmp_path / "journal")), Response)
    assert client.get("/").status_code == 503
    assert client.get("/parley/stack").status_code == 503
    assert aws.asked == []


def test_a_replay_repeats_what_was_kept_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for key in ("a", "ü b"):
        journal.append(Entry(method="PUT", path=f"/bucket/{key}", query="", headers={}, body=key.encode()))
    aws = Aws()
    assert JournalledAws(aws, journal).replay() == 2
    assert aws.asked == [("PUT", "/bucket/a", b"a"), ("PUT", "/bucket/ü b", "ü b".encode())]


def test_a_replay_that_fails_stops_the_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(Entry(method="PUT", path="/bucket/a", query="", headers={}, body=b""))
    with pytest.raises(StackError, match="PUT /bucket/a"):
        JournalledAws(Aws(status=500), journal).replay()


def test_a_line_that_a_crash_cut_off_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path).append(Entry(method="PUT", path="/b/a", query="", headers={}, body=b""))
    path.write_bytes(path.read_bytes() + b'{"method":"PU')
    assert [entry.path for entry in Journal(path).entries()] == ["/b/a"]


def test_a_broken_line_in_the_middle_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"broken\n")
    Journal(path).append(Entry(method="PUT", path="/b/a", query="", headers={}, body=b""))
    with pytest.raises(StackError, match="line 1"):
        list(Journal(path).entries())
