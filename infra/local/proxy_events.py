"""HTTP as Lambda sees it behind a REST API: proxy events (payload 1.0), and the answers that functions give.

Pure functions, after "Set up Lambda proxy integrations in API Gateway" and "Amazon API Gateway quotas" of the AWS
documentation.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

MAX_PAYLOAD_BYTES: Final = 10 * 1024 * 1024
"""The largest body that a REST API takes."""
INTEGRATION_TIMEOUT_S: Final = 29.0
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
Headers = Iterable[tuple[str, str]]


class RouteMatch(Struct, frozen=True, kw_only=True):
    """A resource of the API, and the values of the variables in its path."""

    function: str
    resource: str
    methods: frozenset[str]
    path_parameters: dict[str, str]


class RouteTable:
    """The resources of all functions; a literal segment goes before a variable one."""

    def __init__(self) -> None:
        self._resources: list[tuple[tuple[str, ...], str, str, frozenset[str]]] = []

    def add(self, function: str, resource: str, methods: Iterable[str]) -> None:
        segments = tuple(resource.strip("/").split("/"))
        self._resources.append((segments, function, resource, frozenset(methods)))
        self._resources.sort(key=lambda entry: [segment.startswith("{") for segment in entry[0]])

    def match(self, raw_path: str) -> RouteMatch | None:
        """The resource for a path as it stands in the request line (percent-encoded)."""
        given = [unquote(segment) for segment in raw_path.removeprefix("/").split("/")]
        for segments, function, resource, methods in self._resources:
            variables = _variables(segments, given)
            if variables is not None:
                return RouteMatch(function=function, resource=resource, methods=methods, path_parameters=variables)
        return None


def _variables(segments: tuple[str, ...], given: list[str]) -> dict[str, str] | None:
    if len(segments) != len(given):
        return None
    variables = {}
    for pattern, value in zip(segments, given, strict=True):
        if pattern.startswith("{"):
            if not value:
                return None
            variables[pattern.strip("{}")] = value
        elif pattern != value:
            return None
    return variables


class HttpRequest(Struct, frozen=True, kw_only=True):
    """A request as it came in. ``raw_path`` and ``query`` are percent-encoded."""

    method: str
    raw_path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str
    scheme: str
    port: int
    request_id: str
    at_ms: int


def proxy_event(request: HttpRequest, route: RouteMatch, *, binary_types: frozenset[str]) -> dict[str, Any]:
    """The event that a function is invoked with."""
    headers = [*_end_to_end(request.headers), *_forwarded(request)]
    multi_headers = _grouped(headers, key=str.lower)
    multi_query = _grouped(parse_qsl(request.query, keep_blank_values=True), key=str)
    media_type = next((value for name, value in headers if name.lower() == "content-type"), "").partition(";")[0]
    body, is_base64 = _event_body(request.body, is_binary=media_type.strip().lower() in binary_types)
    path = unquote(request.raw_path)
    return {
        "resource": route.resource,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in multi_headers.items()},
        "multiValueHeaders": multi_headers,
        "queryStringParameters": {name: values[-1] for name, values in multi_query.items()} or None,
        "multiValueQueryStringParameters": multi_query or None,
        "pathParameters": route.path_parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route.resource,
            "httpMethod": request.method,
            "path": path,
            "stage": "local",
            "accountId": "123456789012",
            "apiId": "local",
            "protocol": "HTTP/1.1",
            "requestId": request.request_id,
            "requestTimeEpoch": request.at_ms,
            "domainName": next((value for name, value in headers if name.lower() == "host"), ""),
            "identity": {
                "sourceIp": request.source_ip,
                "userAgent": next((value for name, value in headers if name.lower() == "user-agent"), None),
            },
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _end_to_end(headers: Headers) -> list[tuple[str, str]]:
    """Header fields that are for the application; what only a proxy may say of the client is dropped."""
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in _HOP_BY_HOP and not name.lower().startswith("x-forwarded-")
    ]


def _forwarded(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        ("X-Forwarded-For", request.source_ip),
        ("X-Forwarded-Proto", request.scheme),
        ("X-Forwarded-Port", str(request.port)),
    ]


def _grouped(pairs: Headers, *, key: Callable[[str], str]) -> dict[str, list[str]]:
    """Values by name, in order; names with the same ``key`` are one, in its first spelling."""
    spelling: dict[str, str] = {}
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(spelling.setdefault(key(name), name), []).append(value)
    return grouped


def _event_body(body: bytes, *, is_binary: bool) -> tuple[str | None, bool]:
    if not body:
        return None, False
    if is_binary:
        return base64.b64encode(body).decode(), True
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True  # nothing is lost; the function refuses it


class ProxyAnswer(Struct, frozen=True, kw_only=True):
    """The HTTP answer that a function asked for."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MalformedAnswerError(Exception):
    """The function's payload is no proxy answer; API Gateway says 502 then."""


def proxy_answer(payload: Any) -> ProxyAnswer:
    """Reads what a function answered.

    Raises:
        MalformedAnswerError: it is no proxy answer.
    """
    if not isinstance(payload, Mapping) or not isinstance(payload.get("statusCode"), int):
        raise MalformedAnswerError("there is no statusCode")
    body = payload.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedAnswerError("the body is no text")
    single: Mapping[str, Any] = payload.get("headers") or {}
    multiple: Mapping[str, Any] = payload.get("multiValueHeaders") or {}
    headers = [(str(name), str(value)) for name, values in multiple.items() for value in values]
    named = {name.lower() for name, _ in headers}
    headers += [(str(name), str(value)) for name, value in single.items() if name.lower() not in named]
    if any("\r" in text or "\n" in text for header in headers for text in header):
        raise MalformedAnswerError("a header holds a line break")
    return ProxyAnswer(status=payload["statusCode"], headers=tuple(headers), body=_answer_body(payload, body or ""))


def _answer_body(payload: Mapping[str, Any], body: str) -> bytes:
    if not payload.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedAnswerError("the body is not base64") from error
