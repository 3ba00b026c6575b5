"""What API Gateway does in front of a function: finds the route and makes the proxy event (REST API, payload 1.0)."""

from __future__ import annotations

import base64
import functools
import importlib.util
import itertools
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_NETWORKS = itertools.count(1)
ROOT = Path(__file__).parents[3]


def load_app(service: str, name: str) -> ModuleType:
    """One more instance of a function's ``app.py``, as a new Lambda environment would have it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "functions" / service / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The code of a problem document, after checking that it is one."""
        assert self.headers["content-type"] == "application/problem+json", self.text
        problem = self.json()
        assert {"type", "title", "status", "code", "detail", "request_id"} <= set(problem), problem
        assert problem["status"] == self.status
        assert problem["request_id"] == self.headers["x-request-id"]
        return str(problem["code"])


class Client:
    """Calls one instance of a function, as API Gateway would."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: str | bytes | None = None,
        source_ip: str | None = None,
    ) -> HttpAnswer:
        """One request. ``body`` is sent as JSON, ``raw`` as it is (bytes: base64 in the event, as for binary types)."""
        sent = {"content-type": "application/json"} if body is not None or raw is not None else {}
        sent |= {"authorization": f"Bearer {token}"} if token is not None else {}
        event = self.event(method, url, sent | dict(headers or {}), raw if raw is not None else _json(body))
        # Each request comes from an address of its own, unless it says otherwise: no test meets another's limits.
        event["requestContext"]["identity"] = {"sourceIp": source_ip or f"2001:db8:{next(_NETWORKS):x}::1"}
        answer = self.module.app(event, None)
        assert set(answer) >= {"statusCode", "headers", "body"}
        several = {name: "; ".join(values) for name, values in (answer.get("multiValueHeaders") or {}).items()}
        flat = {name.lower(): value for name, value in {**answer["headers"], **several}.items()}
        return HttpAnswer(status=answer["statusCode"], headers=flat, text=answer["body"])

    def event(self, method: str, url: str, headers: Mapping[str, str], body: str | bytes | None) -> dict[str, Any]:
        parts = urlsplit(url)
        resource, variables = self._route(parts.path)
        query = parse_qs(parts.query, keep_blank_values=True) or None
        binary = isinstance(body, bytes)
        return {
            "resource": resource,
            "path": parts.path,
            "httpMethod": method,
            "headers": dict(headers),
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
            "multiValueQueryStringParameters": query,
            "pathParameters": variables or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "requestId": uuid.uuid4().hex,
                "stage": "test",
            },
            "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": binary,
        }

    @functools.cached_property
    def document(self) -> dict[str, Any]:
        """Its OpenAPI document. It is a large one, and the same for everybody: asked for and read once."""
        paths = {operation.path for operation in self.module.app.operations}
        path = next(path for path in paths if path.endswith("openapi.json"))
        answer = self.request("GET", path)
        assert answer.status == 200
        document: dict[str, Any] = answer.json()
        return document

    def _route(self, path: str) -> tuple[str, dict[str, str]]:
        """The most literal route that fits, as API Gateway chooses it; an unknown path stands for itself."""
        for route, pattern in self._patterns:
            if fit := pattern.fullmatch(path):
                return route, {name: unquote(value) for name, value in fit.groupdict().items()}
        return path, {}

    @functools.cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        """The routes and what their paths look like, the most literal ones first."""
        return [
            (route, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route))))
            for route in sorted(self.module.app.routes, key=lambda route: route.count("{"))
        ]


def _json(body: Any) -> str | None:
    return None if body is None else json.dumps(body)
