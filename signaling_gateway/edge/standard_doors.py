"""WHIP (RFC 9725) and WHEP: an encoder or a player posts an offer with a token or a stream key, and is in the meeting.

``POST /whip`` or ``/whep`` opens a session, whose resource (``Location``) takes ``PATCH`` (RFC 8840 fragments) and
``DELETE``. The resource's address is unguessable and is proof enough: a token may have expired by then.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs

from msgspec import Struct

from contracts.client_commands import MAX_SDP_LENGTH
from contracts.client_messages import IceServer
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.meeting_token import MeetingClaims
from contracts.problem_documents import CONTENT_TYPE as PROBLEM
from contracts.rooms import Identity, MeetingId, ParticipantId
from signaling_gateway.domain.offered_media import ice_fragment
from signaling_gateway.domain.token_bucket import TokenBucket
from signaling_gateway.domain.watching import View
from signaling_gateway.edge.connecting import TokenVerifier
from signaling_gateway.edge.frame_guard import App, Receive, Send
from signaling_gateway.edge.problems import problem
from signaling_gateway.errors import GatewayError, Refusal
from signaling_gateway.metrics import DOOR_REQUESTS
from signaling_gateway.service.door_session import Answered
from signaling_gateway.service.standard_doors import StandardDoors
from telemetry import spans
from telemetry.logs import bound
from telemetry.tracing import traced

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
MAX_FRAGMENT_BYTES: Final = 16 * 1024
AT_ONCE: Final = 10
PER_S: Final = 0.5
"""How often one identity may open a session: an encoder that lost its path tries every second or two."""
MAX_BUDGETS: Final = 10_000
BODY_WITHIN_S = 10.0
"""How long a request may take to come: a stranger's, too, keeps some memory meanwhile."""

_DOORS: Final = ("/whip", "/whep")
_RESOURCE = re.compile(r"/wh[ie]p/([A-Za-z0-9_.\-]{1,64})/([A-Za-z0-9_.\-]{1,64})/([A-Za-z0-9_\-]{16,64})")
_FOR_ALL: Final = {"Access-Control-Allow-Origin": "*"}
"""Any page may use the doors: what opens them is in the request, and nothing that a browser would add by itself."""
_EXPOSED: Final = {"Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Patch, Retry-After"}
_PREFLIGHT: Final = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
}

_log = logging.getLogger(__name__)


class Request(Struct, frozen=True, kw_only=True):
    """What a door is asked."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


class Response(Struct, frozen=True, kw_only=True):
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class StandardDoorRoutes:
    """Answers ``/whip``, ``/whep`` and what is below them; hands everything else on (ASGI middleware)."""

    def __init__(
        self,
        app: App,
        *,
        verifier: TokenVerifier,
        doors: StandardDoors,
        ice_servers: Callable[[Identity], Iterable[IceServer]],
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._doors = doors
        self._ice_servers = ice_servers
        self._budgets: dict[Identity, TokenBucket] = {}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """See ASGI."""
        path = scope.get("path", "") if scope["type"] == "http" else ""
        if path not in _DOORS and not path.startswith(("/whip/", "/whep/")):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"] if scope["method"] in {"POST", "PATCH", "DELETE", "OPTIONS"} else "other"
        code = "ok"
        try:
            response = await self._answer(await _request(scope, receive))
        except (GatewayError, TokenError) as error:
            code = str(error.code)
            response = _problem(code, error.message, _allow(path) if code == ErrorCode.METHOD_NOT_ALLOWED else {})
        except Exception:  # noqa: BLE001  (a bug of ours is one request's failure)
            _log.exception("a request at a standard door failed")
            code = ErrorCode.INTERNAL
            response = _problem(code, "Something went wrong on our side.", {})
        DOOR_REQUESTS.labels(method, code).observe(time.perf_counter() - started)
        await _send(send, response)

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return _options(request.path)
        resource = _RESOURCE.fullmatch(request.path)
        if resource is None and request.path not in _DOORS:
            raise Refusal(ErrorCode.NOT_FOUND, "There is no such resource.")
        handlers: dict[str, Callable[[], Awaitable[Response]]] = {}
        if resource is None:
            handlers["POST"] = lambda: self._open(request)
        else:
            place = MeetingId(resource[1]), ParticipantId(resource[2]), resource[3]
            handlers["PATCH"] = lambda: self._patch(request, place)
            handlers["DELETE"] = lambda: self._delete(place)
        handler = handlers.get(request.method)
        if handler is None:
            raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, "The resource has no such method.")
        return await handler()

    async def _open(self, request: Request) -> Response:
        claims = await self._claims(request)
        _demand_type(request, SDP)
        if not _accepts(request.headers.get("accept", "*/*"), SDP):
            raise Refusal(ErrorCode.NOT_ACCEPTABLE, f"The answer is {SDP}.")
        offer = _text(request.body, MAX_SDP_LENGTH)
        with (
            bound(meeting_id=claims.meeting),
            traced(claims.trace_id, claims.span_id),
            spans.span(f"POST {request.path}", spans.Kind.SERVER),
        ):
            if request.path == "/whip":
                screen = _choice(request, "source", ("camera", "screen")) == "screen"
                answered = await self._doors.open_stream(claims, offer, screen=screen)
            else:
                view = View(participant=_choice(request, "participant"), track=_choice(request, "track"))
                answered = await self._doors.open_view(claims, offer, view)
        await self._still_opens(request, claims, answered)
        return self._created(request.path, claims.sub, answered)

    async def _still_opens(self, request: Request, claims: MeetingClaims, answered: Answered) -> None:
        """Looks again at a stream key: who revokes it ends the sessions that there are, and this one is new."""
        if claims.stream_key is None:
            return
        try:
            await self._verifier.verify(_bearer(request), None)
        except (GatewayError, TokenError):
            await self._doors.end(answered.meeting_id, answered.participant_id, answered.secret)
            raise

    def _created(self, door: str, identity: Identity, answered: Answered) -> Response:
        location = f"{door}/{answered.meeting_id}/{answered.participant_id}/{answered.secret}"
        links = [("Link", link) for server in self._ice_servers(identity) for link in ice_links(server)]
        headers = (
            ("Content-Type", SDP),
            ("Location", location),
            ("ETag", f'"{answered.ice_session}"'),
            ("Accept-Patch", FRAGMENT),
            *links,
        )
        return Response(status=201, headers=headers, body=answered.sdp.encode())

    async def _patch(self, request: Request, place: tuple[MeetingId, ParticipantId, str]) -> Response:
        _demand_type(request, FRAGMENT)
        match = request.headers.get("if-match")
        if match is None:
            raise Refusal(
                ErrorCode.PRECONDITION_REQUIRED, "If-Match names the ICE session by its ETag, or is * to restart ICE."
            )
        fragment = ice_fragment(_text(request.body, MAX_FRAGMENT_BYTES))
        ice_session = None if match == "*" else match.strip().strip('"')
        restarted = await self._doors.change_ice(*place, fragment=fragment, ice_session=ice_session)
        if restarted is None:
            return Response(status=204)
        lines = [
            "a=ice-lite",
            *fragment.head,
            f"a=ice-ufrag:{restarted.ufrag}",
            f"a=ice-pwd:{restarted.pwd}",
            *(f"a=candidate:{candidate}" for candidate in restarted.candidates),
            "a=end-of-candidates",
        ]
        headers = (("Content-Type", FRAGMENT), ("ETag", f'"{restarted.ufrag}"'))
        return Response(status=200, headers=headers, body="".join(f"{line}\r\n" for line in lines).encode())

    async def _delete(self, place: tuple[MeetingId, ParticipantId, str]) -> Response:
        await self._doors.end(*place)
        return Response(status=200)

    async def _claims(self, request: Request) -> MeetingClaims:
        claims = await self._verifier.verify(_bearer(request), None)
        self._draw(claims.sub)
        return claims

    def _draw(self, identity: Identity) -> None:
        now = time.monotonic()
        bucket = self._budgets.pop(identity, None) or TokenBucket.full(capacity=AT_ONCE, rate=PER_S, now=now)
        drawn = bucket.take(now)
        # Behind all others: those who have not been here for longest are forgotten first.
        self._budgets[identity] = drawn or bucket
        if len(self._budgets) > MAX_BUDGETS:
            del self._budgets[next(iter(self._budgets))]
        if drawn is None:
            raise Refusal(ErrorCode.RATE_LIMITED, "Slower, please.")


def ice_links(server: IceServer) -> Iterable[str]:
    """The Link header fields of a server (RFC 9725, 4.6)."""
    for url in server.urls:
        credential = f'username="{server.username}"; credential="{server.credential}"; credential-type="password"'
        yield f'<{url}>; rel="ice-server"; {credential}'


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(ErrorCode.TOKEN_MISSING, "A stream key or a meeting token is needed, as Authorization: Bearer.")
    return token.strip()


async def _request(scope: MutableMapping[str, Any], receive: Receive) -> Request:
    """Reads the request. Raises `Refusal`: its body is too long, takes too long, or is not whole."""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await _body(receive)
    except TimeoutError:
        raise Refusal(ErrorCode.BAD_REQUEST, "The body did not come in time.") from None
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(ErrorCode.BAD_REQUEST, "The request was broken off.")
        body += message.get("body", b"")
        if len(body) > MAX_SDP_LENGTH:
            raise _too_large(MAX_SDP_LENGTH)
        if not message.get("more_body", False):
            return bytes(body)


def _choice(request: Request, name: str, choices: tuple[str, ...] = ()) -> str | None:
    """A parameter that may be given once, as one of ``choices`` if there are any."""
    given = request.query.get(name, [])
    if len(given) > 1 or (given and choices and given[0] not in choices):
        allowed = " or ".join(choices) if choices else "given once at most"
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"{name} is {allowed}.")
    return given[0] if given else None


def _text(body: bytes, limit: int) -> str:
    if len(body) > limit:
        raise _too_large(limit)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(ErrorCode.BAD_SDP, "The body is not UTF-8.") from error


def _too_large(limit: int) -> Refusal:
    return Refusal(ErrorCode.PAYLOAD_TOO_LARGE, f"The body is larger than {limit} bytes.")


def _demand_type(request: Request, wanted: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != wanted:
        raise Refusal(ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"The body is {wanted}.")


def _accepts(accept: str, wanted: str) -> bool:
    ranges = {each.partition(";")[0].strip().lower() for each in accept.split(",")}
    return bool(ranges & {wanted, "application/*", "*/*"})


def _methods(path: str) -> str:
    return "POST, OPTIONS" if path in _DOORS else "PATCH, DELETE, OPTIONS"


def _allow(path: str) -> dict[str, str]:
    return {"Allow": _methods(path)}


def _options(path: str) -> Response:
    takes = {"Accept-Post": SDP} if path in _DOORS else {"Accept-Patch": FRAGMENT}
    headers = {**takes, **_allow(path), "Access-Control-Allow-Methods": _methods(path), **_PREFLIGHT}
    return Response(status=204, headers=tuple(headers.items()))


def _problem(code: str, detail: str, more: Mapping[str, str]) -> Response:
    status, body, headers = problem(code, detail)
    kind = {"Content-Type": PROBLEM}
    return Response(status=status, headers=tuple({**kind, **headers, **more}.items()), body=body)


async def _send(send: Send, response: Response) -> None:
    fields = [*response.headers, *_FOR_ALL.items(), *_EXPOSED.items(), ("Cache-Control", "no-store")]
    if response.status != 204:
        fields.append(("Content-Length", str(len(response.body))))
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
