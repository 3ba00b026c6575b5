"""Brings a finished recording to the bucket: ``python -m media_fleet.recorder.upload ROOT FOLDER BUCKET [ENDPOINT]``.

A process of its own, since it may take long and is tried until it succeeds. The names of the objects are the files'
paths below ROOT. The manifest goes last: where it is, everything is. Only then is the folder removed.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from contracts.recording_manifest import MANIFEST
from media_fleet.recorder.manifest import held

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Between tries; the last one repeats."""
_CONTENT_TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska", ".json": "application/json"}


def upload(client: S3Client, root: Path, folder: Path, bucket: str) -> None:
    """Puts every file of ``folder`` into the bucket, and removes the folder.

    Raises:
        Boto3Error, BotoCoreError, ClientError: not all are there. Doing it again is fine.
        OSError: a file cannot be read.
    """
    files = [path for path in sorted(folder.iterdir()) if path.suffix in _CONTENT_TYPES]
    for path in sorted(files, key=lambda each: each.name == MANIFEST):
        key = path.relative_to(root).as_posix()
        client.upload_file(str(path), bucket, key, ExtraArgs={"ContentType": _CONTENT_TYPES[path.suffix]})
    shutil.rmtree(folder)


def waiting(root: Path) -> list[Path]:
    """The folders under ``root`` that hold a recording."""
    return sorted(path.parent for path in root.glob(f"*/*/*/{MANIFEST}"))


def main(words: list[str]) -> int:
    """The exit status: 0 once everything is in the bucket."""
    root, folder, bucket, *endpoint = words
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the node's affair, which ends this process if it must
    client: S3Client = boto3.client("s3", endpoint_url=endpoint[0] if endpoint else None)
    failures = 0
    with held(Path(folder)):
        while Path(folder, MANIFEST).exists():
            try:
                upload(client, Path(root), Path(folder), bucket)
            except (Boto3Error, BotoCoreError, ClientError, OSError) as error:
                sys.stderr.write(f"{error}\n")
                time.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
                failures += 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
