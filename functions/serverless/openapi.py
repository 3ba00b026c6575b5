"""The OpenAPI 3.1 document of a service, made from the same types that its routes parse and answer with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from msgspec import Struct

from contracts.error_codes import ErrorCode
from contracts.problem_documents import CONTENT_TYPE, STATUS_OF_CODE, TOKEN_CODES
from functions.serverless.access import Access, Open, OrAnyone
from functions.serverless.problems import Problem
from functions.serverless.requests import FORM, IDEMPOTENCY_KEY, JSON, Empty
from functions.serverless.service import Operation

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names the request: sent again within a day, it is answered as before and not done again.",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"},
}
_REF = "#/components/schemas/{name}"


def document(operations: Iterable[Operation], *, title: str, version: str) -> dict[str, Any]:
    """The document, ready to be written as JSON."""
    known = list(operations)
    bodies = {operation.body for operation in known if operation.body is not Empty}
    told = [answer for operation in known for answer in (operation.answer, *operation.also.values())]
    answers = {kind for answer in told for kind in _structs(answer)}
    kinds = [*sorted(bodies | answers, key=str), Problem]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    schema_of = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "access_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "api_key": {"type": "http", "scheme": "basic", "description": "A service account's id and API key."},
                "refresh_cookie": {"type": "apiKey", "in": "cookie", "name": "parley_refresh"},
            },
        },
    }


def errors_of(operation: Operation) -> tuple[ErrorCode, ...]:
    """Every code that the operation may answer with: its own, and those of its kind."""
    codes = list(operation.errors)
    if operation.body is not Empty:
        codes += [ErrorCode.BAD_REQUEST, ErrorCode.PAYLOAD_TOO_LARGE, ErrorCode.UNSUPPORTED_MEDIA_TYPE]
    if not isinstance(operation.access, Open):
        codes += [*TOKEN_CODES, ErrorCode.PERMISSION_DENIED]
    if isinstance(operation.access, OrAnyone):
        codes.remove(ErrorCode.TOKEN_MISSING)
    if operation.quota is not None:
        codes.append(ErrorCode.RATE_LIMITED)
    codes += [ErrorCode.VALIDATION_FAILED, ErrorCode.INTERNAL, ErrorCode.SERVICE_UNAVAILABLE]
    return tuple(dict.fromkeys(codes))


def _operation(operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": _security(operation.access),
        "responses": _responses(operation, schema_of),
    }
    parameters = [*_path_parameters(operation.path), *_query_parameters(operation.query)]
    if operation.idempotency_key:
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        described["parameters"] = parameters
    if operation.body is not Empty:
        required = any(field.required for field in msgspec.structs.fields(operation.body))
        kinds = (JSON, FORM) if operation.form else (JSON,)
        content = {kind: {"schema": schema_of[operation.body]} for kind in kinds}
        described["requestBody"] = {"required": required, "content": content}
    return described


def _security(access: Access) -> list[dict[str, list[str]]]:
    """OpenAPI 3.1, Security Requirement Object: for a bearer token the array names what it must allow."""
    match access:
        case Open.ANYONE:
            return []
        case Open.REFRESH_TOKEN:
            return [{}, {"refresh_cookie": []}]
        case Open.CLIENT_CREDENTIALS:
            return [{}, {"api_key": []}]
        case OrAnyone():
            return [{}, {"access_token": [access.permission]}]
        case _:
            return [{"access_token": [access]}]


def _responses(operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    codes: dict[int, list[str]] = {}
    for code in errors_of(operation):
        codes.setdefault(STATUS_OF_CODE[code], []).append(code.value)
    refusals = {
        str(status): {
            "description": "One of the codes " + ", ".join(f"`{name}`" for name in names) + ".",
            "content": {CONTENT_TYPE: {"schema": schema_of[Problem]}},
        }
        for status, names in sorted(codes.items())
    }
    done = {operation.status: operation.answer, **operation.also}
    return {**{str(status): _done(answer, schema_of) for status, answer in done.items()}, **refusals}


def _done(answer: Any, schema_of: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": "Done."}
    if answer is not None:
        known = [schema_of[kind] for kind in _structs(answer)] or [{"type": "object"}]
        schema = known[0] if len(known) == 1 else {"anyOf": known}
        described["content"] = {"application/json": {"schema": schema}}
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(query: type[Struct]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": msgspec.json.schema(field.type),
        }
        for field in msgspec.structs.fields(query)
    ]


def _structs(answer: Any) -> tuple[type[Struct], ...]:
    """The structs that an answer is one of; none for an answer without a type of its own."""
    kinds = get_args(answer) or (answer,)
    return tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct))
