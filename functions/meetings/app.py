"""The meeting service's edge and composition root: routes, the facts function, and the parts put together."""

from __future__ import annotations

import os
import time
from typing import Any, TypeVar

import msgspec
from chalice.app import CloudWatchEvent, Rate
from meetings_service.adapters.auth_keys import AuthKeys
from meetings_service.adapters.broker import Broker
from meetings_service.adapters.live_rooms import LiveRooms
from meetings_service.adapters.repository import Repository
from meetings_service.adapters.rooms import Rooms
from meetings_service.adapters.stream_keys import StreamKeys
from meetings_service.administration import Administration
from meetings_service.domain.meetings import Meeting
from meetings_service.facts import FactsConsumer
from meetings_service.joining import PREVIOUS_TOKEN_S, Joining
from meetings_service.messages import (
    ChangeBody,
    CreateBody,
    Join,
    JoinBody,
    ListQuery,
    MeetingPage,
    MeetingPublic,
)
from meetings_service.messages import Meeting as MeetingAnswer
from meetings_service.room_routes import add_room_routes
from meetings_service.scheduling import Meetings
from meetings_service.settings import MeetingsSettings
from meetings_service.stream_key_routes import add_stream_key_routes
from meetings_service.streaming import Streaming
from msgspec import UNSET, UnsetType

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from contracts.jwks import CLOCK_SKEW_S
from contracts.key_ring import JWKS_MAX_AGE_S
from contracts.meeting_token import LIFETIME_S
from contracts.stream_keys import stream_key_answer
from functions.serverless import aws, openapi
from functions.serverless.access import Open, OrAnyone
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from functions.serverless.signing_keys import Jwks, SigningKeys
from functions.serverless.times import rfc3339
from telemetry.logs import service_logger

T = TypeVar("T")

settings = MeetingsSettings.from_environ(os.environ)
logger = service_logger("meetings")
auth_keys = AuthKeys(url=settings.auth_jwks_url, issuer=settings.auth_issuer, clock=time.time, logger=logger)
app = Service("parley-meetings", logger=logger, is_outage=aws.is_outage, verify=auth_keys.verify)
signing_keys = SigningKeys(
    client=aws.secrets_client,
    secret_id=settings.signing_secret,
    token_lifetime_s=LIFETIME_S + PREVIOUS_TOKEN_S + CLOCK_SKEW_S,
    clock=time.time,
    logger=logger,
)
repository = Repository(aws.dynamodb_client, settings.table)
broker = Broker(settings.redis_url, patience_s=settings.room_patience_s)
rooms = Rooms(broker)
meetings = Meetings(repository=repository, rooms=rooms, clock=time.time, randomness=os.urandom, logger=logger)
joining = Joining(
    signing_keys=signing_keys, issuer=settings.issuer, clock=time.time, randomness=os.urandom, logger=logger
)
administration = Administration(meetings=meetings, rooms=rooms, live_rooms=LiveRooms(broker), logger=logger)
streaming = Streaming(
    meetings=meetings,
    keys=StreamKeys(aws.dynamodb_client, settings.table),
    rooms=rooms,
    issuer=settings.issuer,
    clock=time.time,
    randomness=os.urandom,
    logger=logger,
)
consumer = FactsConsumer(repository=repository, logger=logger)


@app.operation(
    "POST",
    "/v1/meetings",
    summary="Make a meeting",
    access=Permission.MEETINGS_CREATE,
    body=CreateBody,
    answer=MeetingAnswer,
    status=201,
    errors=(ErrorCode.KEYS_UNAVAILABLE,),
)
def create_meeting(call: Call[CreateBody, Empty]) -> Answer[MeetingAnswer]:
    made = meetings.create(call.caller, title=call.body.title, guests_allowed=call.body.guests_allowed)
    return Answer(body=_for_host(made), headers={"Location": f"/v1/meetings/{made.id}"})


@app.operation(
    "GET",
    "/v1/meetings",
    summary="One's own meetings, newest first",
    access=Permission.MEETINGS_READ,
    query=ListQuery,
    answer=MeetingPage,
    errors=(ErrorCode.KEYS_UNAVAILABLE,),
)
def list_meetings(call: Call[Empty, ListQuery]) -> Answer[MeetingPage]:
    page = meetings.list_of(call.caller, cursor=_given(call.query.cursor), limit=call.query.limit)
    items = tuple(_for_host(meeting) for meeting in page.meetings)
    return Answer(body=MeetingPage(items=items, next_cursor=page.next_cursor))


@app.operation(
    "GET",
    "/v1/meetings/{id}",
    summary="A meeting: all of it for its host, what the link tells for others",
    access=OrAnyone(Permission.MEETINGS_READ),
    answer=MeetingAnswer | MeetingPublic,
    errors=(ErrorCode.MEETING_NOT_FOUND, ErrorCode.KEYS_UNAVAILABLE),
)
def read_meeting(call: Call[Empty, Empty]) -> Answer[MeetingAnswer | MeetingPublic]:
    user = call.claims
    meeting = meetings.find(call.path["id"])
    is_host = user is not None and user.sub == meeting.host_id
    return Answer(body=_for_host(meeting) if is_host else _for_all(meeting))


@app.operation(
    "PATCH",
    "/v1/meetings/{id}",
    summary="Change a meeting",
    access=Permission.MEETINGS_WRITE,
    body=ChangeBody,
    answer=MeetingAnswer,
    errors=(ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE),
)
def change_meeting(call: Call[ChangeBody, Empty]) -> Answer[MeetingAnswer]:
    changes: dict[str, str | bool] = {
        name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET
    }
    return Answer(body=_for_host(meetings.change(call.caller, call.path["id"], changes)))


@app.operation(
    "POST",
    "/v1/meetings/{id}/join",
    summary="Get into a meeting: a meeting token for its room",
    access=OrAnyone(Permission.MEETINGS_JOIN),
    body=JoinBody,
    answer=Join,
    errors=(
        ErrorCode.MEETING_NOT_FOUND,
        ErrorCode.MEETING_ENDED,
        ErrorCode.GUESTS_NOT_ALLOWED,
        ErrorCode.KEYS_UNAVAILABLE,
    ),
)
def join_meeting(call: Call[JoinBody, Empty]) -> Answer[Join]:
    user = call.claims
    meeting = meetings.find(call.path["id"])
    done = joining.join(
        meeting,
        user=user,
        display_name=_given(call.body.display_name),
        previous_token=_given(call.body.previous_token),
    )
    join = Join(
        meeting_token=done.token,
        expires_in=done.expires_in,
        meeting=_for_all(meeting),
        identity=done.admission.identity,
        display_name=done.admission.display_name,
        role=done.admission.role,
        permissions=done.admission.permissions,
        gateway_url=settings.gateway_url,
        ice_servers=settings.ice_servers,
    )
    return Answer(body=join)


@app.operation(
    "POST",
    "/v1/meetings/{id}/end",
    summary="End a meeting for all",
    access=Permission.MEETINGS_WRITE,
    answer=MeetingAnswer,
    status=202,
    errors=(ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE),
)
def end_meeting(call: Call[Empty, Empty]) -> Answer[MeetingAnswer]:
    return Answer(body=_for_host(meetings.end(call.caller, call.path["id"])))


@app.operation(
    "GET",
    "/v1/meetings/.well-known/jwks.json",
    summary="The public keys of meeting tokens",
    access=Open.ANYONE,
    answer=Jwks,
)
def jwks(_: Call[Empty, Empty]) -> Answer[Jwks]:
    return Answer(body=signing_keys.published(), headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE_S}"})


@app.operation(
    "GET", "/v1/meetings/openapi.json", summary="This API, as an OpenAPI document", access=Open.ANYONE, answer=dict
)
def openapi_document(_: Call[Empty, Empty]) -> Answer[dict[str, Any]]:
    document = openapi.document(app.operations, title="Parley meeting service", version="0.1.0")
    return Answer(body=document, headers={"Cache-Control": "public, max-age=300"})


@app.lambda_function(name="facts")
def facts(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Takes a `contracts.facts.FactBatch`, answers a `contracts.facts.FactsAccepted`."""
    answer: dict[str, Any] = msgspec.to_builtins(consumer.take(event))
    return answer


@app.lambda_function(name="stream-keys")
def stream_keys(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Takes a `contracts.stream_keys.StreamKeyShown`, answers a `contracts.stream_keys.StreamKeyAnswer`."""
    return stream_key_answer(streaming.open(event))


@app.schedule(Rate(1, unit=Rate.HOURS), name="rotate-signing-keys")
def rotate_signing_keys(_: CloudWatchEvent) -> None:
    """Publishes the next signing key when it is time, and drops the keys whose last token has expired."""
    signing_keys.rotate()


def _given(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _for_host(meeting: Meeting) -> MeetingAnswer:
    return MeetingAnswer(
        id=meeting.id,
        title=meeting.title,
        status=meeting.status.value,
        host_id=meeting.host_id,
        guests_allowed=meeting.guests_allowed,
        join_url=f"{settings.public_url.rstrip('/')}/m/{meeting.id}",
        created_at=rfc3339(meeting.created_at),
        started_at=None if meeting.started_at is None else rfc3339(meeting.started_at),
        ended_at=None if meeting.ended_at is None else rfc3339(meeting.ended_at),
    )


def _for_all(meeting: Meeting) -> MeetingPublic:
    return MeetingPublic(
        id=meeting.id,
        title=meeting.title,
        status=meeting.status.value,
        guests_allowed=meeting.guests_allowed,
        host_name=meeting.host_name,
    )


add_room_routes(app, administration)
add_stream_key_routes(app, streaming, public_url=settings.public_url)
