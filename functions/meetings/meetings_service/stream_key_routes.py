"""The routes of a meeting's stream keys, and the function that opens with one."""

from __future__ import annotations

import msgspec

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from contracts.stream_keys import StreamScope
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service.audit import Audited
from meetings_service.domain import stream_keys as domain
from meetings_service.messages import ListQuery, NewStreamKey, StreamKey, StreamKeyBody, StreamKeyPage
from meetings_service.streaming import Streaming

_PATH = "/v1/meetings/{id}/stream-keys"
_ERRORS = (ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE)
_DOORS = {StreamScope.PUBLISH: "whip", StreamScope.WATCH: "whep"}


def add_stream_key_routes(app: Service, streaming: Streaming, *, public_url: str) -> None:
    """Registers the routes. ``public_url``: where the doors are."""

    def shown(key: domain.StreamKey) -> StreamKey:
        return StreamKey(
            id=key.id,
            name=key.name,
            scope=key.scope,
            url=f"{public_url.rstrip('/')}/{_DOORS[key.scope]}",
            created_at=rfc3339(key.created_at),
            expires_at=rfc3339_if_known(key.valid_until),
            last_used_at=rfc3339_if_known(key.last_used_at),
        )

    @app.operation(
        "POST",
        _PATH,
        summary="Make a stream key: what an encoder or a player comes in with until it is revoked",
        access=Permission.MEETINGS_WRITE,
        body=StreamKeyBody,
        answer=NewStreamKey,
        status=201,
        errors=(*_ERRORS, ErrorCode.MEETING_ENDED, ErrorCode.CONFLICT),
        idempotency_key=True,
        audited=Audited.STREAM_KEY_MADE,
    )
    def create_stream_key(call: Call[StreamKeyBody, Empty]) -> Answer[NewStreamKey]:
        ends = call.body.expires_at
        made = streaming.make(
            call.caller,
            call.path["id"],
            name=call.body.name,
            scope=call.body.scope,
            valid_until=None if ends is None else int(ends.timestamp() * 1000),
            idempotency_key=call.idempotency_key(),
        )
        answer = NewStreamKey(key=made.text, **msgspec.structs.asdict(shown(made.key)))
        return Answer(body=answer, headers={"Location": f"{_PATH.replace('{id}', call.path['id'])}/{made.key.id}"})

    @app.operation(
        "GET",
        _PATH,
        summary="A meeting's stream keys, oldest first",
        access=Permission.MEETINGS_READ,
        query=ListQuery,
        answer=StreamKeyPage,
        errors=_ERRORS,
    )
    def list_stream_keys(call: Call[Empty, ListQuery]) -> Answer[StreamKeyPage]:
        cursor = given(call.query.cursor)
        keys, following = streaming.list_of(call.caller, call.path["id"], cursor=cursor, limit=call.query.limit)
        return Answer(body=StreamKeyPage(items=tuple(map(shown, keys)), next_cursor=following))

    @app.operation(
        "DELETE",
        f"{_PATH}/{{key_id}}",
        summary="Revoke a stream key, and end what came in with it",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=(*_ERRORS, ErrorCode.NOT_FOUND),
        audited=Audited.STREAM_KEY_REVOKED,
    )
    def revoke_stream_key(call: Call[Empty, Empty]) -> Answer[None]:
        streaming.revoke(call.caller, call.path["id"], call.path["key_id"])
        return Answer(body=None)
