"""A Chalice application whose routes are typed operations and whose errors are problem documents.

Chalice keeps what it is good at: the table of routes, packaging, scheduled and plain functions. Everything that is
wrong with a request, and everything that goes wrong, becomes a `Problem` here and nowhere else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from chalice.app import Chalice, Response
from msgspec import Struct

from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.problem_documents import CONTENT_TYPE, headers_of
from functions.serverless.problems import (
    MethodNotAllowedError,
    NotFoundError,
    ServiceError,
    UnavailableError,
    problem,
)
from functions.serverless.requests import BodyT, Call, Empty, QueryT, header_of, parse_call, request_id_of
from telemetry.logs import bound
from telemetry.tracing import trace_id_of

Event: TypeAlias = Mapping[str, Any]
AnswerT = TypeVar("AnswerT")


class Security(Enum):
    """Who a route is for."""

    ANYONE = "anyone"
    USER = "user"
    USER_OR_ANYONE = "user_or_anyone"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105


class Answer(Struct, Generic[AnswerT], frozen=True, kw_only=True):
    """What a route answers besides the operation's status. ``body`` None is an answer without content."""

    body: AnswerT
    headers: Mapping[str, str] = {}


class Operation(Struct, frozen=True, kw_only=True):
    """One route and method, with what its OpenAPI document says."""

    name: str
    method: str
    path: str
    summary: str
    body: type[Struct]
    query: type[Struct]
    answer: Any
    status: int
    security: Security
    errors: tuple[ErrorCode, ...]
    idempotency_key: bool


Handler: TypeAlias = Callable[[Call[BodyT, QueryT]], Answer[Any]]
_STATUS_CODES = {400: ErrorCode.BAD_REQUEST, 404: ErrorCode.NOT_FOUND}
_event: ContextVar[Event] = ContextVar("event")


class Service(Chalice):
    """The application of one service.

    ``is_outage`` tells an outage of what the service stands on (503) from an error of its own (500).
    """

    def __init__(self, app_name: str, *, logger: logging.Logger, is_outage: Callable[[Exception], bool]) -> None:
        super().__init__(app_name)
        self.operations: list[Operation] = []
        self._logger = logger
        self._is_outage = is_outage

    def operation(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        answer: Any,
        status: int = 200,
        body: type[BodyT] = Empty,  # type: ignore[assignment]
        query: type[QueryT] = Empty,  # type: ignore[assignment]
        security: Security = Security.ANYONE,
        errors: tuple[ErrorCode, ...] = (),
        idempotency_key: bool = False,
    ) -> Callable[[Handler[BodyT, QueryT]], Handler[BodyT, QueryT]]:
        """Registers a route. ``answer`` is the type of the answer's body (None: no body), ``errors`` are its own,
        ``idempotency_key`` says that it heeds that header field."""

        def register(handler: Handler[BodyT, QueryT]) -> Handler[BodyT, QueryT]:
            name = handler.__name__
            self.operations.append(
                Operation(
                    name=name,
                    method=method,
                    path=path,
                    summary=summary,
                    body=body,
                    query=query,
                    answer=answer,
                    status=status,
                    security=security,
                    errors=errors,
                    idempotency_key=idempotency_key,
                )
            )

            def view(**_path: str) -> Response:
                answered = handler(parse_call(_event.get(), body=body, query=query))
                content = "" if answered.body is None else msgspec.json.encode(answered.body).decode()
                headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", **answered.headers}
                if answered.body is not None:
                    headers["Content-Type"] = "application/json"
                return Response(body=content, status_code=status, headers=headers)

            # Chalice would refuse a strange Content-Type of requests without a body, too; `parse_call` knows better.
            self.route(path, methods=[method], name=name, content_types=["*/*"])(self._guarded(view))
            return handler

        return register

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answers one Lambda proxy event; never raises."""
        started = time.perf_counter()
        event = {"headers": {}, "pathParameters": None, "stageVariables": None, "body": None, **event}
        event.setdefault("multiValueQueryStringParameters", None)
        with bound(request_id=request_id_of(event), trace_id=trace_id_of(header_of(event, "traceparent"))):
            answer = self._answer(event, context)
            self._log(event, answer["statusCode"], time.perf_counter() - started)
        return answer

    def _answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        token = _event.set(event)
        try:
            answer = self._dispatch(event, context)
        except Exception as error:  # noqa: BLE001  (the edge: whatever it is, the caller gets an answer)
            answer = dict(self._refusal(error, event).to_dict())
        finally:
            _event.reset(token)
        headers = answer.setdefault("headers", {})
        headers["X-Request-Id"] = request_id_of(event)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        return answer

    def _dispatch(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        request = event.get("requestContext") or {}
        methods = self.routes.get(request.get("resourcePath", ""))
        if not methods:
            raise NotFoundError("There is no such resource.")
        if request.get("httpMethod") not in methods:
            raise MethodNotAllowedError("The resource has no such method.", allowed=tuple(sorted(methods)))
        answer: dict[str, Any] = super().__call__(event, context)
        if answer["statusCode"] < 400 or CONTENT_TYPE in str(answer["headers"].get("Content-Type")):
            return answer
        # Chalice itself has refused, in a form of its own.
        status = answer["statusCode"]
        code = _STATUS_CODES.get(status, ErrorCode.BAD_REQUEST if status < 500 else ErrorCode.INTERNAL)
        body = problem(code, "The request was refused.", request_id=request_id_of(event), status=status)
        return dict(_response(status, body, {}).to_dict())

    def _guarded(self, view: Callable[..., Response]) -> Callable[..., Response]:
        def guarded(**path: str) -> Response:
            try:
                return view(**path)
            except Exception as error:  # noqa: BLE001
                return self._refusal(error, _event.get())

        return guarded

    def _refusal(self, error: Exception, event: Event) -> Response:
        """The one place where an exception becomes an answer."""
        request_id = request_id_of(event)
        match error:
            case ServiceError():
                document = problem(error.code, error.message, request_id=request_id, fields=error.fields)
                return _response(document.status, document, {**headers_of(error.code), **error.headers()})
            case TokenError():
                document = problem(error.code, error.message, request_id=request_id)
                return _response(document.status, document, headers_of(error.code))
            case _ if self._is_outage(error):
                self._logger.warning("outage", extra={"error": repr(error)})
                away = UnavailableError("A part of the platform does not answer. Please try again.")
                document = problem(away.code, away.message, request_id=request_id)
                return _response(document.status, document, headers_of(away.code))
            case _:
                self._logger.error("unhandled", exc_info=error)
                document = problem(ErrorCode.INTERNAL, "Something went wrong on our side.", request_id=request_id)
                return _response(document.status, document, {})

    def _log(self, event: Event, status: int, seconds: float) -> None:
        request = event.get("requestContext") or {}
        fields = {
            "method": request.get("httpMethod"),
            "route": request.get("resourcePath"),
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        self._logger.info("request", extra=fields)


def _response(status: int, body: Struct, headers: Mapping[str, str]) -> Response:
    content = msgspec.json.encode(body).decode()
    all_headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", **headers, "Content-Type": CONTENT_TYPE}
    return Response(body=content, status_code=status, headers=all_headers)
