"""A request as a route sees it: parsed, typed and bounded, from a Lambda proxy event (REST API, payload 1.0)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct, UnsetType

from contracts.access_token import AccessClaims
from functions.serverless.problems import (
    BadRequestError,
    InvalidFieldError,
    NotFoundError,
    PayloadTooLargeError,
    TokenMissingError,
    UnsupportedMediaTypeError,
    ValidationFailedError,
)
from functions.serverless.validation import convert_fields, decode_body

MAX_BODY_BYTES = 64 * 1024
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_MAX_NAME_BYTES = 1024
"""Of what a path names: more than anything is called, and less than a key of a table may have."""
IDEMPOTENCY_KEY = r"[A-Za-z0-9_.:-]{1,64}"


class Empty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No fields: the body or query of a route that takes none."""


class ForeignQuery(Struct, frozen=True, kw_only=True):
    """Base of queries that another service writes into an address of ours: what is not known in them is passed over."""


BodyT = TypeVar("BodyT", bound=Struct)
QueryT = TypeVar("QueryT", bound=Struct)
T = TypeVar("T")


class Call(Struct, Generic[BodyT, QueryT], frozen=True, kw_only=True):
    """One request. ``headers`` have lower-case names; ``path`` holds the variables of the route's path."""

    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    headers: Mapping[str, str]
    request_id: str
    client_address: str | None = None
    """The client's IP address, where it is known."""
    claims: AccessClaims | None = None
    """Of the access token that the request came with, where the route looks at one."""

    @property
    def caller(self) -> AccessClaims:
        """The claims of the access token that the route needs.

        Raises:
            TokenMissingError: the route needs none, and there is none.
        """
        if self.claims is None:
            raise TokenMissingError
        return self.claims

    def cookie(self, name: str) -> str | None:
        """The value of a cookie, None if the request has none by that name."""
        try:
            morsel = SimpleCookie(self.headers.get("cookie", "")).get(name)
        except CookieError:
            return None
        return morsel.value if morsel else None

    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), as it was sent; None without one.

        Raises:
            InvalidFieldError: it is no key.
        """
        key = self.headers.get("idempotency-key")
        if key is not None and not re.fullmatch(IDEMPOTENCY_KEY, key):
            raise InvalidFieldError("Idempotency-Key", "A key has 1 to 64 letters, digits, dots, colons, _ or -.")
        return key

    def is_cross_site(self) -> bool:
        """Whether a browser says that another site's page has sent this (Fetch Metadata, Sec-Fetch-Site)."""
        return self.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


def given(value: T | UnsetType) -> T | None:
    """The value of a field of a body or query; None where it was left out."""
    return None if isinstance(value, UnsetType) else value


def parse_call(
    event: Mapping[str, Any],
    *,
    body: type[BodyT],
    query: type[QueryT],
    kinds: tuple[str, ...] = (JSON,),
    client_address: str | None = None,
    claims: AccessClaims | None = None,
) -> Call[BodyT, QueryT]:
    """The typed request of an event, from ``client_address`` and the bearer of ``claims``. ``kinds``: the media types
    that its body may have.

    Raises:
        PayloadTooLargeError, UnsupportedMediaTypeError, BadRequestError, ValidationFailedError: the request is not
            what the route takes.
        NotFoundError: the path holds what nothing is called.
    """
    headers = header_fields(event)
    return Call(
        body=_body(event, headers, body, kinds),
        query=_query(event, query),
        path=_path(event),
        headers=headers,
        request_id=request_id_of(event),
        client_address=client_address,
        claims=claims,
    )


def header_of(event: Mapping[str, Any], name: str) -> str | None:
    """The value of a header field by its lower-case name; None without it."""
    return header_fields(event).get(name)


def header_fields(event: Mapping[str, Any]) -> dict[str, str]:
    """The header fields, by their lower-case names. What is no character in them (a lone surrogate) becomes a question
    mark: they are written into logs and tables, where nothing else would be taken."""
    return {
        name.lower(): value if value.isascii() else value.encode("utf-8", "replace").decode()
        for name, value in (event.get("headers") or {}).items()
        if value is not None
    }


def request_id_of(event: Mapping[str, Any]) -> str:
    """The id that API Gateway gave the request."""
    return str((event.get("requestContext") or {}).get("requestId") or "-")


def _path(event: Mapping[str, Any]) -> Mapping[str, str]:
    variables: Mapping[str, str] = event.get("pathParameters") or {}
    if any(not _is_text(value) or len(value.encode()) > _MAX_NAME_BYTES for value in variables.values()):
        raise NotFoundError("There is no such resource.")
    return variables


def _is_text(value: str) -> bool:
    """Whether it can be written: a lone surrogate is no character (Unicode 16, 3.9, D76)."""
    return value.isascii() or value.encode("utf-8", "replace").decode() == value


def _body(event: Mapping[str, Any], headers: Mapping[str, str], kind: type[BodyT], kinds: tuple[str, ...]) -> BodyT:
    if kind is Empty:
        return kind()  # a body that nothing reads is nobody's concern
    raw = _raw_body(event)
    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLargeError(f"The body is larger than {MAX_BODY_BYTES} bytes.")
    if not raw:
        if not any(field.required for field in msgspec.structs.fields(kind)):
            return kind()
        raise BadRequestError("The body is empty; this route takes a JSON object.")
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in kinds:
        raise UnsupportedMediaTypeError(f"The body must be {' or '.join(kinds)}.")
    return decode_body(raw, kind) if media_type == JSON else _form(raw, kind)


def _form(raw: bytes, kind: type[BodyT]) -> BodyT:
    """The fields of a form (WHATWG URL, application/x-www-form-urlencoded); each once (RFC 6749, 3.2)."""
    try:
        fields = parse_qs(raw.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=32)
    except ValueError as error:
        raise BadRequestError("The body is no form.") from error
    if any(len(values) != 1 for values in fields.values()):
        raise ValidationFailedError("A field of the form is given more than once.")
    return convert_fields({name: values[0] for name, values in fields.items()}, kind, strict=False)


def _raw_body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if not body:
        return b""
    data = body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")
    if not event.get("isBase64Encoded"):
        return data
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise BadRequestError("The body cannot be read.") from error


def _query(event: Mapping[str, Any], kind: type[QueryT]) -> QueryT:
    multi: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    if any(len(values) != 1 for values in multi.values()):
        raise ValidationFailedError("A parameter of the query is given more than once.")
    given = {name: values[0] for name, values in multi.items()}
    for name, value in given.items():
        if not _is_text(name + value):
            shown = name.encode("utf-8", "replace").decode()
            raise InvalidFieldError(shown[:64], "This holds something that is no character.")
    if issubclass(kind, ForeignQuery):
        known = {field.encode_name for field in msgspec.structs.fields(kind)}
        given = {name: value for name, value in given.items() if name in known}
    return convert_fields(given, kind, strict=False)
