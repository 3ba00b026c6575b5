"""Errors of the HTTP edge as problem documents (RFC 9457), in the form that the HTTP functions write."""

from __future__ import annotations

import secrets

import msgspec
from msgspec import Struct

from contracts.error_codes import ErrorCode
from contracts.problem_documents import STATUS_OF_CODE, headers_of, title_of, type_of


class Problem(Struct, frozen=True, kw_only=True):
    """``code`` is stable; ``detail`` is a sentence for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str


def problem(code: str, detail: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and header fields of the answer. A code that no client can cause here is one of our bugs: 500."""
    known = next((each for each in ErrorCode if each == code), ErrorCode.INTERNAL)
    status = STATUS_OF_CODE.get(known, 500)
    document = Problem(
        type=type_of(known),
        title=title_of(known),
        status=status,
        code=code,
        detail=detail,
        request_id=secrets.token_hex(16),
    )
    return status, msgspec.json.encode(document), headers_of(known)
