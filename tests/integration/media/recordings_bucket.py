"""The bucket to which the nodes under test bring their recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BUCKET = "recordings"


def to_bucket(folder: Path, s3_url: str) -> dict[str, str]:
    """A node's settings: what it records is kept in a folder, and brought to the bucket."""
    return {
        "PARLEY_NODE_RECORDINGS_PATH": str(folder),
        "PARLEY_NODE_RECORDINGS_BUCKET": BUCKET,
        "PARLEY_NODE_RECORDINGS_ENDPOINT_URL": s3_url,
    }


def in_bucket(s3: Any) -> dict[str, bytes]:
    """All objects, by name."""
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
