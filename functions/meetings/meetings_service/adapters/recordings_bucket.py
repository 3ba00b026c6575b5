"""The bucket of recordings: what is there, how a single object can be had for a moment, and deleting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.recording_manifest import MANIFEST, Manifest, unfinished
from functions.serverless.aws import error_code
from functions.serverless.problems import UnavailableError
from meetings_service.domain.recordings import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DELETED_AT_ONCE = 1_000
"""The most that one DeleteObjects takes."""
MAX_OBJECTS = 10_000
"""More of one recording are not looked at."""
_READ_AT_ONCE = 8


class RecordingsBucket:
    """``client`` talks to the bucket; ``signer`` knows it by the address at which browsers reach it."""

    def __init__(self, client: Callable[[], S3Client], signer: Callable[[], S3Client], name: str) -> None:
        self._client = client
        self._signer = signer
        self._name = name

    def objects(self, prefix: str) -> tuple[StoredObject, ...]:
        """The objects of a recording, in the order of their names."""
        found: list[StoredObject] = []
        for entry in self._list(prefix, at_most=MAX_OBJECTS):
            part, _, name = str(entry["Key"]).removeprefix(prefix).partition("/")
            if name and "/" not in name:
                found.append(StoredObject(part=part, name=name, bytes=int(entry["Size"])))
        return tuple(found)

    def unfinished_parts(self, prefix: str) -> tuple[str, ...]:
        """The parts of a recording of which pieces are there: somebody makes them, or will put them together."""
        names = unfinished(prefix)
        pages = (
            self._client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self._name, Prefix=names, Delimiter="/", PaginationConfig={"MaxItems": MAX_OBJECTS})
        )
        found = (str(each["Prefix"]) for page in pages for each in page.get("CommonPrefixes", []))
        return tuple(each.removeprefix(names).removesuffix("/") for each in found)

    def manifests(self, prefix: str, parts: Iterable[str]) -> dict[str, Manifest]:
        """The manifests of some parts. One that cannot be read is left out, and so are the files that it is for."""
        client = self._client()

        def read(part: str) -> Manifest | None:
            try:
                answer = client.get_object(Bucket=self._name, Key=f"{prefix}{part}/{MANIFEST}")
                return msgspec.json.decode(answer["Body"].read(), type=Manifest)
            except (client.exceptions.NoSuchKey, msgspec.DecodeError):
                return None

        wanted = list(parts)
        with ThreadPoolExecutor(_READ_AT_ONCE) as threads:
            told = threads.map(read, wanted)
            return {part: manifest for part, manifest in zip(wanted, told, strict=True) if manifest is not None}

    def has(self, prefix: str, part: str, name: str) -> bool:
        """Whether an object is there."""
        client = self._client()
        try:
            client.head_object(Bucket=self._name, Key=f"{prefix}{part}/{name}")
        except client.exceptions.ClientError as error:
            if error_code(error) in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True

    def address(
        self, prefix: str, part: str, name: str, *, content_type: str, for_s: int, saved_as: str | None = None
    ) -> str:
        """An address at which this one object can be had for so many seconds, by whoever has it.

        ``saved_as``: what it is called where it is kept; None: it is only shown.
        """
        wanted = {"Bucket": self._name, "Key": f"{prefix}{part}/{name}", "ResponseContentType": content_type}
        if saved_as is not None:
            wanted["ResponseContentDisposition"] = f'attachment; filename="{saved_as}"'
        return self._signer().generate_presigned_url("get_object", Params=wanted, ExpiresIn=for_s)

    def delete(self, prefix: str) -> int:
        """Deletes all objects of a recording, its pieces too, and says how many there were. May be repeated.

        Raises:
            UnavailableError: some are still there.
        """
        if prefix.count("/") < 2 or not prefix.endswith("/"):
            raise ValueError(f"{prefix!r} is no recording's prefix")
        keys = [
            str(entry["Key"]) for names in (prefix, unfinished(prefix)) for entry in self._list(names, at_most=None)
        ]
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            wanted: Any = {"Objects": [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]], "Quiet": True}
            answer = self._client().delete_objects(Bucket=self._name, Delete=wanted)
            if answer.get("Errors"):
                raise UnavailableError("Not all files could be deleted at the moment. Please try again.")
        return len(keys)

    def _list(self, prefix: str, *, at_most: int | None) -> Iterator[Any]:
        paginator = self._client().get_paginator("list_objects_v2")
        pages = paginator.paginate(
            Bucket=self._name, Prefix=prefix, PaginationConfig={} if at_most is None else {"MaxItems": at_most}
        )
        for page in pages:
            yield from page.get("Contents", [])
