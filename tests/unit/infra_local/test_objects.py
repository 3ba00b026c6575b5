"""Signed addresses of objects: what boto3 signs with the platform's key is believed, and only objects of one bucket."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from infra.local.objects import PATH, is_signed, names_object

HOST = "meet.test:8080"
KEY = "6d6f6f6e"
BUCKET = "parley-recordings-1"
OBJECT = f"{PATH}/{BUCKET}/m/rec_1/1-node/001.webm"


def address(key: str = "m/rec_1/1-node/001 ü.webm", seconds: int = 300, secret: str = KEY) -> tuple[str, str]:
    """The path and the query that boto3 signs."""
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{HOST}{PATH}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key=secret,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    url = client.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": BUCKET,
            "Key": key,
            "ResponseContentDisposition": 'attachment; filename="a b.webm"',
            "ResponseContentType": "video/webm",
        },
        ExpiresIn=seconds,
    )
    parts = urlsplit(url)
    return parts.path, parts.query


def test_what_was_signed_is_believed_until_its_end() -> None:
    path, query = address()
    assert is_signed(path, query, host=HOST, now=time.time(), key=KEY)
    assert is_signed(path, query, host=HOST, now=time.time() + 290, key=KEY)
    assert not is_signed(path, query, host=HOST, now=time.time() + 301, key=KEY)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        ("filename", "filenames"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=range"),
        ("X-Amz-Credential=local", "X-Amz-Credential=other"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("X-Amz-Signature=", "X-Amz-Nothing="),
        ("X-Amz-Date=2", "X-Amz-Date=3"),
    ],
)
def test_what_was_changed_is_not(before: str, after: str) -> None:
    path, query = address()
    assert before in query
    changed = query.replace(before, after) if before else ""
    assert not is_signed(path, changed, host=HOST, now=time.time(), key=KEY)


def test_another_object_host_or_key_is_not() -> None:
    path, query = address()
    assert not is_signed(path.replace("001", "002"), query, host=HOST, now=time.time(), key=KEY)
    assert not is_signed(path, query, host="evil.test", now=time.time(), key=KEY)
    assert not is_signed(*address(secret="local"), host=HOST, now=time.time(), key=KEY)
    assert not is_signed(*address(secret=""), host=HOST, now=time.time(), key=KEY)


def test_what_is_signed_names_an_object() -> None:
    assert names_object(*address(), bucket=BUCKET)
    assert not names_object(*address(), bucket="another")


@pytest.mark.parametrize(
    "path",
    [
        f"{PATH}/moto-api/data.json",
        f"{PATH}/parley/stack",
        f"{PATH}/another/m/rec_1/1-node/001.webm",
        f"{PATH}/{BUCKET}",
        f"{PATH}/{BUCKET}/",
        f"{PATH}/{BUCKET}-2/m",
        f"/{BUCKET}/m",
        f"{PATH}//{BUCKET}/m",
        f"http://{HOST}{PATH}/{BUCKET}/m",
        f"{PATH}/{BUCKET}/../moto-api/data.json",
        f"{PATH}/{BUCKET}/%2e%2e/moto-api/data.json",
        f"{PATH}/{BUCKET}/.%2E/moto-api/data.json",
        f"{PATH}/{BUCKET}/..%2fmoto-api%2fdata.json",
        f"{PATH}/{BUCKET}/%252e%252e/moto-api/data.json",
        f"{PATH}/{BUCKET}/..%5cmoto-api%5cdata.json",
        f"{PATH}/{BUCKET}/./m",
        f"{PATH}/{BUCKET}/%2e",
        f"{PATH}/{BUCKET}/m//n",
        f"{PATH}/{BUCKET}/%2fm",
        f"{PATH}/{BUCKET}/m%2f",
        f"{PATH}/{BUCKET}/m%00",
        f"{PATH}/{BUCKET}/m%0d%0aHost:%20evil.test",
        f"{PATH}/{BUCKET}/m#/n",
        f"{PATH}/{BUCKET}/m\\n",
    ],
)
def test_no_other_path_does(path: str) -> None:
    _, query = address()
    assert names_object(OBJECT, query, bucket=BUCKET)
    assert not names_object(path, query, bucket=BUCKET)


def test_without_a_bucket_nothing_does() -> None:
    _, query = address()
    assert not names_object(f"{PATH}//m", query, bucket="")


@pytest.mark.parametrize(
    "more",
    [
        "list-type=2",
        "acl",
        "uploads=",
        "versionId=1",
        "%6cist-type=2",
        "X-Amz-Security-Token=1",
        "X-Amz-Expires=300",
        "response-content-type=text%2Fhtml",
        "Action=ListSecrets",
        "",
    ],
)
def test_no_other_operation_does(more: str) -> None:
    _, query = address()
    assert not names_object(OBJECT, f"{query}&{more}", bucket=BUCKET)
