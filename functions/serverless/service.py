"""A Chalice application whose routes are typed operations and whose errors are problem documents.

Chalice keeps what it is good at: the table of routes, packaging, scheduled and plain functions. Everything that is
wrong with a request, and everything that goes wrong, becomes a `Problem` here and nowhere else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from chalice.app import Chalice, Response
from msgspec import Struct

from contracts.access_token import AccessClaims
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.problem_documents import CONTENT_TYPE, headers_of
from functions.serverless.access import Access, CheckFresh, Open, Verify, claims_of, permit
from functions.serverless.client_addresses import ClientAddresses, network_of
from functions.serverless.problems import (
    MethodNotAllowedError,
    NotFoundError,
    ServiceError,
    UnavailableError,
    problem,
)
from functions.serverless.rate_limits import Quota, RateLimitedError
from functions.serverless.rate_limits import header_fields as limit_fields
from functions.serverless.redis_limits import Limits
from functions.serverless.requests import (
    FORM,
    JSON,
    BodyT,
    Call,
    Empty,
    QueryT,
    header_fields,
    header_of,
    parse_call,
    request_id_of,
)
from functions.serverless.standings import StandingCheck
from telemetry import spans
from telemetry.logs import bound
from telemetry.tracing import traced_as

Event: TypeAlias = Mapping[str, Any]
AnswerT = TypeVar("AnswerT")


class Answer(Struct, Generic[AnswerT], frozen=True, kw_only=True):
    """What a route answers. ``body`` None is an answer without content; ``status`` None is the operation's."""

    body: AnswerT
    headers: Mapping[str, str | list[str]] = {}
    status: int | None = None


class Operation(Struct, frozen=True, kw_only=True):
    """One route and method, with what its OpenAPI document says."""

    name: str
    method: str
    path: str
    summary: str
    access: Access
    body: type[Struct]
    query: type[Struct]
    answer: Any
    media_type: str
    """Of the answer, unless it is an error."""
    status: int
    also: Mapping[int, Any]
    """The types of other answers that are no errors, by status."""
    errors: tuple[ErrorCode, ...]
    idempotency_key: bool
    form: bool
    quota: Quota | None
    """What each client's address may ask for."""
    bearer_quota: Quota | None
    """What each bearer of access tokens may ask for."""
    fresh: bool
    """Whether a person must have proven a moment ago who they are."""
    audited: str | None
    """What the audit log calls it, when it is done."""


Handler: TypeAlias = Callable[[Call[BodyT, QueryT]], Answer[Any]]
_STATUS_CODES = {400: ErrorCode.BAD_REQUEST, 404: ErrorCode.NOT_FOUND}
_event: ContextVar[Event] = ContextVar("event")


class Limiting(Struct, frozen=True, kw_only=True):
    """The limits of a service: where they are counted, those of single routes by name, and what one bearer of access
    tokens may ask for on all other routes together.

    ``standings``: for a service that cannot look accounts up itself. What Redis has of them is read as requests are
    counted.
    """

    limits: Limits
    quotas: Mapping[str, Quota]
    of_a_bearer: Quota | None = None
    standings: StandingCheck | None = None


class Service(Chalice):
    """The application of one service.

    ``is_outage`` tells an outage of what the service stands on (503) from an error of its own (500); ``verify`` reads
    access tokens; ``check_fresh`` refuses who has not just proven who they are; ``addresses`` knows clients; without
    ``limiting`` there are no limits; ``audit`` keeps what was done, before it is answered.
    """

    def __init__(
        self,
        app_name: str,
        *,
        logger: logging.Logger,
        is_outage: Callable[[Exception], bool],
        verify: Verify,
        check_fresh: CheckFresh | None = None,
        addresses: ClientAddresses | None = None,
        limiting: Limiting | None = None,
        audit: Callable[[str, Call[Any, Any]], None] | None = None,
    ) -> None:
        super().__init__(app_name)
        self.operations: list[Operation] = []
        self._logger = logger
        self._is_outage = is_outage
        self._verify = verify
        self._check_fresh = check_fresh
        self._addresses = addresses or ClientAddresses()
        self._limiting = limiting
        self._audit = audit

    def operation(
        self,
        method: str,
        path: str,
        *,
        summary: str,
        access: Access,
        answer: Any,
        media_type: str = JSON,
        status: int = 200,
        also: Mapping[int, Any] | None = None,
        name: str | None = None,
        body: type[BodyT] = Empty,  # type: ignore[assignment]
        query: type[QueryT] = Empty,  # type: ignore[assignment]
        errors: tuple[ErrorCode, ...] = (),
        idempotency_key: bool = False,
        form: bool = False,
        limit: str | None = None,
        bearer_limit: str | None = None,
        fresh: bool = False,
        audited: str | None = None,
    ) -> Callable[[Handler[BodyT, QueryT]], Handler[BodyT, QueryT]]:
        """Registers a route.

        ``access`` says who it is for, ``answer`` is the type of the answer's body (None: none), ``media_type`` the
        answer's own (a body that is not JSON is a text, and sent as it is), ``also`` the types of other answers by
        their status, ``errors`` are its own, ``idempotency_key`` says that it heeds that header field, ``form`` that it
        takes forms beside JSON, ``limit`` names the quota that each client's address has for it, ``bearer_limit`` that
        of each bearer (without either, bearers have what they have for all such routes together), ``fresh`` says that
        people must have proven a moment ago who they are, ``audited`` is what the audit log calls it,
        ``name`` is the handler's unless told.
        """
        if audited is not None and self._audit is None:
            raise ValueError(f"nothing keeps that {audited} was done")
        if fresh and self._check_fresh is None:
            raise ValueError(f"nothing checks that who calls {path} has just proven who they are")

        def register(handler: Handler[BodyT, QueryT]) -> Handler[BodyT, QueryT]:
            operation = Operation(
                name=name or handler.__name__,
                method=method,
                path=path,
                summary=summary,
                access=access,
                body=body,
                query=query,
                answer=answer,
                media_type=media_type,
                status=status,
                also=also or {},
                errors=(*errors, ErrorCode.STEP_UP_REQUIRED) if fresh else errors,
                idempotency_key=idempotency_key,
                form=form,
                quota=self._quota(limit),
                bearer_quota=self._bearer_quota(access, limit, bearer_limit),
                fresh=fresh,
                audited=audited,
            )
            self.operations.append(operation)

            def view(**_path: str) -> Response:
                event, limited = _event.get(), dict[str, str]()
                try:
                    call = self._admitted(operation, event, limited)
                    answered = handler(call)
                    if audited is not None and self._audit is not None:
                        self._audit(audited, call)
                    response = _response(answered.status or status, answered.body, answered.headers, media_type)
                except Exception as error:  # noqa: BLE001
                    response = self._refusal(error, event)
                response.headers.update(limited)
                return response

            # Chalice would refuse a strange Content-Type of requests without a body, too; `parse_call` knows better.
            self.route(path, methods=[method], name=operation.name, content_types=["*/*"])(view)
            return handler

        return register

    def _quota(self, limit: str | None) -> Quota | None:
        return None if self._limiting is None or limit is None else self._limiting.quotas[limit]

    def _bearer_quota(self, access: Access, limit: str | None, bearer_limit: str | None) -> Quota | None:
        if bearer_limit is not None:
            return self._quota(bearer_limit)
        if self._limiting is None or limit is not None or isinstance(access, Open):
            return None
        return self._limiting.of_a_bearer

    def _admitted(self, operation: Operation, event: Event, limited: dict[str, str]) -> Call[Any, Any]:
        """The request, if its caller may and is within the limits; ``limited`` gets the fields that tell of these."""
        address = self._addresses.of(event)
        claims = self._counted(operation, network_of(address), header_fields(event), limited)
        permit(operation.access, claims)
        if operation.fresh and claims is not None and self._check_fresh is not None:
            self._check_fresh(claims)
        kinds = (JSON, FORM) if operation.form else (JSON,)
        return parse_call(
            event, body=operation.body, query=operation.query, kinds=kinds, client_address=address, claims=claims
        )

    def _counted(
        self, operation: Operation, network: str, headers: Mapping[str, str], limited: dict[str, str]
    ) -> AccessClaims | None:
        """The claims of the caller, once the request is counted: in one round trip, with what is known of the account.

        Where the token is looked up in a table, the address is counted before.
        """
        limiting = self._limiting
        if limiting is None:
            return claims_of(operation.access, headers, self._verify)
        by_address = [] if operation.quota is None else [(operation.quota, network)]
        if limiting.standings is None:
            self._count(limiting, by_address, limited)
            by_address = []
        claims = claims_of(operation.access, headers, self._verify)
        by_bearer = [] if operation.bearer_quota is None or claims is None else [(operation.bearer_quota, claims.sub)]
        keys = () if limiting.standings is None or claims is None else limiting.standings.keys(claims)
        values = self._count(limiting, [*by_address, *by_bearer], limited, read=keys)
        return claims if limiting.standings is None or claims is None else limiting.standings.check(claims, values)

    def _count(
        self,
        limiting: Limiting,
        asked: Sequence[tuple[Quota, str]],
        limited: dict[str, str],
        *,
        read: Sequence[str] = (),
    ) -> tuple[bytes | None, ...] | None:
        if not asked and not read:
            return None
        counted = limiting.limits.count_all(asked, read=read)
        limited.update(limit_fields(counted.standings))
        waits = [standing.reset_s for standing in counted.standings if not standing.allowed]
        if waits:
            message = f"Too many requests. Please wait {max(waits)} seconds."
            raise RateLimitedError(message, retry_after_s=max(waits))
        return counted.values

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answers one Lambda proxy event; never raises."""
        started = time.perf_counter()
        event = {"headers": {}, "pathParameters": None, "stageVariables": None, "body": None, **event}
        event.setdefault("multiValueQueryStringParameters", None)
        with bound(request_id=request_id_of(event)), traced_as(header_of(event, "traceparent")):
            with _span(event) as span:
                answer = self._answer(event, context)
                span.say("http.response.status_code", answer["statusCode"])
            self._log(event, answer["statusCode"], time.perf_counter() - started)
        spans.before_answering()
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

    def _refusal(self, error: Exception, event: Event) -> Response:
        """The one place where an exception becomes an answer."""
        request_id = request_id_of(event)
        match error:
            case ServiceError():
                document = problem(
                    error.code,
                    error.message,
                    request_id=request_id,
                    fields=error.fields,
                    error=error.oauth_error,
                    methods=error.methods,
                )
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


def _span(event: Event) -> AbstractContextManager[spans.Begun]:
    """As OpenTelemetry's conventions have it for servers of HTTP."""
    request = event.get("requestContext") or {}
    method, route = str(request.get("httpMethod")), str(request.get("resourcePath"))
    return spans.span(f"{method} {route}", spans.Kind.SERVER, {"http.request.method": method, "http.route": route})


def _response(status: int, body: Any, headers: Mapping[str, str | list[str]], kind: str = CONTENT_TYPE) -> Response:
    is_json = kind in {JSON, CONTENT_TYPE}
    content = "" if body is None else msgspec.json.encode(body).decode() if is_json else str(body)
    all_headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", **headers}
    if body is not None:
        all_headers["Content-Type"] = kind
    return Response(body=content, status_code=status, headers=all_headers)
