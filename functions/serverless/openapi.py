"""The OpenAPI 3.1 document of a service, made from the same types that its routes parse and answer with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import msgspec
from msgspec import Struct

from contracts.error_codes import ErrorCode
from contracts.problem_documents import CONTENT_TYPE, STATUS_OF_CODE, TOKEN_CODES
from functions.serverless.access import Access, Open, OrAnyone
from functions.serverless.openapi_examples import Examples
from functions.serverless.problems import Problem
from functions.serverless.requests import FORM, IDEMPOTENCY_KEY, JSON, Empty
from functions.serverless.service import Operation

_INTRODUCTION = """\
Bodies are JSON in UTF-8, at most 64 KiB; times are RFC 3339 in UTC. Fields and parameters that are not known are \
refused.

Every error is a problem document (RFC 9457): its `code` is stable and what programs decide by, `detail` is a sentence \
for people, and `errors` names single fields that are at fault.

Lists come in pages: ask again with `cursor` until `next_cursor` is null."""
_FRESH = "A person must have proven within the last minutes who they are; `step_up_required` says how they can."
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names the request: sent again within a day, it is answered as before and not done again.",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"},
}
_REF = "#/components/schemas/{name}"


class Tag(Struct, frozen=True, kw_only=True):
    """A group of operations. ``paths``: how their paths begin; the longest beginning that fits decides."""

    name: str
    description: str
    paths: tuple[str, ...]


class ApiDescription(Struct, frozen=True, kw_only=True):
    """What a service says of its API beside its routes. ``examples``: of fields and of variables in paths, as
    `Examples` has them; ``refresh_cookie``: the name of the cookie, for a service that has one."""

    title: str
    tags: tuple[Tag, ...]
    examples: Mapping[str, Any]
    refresh_cookie: str = ""

    def tag_of(self, path: str) -> str:
        """The name of the group that a path belongs to.

        Raises:
            ValueError: it belongs to none; each route has a place in the reference.
        """
        fitting = [(len(start), tag.name) for tag in self.tags for start in tag.paths if path.startswith(start)]
        if not fitting:
            raise ValueError(f"no tag of the API's description has {path}")
        return max(fitting)[1]


def document(operations: Iterable[Operation], api: ApiDescription, *, version: str) -> dict[str, Any]:
    """The document, ready to be written as JSON.

    Raises:
        ValueError: an operation belongs to no group.
    """
    known = list(operations)
    bodies = {operation.body for operation in known if operation.body is not Empty}
    told = [answer for operation in known for answer in (operation.answer, *operation.also.values())]
    answers = {kind for answer in told for kind in _structs(answer)}
    fields = {
        (operation.query, field.encode_name): field.type
        for operation in known
        for field in msgspec.structs.fields(operation.query)
    }
    kinds = {kind: kind for kind in (*sorted(bodies | answers, key=str), Problem)} | fields
    schemas, components = msgspec.json.schema_components(kinds.values(), ref_template=_REF)
    writing = _Writing(api, dict(zip(kinds, schemas, strict=True)), Examples(components, api.examples))
    paths: dict[str, Any] = {}
    for operation in known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = writing.operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": api.title,
            "version": version,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The platform's one address."}],
        "tags": [{"name": tag.name, "description": tag.description} for tag in api.tags],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _security_schemes(api.refresh_cookie)},
    }


def _security_schemes(refresh_cookie: str) -> dict[str, Any]:
    schemes: dict[str, Any] = {
        "access_token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`Authorization: Bearer` and an access token, of a login or for an API key. Each operation "
            "names the permission that the token must have.",
        },
        "api_key": {"type": "http", "scheme": "basic", "description": "A service account's id and API key."},
    }
    if refresh_cookie:
        schemes["refresh_cookie"] = {
            "type": "apiKey",
            "in": "cookie",
            "name": refresh_cookie,
            "description": "The refresh token, where the login has put it into a cookie.",
        }
    return schemes


def errors_of(operation: Operation) -> tuple[ErrorCode, ...]:
    """Every code that the operation may answer with: its own, and those of its kind."""
    codes = list(operation.errors)
    if operation.body is not Empty:
        codes += [ErrorCode.BAD_REQUEST, ErrorCode.PAYLOAD_TOO_LARGE, ErrorCode.UNSUPPORTED_MEDIA_TYPE]
    if not isinstance(operation.access, Open):
        codes += [*TOKEN_CODES, ErrorCode.SESSION_EXPIRED, ErrorCode.PERMISSION_DENIED]
    if isinstance(operation.access, OrAnyone):
        codes.remove(ErrorCode.TOKEN_MISSING)
    if operation.quota is not None or operation.bearer_quota is not None:
        codes.append(ErrorCode.RATE_LIMITED)
    if operation.idempotency_key:
        codes.append(ErrorCode.CONFLICT)
    codes += [ErrorCode.VALIDATION_FAILED, ErrorCode.INTERNAL, ErrorCode.SERVICE_UNAVAILABLE]
    return tuple(dict.fromkeys(codes))


class _Writing:
    """Writes operations, with the schemas of their types by type, and of fields of queries by query and name."""

    def __init__(self, api: ApiDescription, schema_of: Mapping[Any, Any], examples: Examples) -> None:
        self._api = api
        self._schema_of = schema_of
        self._examples = examples

    def operation(self, operation: Operation) -> dict[str, Any]:
        """OpenAPI 3.1, Operation Object."""
        described: dict[str, Any] = {
            "operationId": operation.name,
            "summary": operation.summary,
            "tags": [self._api.tag_of(operation.path)],
            "security": _security(operation.access),
            "responses": self._responses(operation),
        }
        if operation.fresh:
            described["description"] = _FRESH
        parameters = [*self._path_parameters(operation.path), *self._query_parameters(operation.query)]
        if operation.idempotency_key:
            parameters.append(_IDEMPOTENCY_KEY)
        if parameters:
            described["parameters"] = parameters
        if operation.body is not Empty:
            required = any(field.required for field in msgspec.structs.fields(operation.body))
            schema = self._schema_of[operation.body]
            content = {"schema": schema, "example": self._examples.of_request(schema)}
            kinds = (JSON, FORM) if operation.form else (JSON,)
            described["requestBody"] = {"required": required, "content": dict.fromkeys(kinds, content)}
        return described

    def _path_parameters(self, path: str) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "example": self._examples.of_variable(segment, name),
            }
            for segment, name in re.findall(r"/([\w-]+)/{(\w+)}", path)
        ]

    def _query_parameters(self, query: type[Struct]) -> list[dict[str, Any]]:
        return [
            {
                "name": field.encode_name,
                "in": "query",
                "required": field.required,
                "schema": self._schema_of[query, field.encode_name],
            }
            for field in msgspec.structs.fields(query)
        ]

    def _responses(self, operation: Operation) -> dict[str, Any]:
        codes: dict[int, list[str]] = {}
        for code in errors_of(operation):
            codes.setdefault(STATUS_OF_CODE[code], []).append(code.value)
        refusals = {
            str(status): {
                "description": "One of the codes " + ", ".join(f"`{name}`" for name in names) + ".",
                "content": {
                    CONTENT_TYPE: {
                        "schema": {"allOf": [self._schema_of[Problem]], "properties": {"code": {"enum": names}}}
                    }
                },
            }
            for status, names in sorted(codes.items())
        }
        done = {operation.status: operation.answer, **operation.also}
        told = {str(status): self._done(status, answer, operation.media_type) for status, answer in done.items()}
        return {**told, **refusals}

    def _done(self, status: int, answer: Any, media_type: str) -> dict[str, Any]:
        described: dict[str, Any] = {"description": _DONE.get(status, "Done.")}
        if answer is None:
            return described
        known = [self._schema_of[kind] for kind in _structs(answer)]
        if known:
            schema = known[0] if len(known) == 1 else {"anyOf": known}
            content = {"schema": schema, "example": self._examples.of_answer(known[0])}
        else:
            content = {"schema": {"type": "object" if media_type == JSON else "string"}}
        described["content"] = {media_type: content}
        return described


_DONE = {
    201: "It is made.",
    202: "It is under way, or something is left to do.",
    302: "Elsewhere, at `Location`.",
    304: "As the client has it (`If-None-Match`).",
}


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


def _structs(answer: Any) -> tuple[type[Struct], ...]:
    """The structs that an answer is one of; none for an answer without a type of its own."""
    kinds = get_args(answer) or (answer,)
    return tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct))
