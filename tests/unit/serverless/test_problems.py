"""Problem documents: every code that an HTTP service can raise has a status, and every document its members."""

from __future__ import annotations

import json

import msgspec
import pytest
from auth_service import errors as auth_errors
from meetings_service import errors as meetings_errors

from contracts.error_codes import ErrorCode
from contracts.problem_documents import STATUS_OF_CODE, TOKEN_CODES, headers_of
from functions.serverless import problems
from functions.serverless.problems import FieldError, ServiceError, problem

RAISED = [
    kind
    for module in (problems, auth_errors, meetings_errors)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, ServiceError)
]


@pytest.mark.parametrize("kind", RAISED)
def test_every_error_has_a_status(kind: type[ServiceError]) -> None:
    assert kind.code in STATUS_OF_CODE


def test_every_way_to_refuse_an_access_token_has_a_status() -> None:
    assert set(TOKEN_CODES) == {code for code in ErrorCode if code.startswith("token_")}
    assert {STATUS_OF_CODE[code] for code in TOKEN_CODES} == {401}


def test_document_has_the_members_of_rfc_9457_and_ours() -> None:
    fields = (FieldError(field="email", message="m"),)
    document = problem(ErrorCode.EMAIL_TAKEN, "Taken.", request_id="r1", fields=fields)
    assert json.loads(msgspec.json.encode(document)) == {
        "type": "https://parley.example/problems/email_taken",
        "title": "Email taken",
        "status": 409,
        "code": "email_taken",
        "detail": "Taken.",
        "request_id": "r1",
        "errors": [{"field": "email", "message": "m"}],
    }
    without = json.loads(msgspec.json.encode(problem(ErrorCode.NOT_FOUND, "No.", request_id="r1")))
    assert "errors" not in without


def test_missing_and_bad_tokens_are_challenged_and_outages_say_when() -> None:
    assert headers_of(ErrorCode.TOKEN_MISSING) == {"WWW-Authenticate": "Bearer"}
    assert headers_of(ErrorCode.TOKEN_EXPIRED) == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert headers_of(ErrorCode.KEYS_UNAVAILABLE) == {"Retry-After": "2"}
    assert headers_of(ErrorCode.INVALID_CREDENTIALS) == {}
