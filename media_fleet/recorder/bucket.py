"""The bucket of recordings, as those see it who bring them: pieces of what is being made, and finished files.

A file of more than one part (Amazon S3's word for what a multipart upload consists of) is there once all of it is. What
a process that was killed has begun is aborted by the one that goes on, and by a rule of the bucket where nobody does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from contracts.recording_manifest import CONTENT_TYPES, UNFINISHED, unfinished

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 16 * 1024 * 1024
"""Octets of a part of a large file: 10,000 of them are the most, and 5 MiB the least that S3 takes."""
_DELETED_AT_ONCE = 1_000
_IS_THERE = "PreconditionFailed"
"""What S3 says where somebody else has put the object before. Who is only putting it now (409) may yet fail."""
_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2, "mode": "standard"})
"""Trying for long is the caller's affair, who says meanwhile that it does not work."""


class RecordingsBucket:
    """Methods raise `botocore.exceptions.BotoCoreError` and `ClientError` where the bucket is away or refuses.

    May be used by several threads at once.
    """

    def __init__(self, name: str, endpoint_url: str | None) -> None:
        self._name = name
        self._client: S3Client = boto3.client("s3", endpoint_url=endpoint_url, config=_CONFIG)

    # ---- finished files ----

    def abort_uploads(self, prefix: str) -> int:
        """Aborts what others have begun to upload and left. How many there were. ``prefix``: of one part's objects."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._name, Prefix=prefix)
        left = [(each["Key"], each["UploadId"]) for page in pages for each in page.get("Uploads", [])]
        for key, upload_id in left:
            self._client.abort_multipart_upload(Bucket=self._name, Key=key, UploadId=upload_id)
        return len(left)

    def put_file(self, path: Path, key: str, *, only_new: bool) -> None:
        """Puts a file there; with ``only_new`` not over an object that is there already. Raises `OSError`, too."""
        condition: Any = {"IfNoneMatch": "*"} if only_new else {}
        where: Any = {"Bucket": self._name, "Key": key}
        content_type = CONTENT_TYPES[path.suffix]
        try:
            with path.open("rb") as file:
                data = file.read(PART)
                if len(data) < PART:
                    self._client.put_object(**where, Body=data, ContentType=content_type, **condition)
                    return
                upload_id = self._client.create_multipart_upload(**where, ContentType=content_type)["UploadId"]
                try:
                    self._put_parts(where | {"UploadId": upload_id}, data, file, condition)
                except BaseException:
                    self._client.abort_multipart_upload(**where, UploadId=upload_id)
                    raise
        except ClientError as error:
            if not only_new or error.response["Error"]["Code"] != _IS_THERE:
                raise

    def _put_parts(self, upload: Any, data: bytes, file: Any, condition: Any) -> None:
        parts: list[Any] = []
        while data:
            answer = self._client.upload_part(**upload, PartNumber=len(parts) + 1, Body=data)
            parts.append({"PartNumber": len(parts) + 1, "ETag": answer["ETag"]})
            data = file.read(PART)
        self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **condition)

    # ---- pieces ----

    def put_piece(self, prefix: str, part: str, number: int, data: bytes) -> None:
        """Puts a piece of a part there."""
        self._client.put_object(Bucket=self._name, Key=f"{unfinished(prefix, part)}{number:08d}", Body=data)

    def pieces(self, prefix: str, part: str) -> list[tuple[str, int, float]]:
        """A part's pieces, in their order: their names, their sizes, and how many seconds ago they came."""
        now, start = time.time(), unfinished(prefix, part)
        return [
            (str(each["Key"]).removeprefix(start), int(each["Size"]), now - each["LastModified"].timestamp())
            for page in self._pages(Prefix=start)
            for each in page.get("Contents", [])
        ]

    def piece(self, prefix: str, part: str, name: str) -> bytes:
        """A piece."""
        key = f"{unfinished(prefix, part)}{name}"
        return self._client.get_object(Bucket=self._name, Key=key)["Body"].read()

    def delete_pieces(self, prefix: str, part: str) -> None:
        """Deletes a part's pieces. There being none is fine."""
        keys = [f"{unfinished(prefix, part)}{name}" for name, _, _ in self.pieces(prefix, part)]
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            wanted: Any = {"Objects": [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]], "Quiet": True}
            answer = self._client.delete_objects(Bucket=self._name, Delete=wanted)
            if answer.get("Errors"):
                first: Any = answer["Errors"][0]
                raise ClientError({"Error": first}, "DeleteObjects")

    def unfinished(self) -> list[str]:
        """What the names of pieces begin with, for each part that has some."""
        pages = self._pages(Prefix=UNFINISHED, Delimiter="/")
        return [str(each["Prefix"]) for page in pages for each in page.get("CommonPrefixes", [])]

    def _pages(self, **wanted: Any) -> Iterator[Any]:
        return iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, **wanted))
