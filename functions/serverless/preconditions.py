"""Conditional requests with ETag (RFC 9110, 8.8.3): optimistic locking with If-Match (13.1.1), where the tag of
something is its version, and If-None-Match (13.1.2) for what a client has kept. Both are heeded where they are sent,
and not demanded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from contracts.error_codes import ErrorCode
from functions.serverless.problems import InvalidFieldError, ServiceError

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_TAGS = re.compile(rf"{_TAG}(?:\s*,\s*{_TAG})*")


class PreconditionFailedError(ServiceError):
    """Somebody else was faster."""

    code = ErrorCode.PRECONDITION_FAILED

    def __init__(self) -> None:
        super().__init__("This has been changed meanwhile. Please read it again.")


def etag_of(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def is_known(headers: Mapping[str, str], tag: str) -> bool:
    """Whether the client says that it has what ``tag`` stands for, by weak comparison: who compresses on the way makes
    tags weak. ``headers`` have lower-case names; a field that is no list of tags says nothing."""
    field = headers.get("if-none-match", "").strip()
    if field == "*":
        return True
    return bool(_TAGS.fullmatch(field)) and tag in (known.removeprefix("W/") for known in re.findall(_TAG, field))


def is_asked_for(headers: Mapping[str, str], version: int) -> bool:
    """Whether the request is for this version: any without If-Match. ``headers`` have lower-case names.

    Raises:
        InvalidFieldError: If-Match holds something else than tags.
    """
    field = headers.get("if-match", "*").strip()
    if field == "*":
        return True
    if not _TAGS.fullmatch(field):
        raise InvalidFieldError("If-Match", "This is no list of entity tags, and no asterisk.")
    return etag_of(version) in re.findall(_TAG, field)
