"""Objects through the front door of the real platform: those of recordings by signed addresses, and nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.platform_process import Platform, environ_of

REGION = "us-east-1"
CONTENT = b"0123456789"
NAME = "m/rec_1/1-node/001.webm"
OTHER_BUCKET = "others"


class LocalAws:
    """What the platform's own processes know of its AWS."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        environ = environ_of(platform.process_of("signaling_gateway.main"))
        self.url = environ["AWS_ENDPOINT_URL"]
        self.key = environ["AWS_SECRET_ACCESS_KEY"]
        self.bucket: str = httpx.get(f"{self.url}/parley/stack").json()["RecordingsBucketName"]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key=self.key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def signed(self, path: str, *, key: str | None = None, method: str = "GET") -> str:
        """An address below ``/objects`` with a signature: by the platform's key, or by another one."""
        request = AWSRequest(method=method, url=f"{self.platform.url}/objects{path}")
        S3SigV4QueryAuth(Credentials("local", key or self.key), "s3", REGION, expires=300).add_auth(request)
        return str(request.url)


def listening_on(process: int) -> set[str]:
    """The addresses, in the kernel's own writing, of a process's TCP sockets that listen."""
    files = [str(entry.readlink()) for entry in Path(f"/proc/{process}/fd").iterdir()]
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and f"socket:[{columns[9]}]" in files:
                found.add(columns[1].partition(":")[0])
    return found


@pytest.fixture(scope="module")
def aws(platform: Platform) -> LocalAws:
    aws = LocalAws(platform)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=OTHER_BUCKET)
    for bucket in (aws.bucket, OTHER_BUCKET):
        s3.upload_fileobj(io.BytesIO(CONTENT), bucket, NAME)
    return aws


def test_an_object_of_the_recordings_is_had_by_its_signed_address(aws: LocalAws) -> None:
    address = aws.signed(f"/{aws.bucket}/{NAME}")
    assert httpx.get(address).content == CONTENT
    part = httpx.get(address, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    head = httpx.head(address)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(CONTENT)))


def test_a_method_that_changes_something_is_refused(aws: LocalAws) -> None:
    for method in ("PUT", "POST", "DELETE"):
        answer = httpx.request(method, aws.signed(f"/{aws.bucket}/{NAME}", method=method), content=b"x")
        assert answer.status_code == 405
    assert httpx.get(aws.signed(f"/{aws.bucket}/{NAME}")).content == CONTENT


@pytest.mark.parametrize("key", ["local", "test"])
def test_a_key_that_can_be_guessed_opens_nothing(aws: LocalAws, key: str) -> None:
    for path in ("/moto-api/data.json", f"/{aws.bucket}/{NAME}"):
        assert httpx.get(aws.signed(path, key=key)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/moto-api/data.json",
        "/parley/stack",
        "/",
        "/{bucket}",
        "/{bucket}/",
        "/{bucket}?list-type=2",
        "/{bucket}/?list-type=2",
        f"/{{bucket}}/{NAME}?acl",
        "/{bucket}/%2e%2e/moto-api/data.json",
        "/{bucket}/%252e%252e/moto-api/data.json",
        f"/{OTHER_BUCKET}/{NAME}",
    ],
)
def test_nothing_else_of_the_local_aws_is_had_even_with_its_key(aws: LocalAws, path: str) -> None:
    path = path.format(bucket=aws.bucket)
    refused = httpx.get(aws.signed(path))
    assert refused.status_code == 403
    assert refused.json()["detail"] == "This address opens nothing (any more)."


def test_every_process_has_the_key_of_this_start(aws: LocalAws) -> None:
    # Valkey's own title takes the place of its environment.
    ours = [process for process, command in aws.platform.children().items() if "valkey" not in command]
    told = [environ_of(process)["AWS_SECRET_ACCESS_KEY"] for process in ours]
    assert len(told) == 7
    assert set(told) == {aws.key}
    assert len(bytes.fromhex(aws.key)) == 32


def test_the_local_aws_listens_on_the_loopback_interface_alone(aws: LocalAws) -> None:
    public = ("infra.local.front_door", "media_fleet.main")
    inner = [pid for pid, command in aws.platform.children().items() if not any(name in command for name in public)]
    assert len(inner) == 6
    loopback = "0100007F"
    assert {address for process in inner for address in listening_on(process)} == {loopback}
