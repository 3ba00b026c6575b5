"""The routes of polls that are prepared before a meeting."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from contracts.polls import MAX_POLLS, PollOptions, PollQuestion
from functions.serverless.preconditions import etag_of
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339
from meetings_service.domain import prepared_polls as domain
from meetings_service.messages import Time
from meetings_service.prepared_polls import PollsToCome

_PATH = "/v1/meetings/{id}/prepared/polls"
_POLL = f"{_PATH}/{{poll_id}}"
_OWN = (ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE)
_TO_COME = (*_OWN, ErrorCode.MEETING_CANCELLED, ErrorCode.MEETING_ENDED)


class PreparedPollBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``multiple``: whether one vote may have several options. Options differ."""

    question: PollQuestion
    options: PollOptions
    multiple: bool = False


class PreparedPollChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON Merge Patch (RFC 7396) of the poll."""

    question: PollQuestion | UnsetType = UNSET
    options: PollOptions | UnsetType = UNSET
    multiple: bool | UnsetType = UNSET


class PollOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the meeting's prepared polls, each once, in the order that they are to have."""

    ids: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=MAX_POLLS)]


class LastUse(Struct, frozen=True, kw_only=True):
    """When a prepared poll was last asked, and as which of the polls of its session."""

    session: int
    poll_id: str
    asked_at: Time


class PreparedPoll(Struct, frozen=True, kw_only=True):
    """A poll that the room is asked with one click. ``last_use`` null: it was not asked yet. ``version``: what its
    ``ETag`` says."""

    id: str
    question: str
    options: tuple[str, ...]
    multiple: bool
    version: int
    last_use: LastUse | None


class PreparedPollList(Struct, frozen=True, kw_only=True):
    """In their order."""

    items: tuple[PreparedPoll, ...]


def add_prepared_poll_routes(app: Service, polls: PollsToCome) -> None:
    """Registers the routes."""
    _add_all(app, polls)
    _add_one(app, polls)


def _add_all(app: Service, polls: PollsToCome) -> None:
    @app.operation(
        "GET",
        _PATH,
        summary="The polls that are prepared for a meeting, for those who run it",
        access=Permission.MEETINGS_READ,
        answer=PreparedPollList,
        errors=_OWN,
    )
    def list_prepared_polls(call: Call[Empty, Empty]) -> Answer[PreparedPollList]:
        return Answer(body=_list(polls.list_of(call.caller, call.path["id"])))

    @app.operation(
        "POST",
        _PATH,
        summary="Prepare a poll",
        access=Permission.MEETINGS_WRITE,
        body=PreparedPollBody,
        answer=PreparedPoll,
        status=201,
        errors=(*_TO_COME, ErrorCode.CONFLICT),
        idempotency_key=True,
    )
    def prepare_poll(call: Call[PreparedPollBody, Empty]) -> Answer[PreparedPoll]:
        made = polls.prepare(
            call.caller,
            call.path["id"],
            question=call.body.question,
            options=call.body.options,
            multiple=call.body.multiple,
            idempotency_key=call.idempotency_key(),
        )
        location = f"{_PATH.replace('{id}', call.path['id'])}/{made.id}"
        return Answer(body=_told(made), headers={"Location": location, "ETag": etag_of(made.version)})

    @app.operation(
        "PUT",
        "/v1/meetings/{id}/prepared/poll-order",
        summary="Put the prepared polls of a meeting in another order",
        access=Permission.MEETINGS_WRITE,
        body=PollOrder,
        answer=PreparedPollList,
        errors=(*_TO_COME, ErrorCode.CONFLICT),
    )
    def order_prepared_polls(call: Call[PollOrder, Empty]) -> Answer[PreparedPollList]:
        return Answer(body=_list(polls.put_in_order(call.caller, call.path["id"], call.body.ids)))


def _add_one(app: Service, polls: PollsToCome) -> None:
    @app.operation(
        "GET",
        _POLL,
        summary="A prepared poll",
        access=Permission.MEETINGS_READ,
        answer=PreparedPoll,
        errors=(*_OWN, ErrorCode.NOT_FOUND),
    )
    def read_prepared_poll(call: Call[Empty, Empty]) -> Answer[PreparedPoll]:
        return _whole(polls.find(call.caller, call.path["id"], call.path["poll_id"]))

    @app.operation(
        "PATCH",
        _POLL,
        summary="Change a prepared poll, by a JSON Merge Patch",
        access=Permission.MEETINGS_WRITE,
        body=PreparedPollChange,
        answer=PreparedPoll,
        errors=(*_TO_COME, ErrorCode.NOT_FOUND, ErrorCode.PRECONDITION_FAILED),
    )
    def change_prepared_poll(call: Call[PreparedPollChange, Empty]) -> Answer[PreparedPoll]:
        change = msgspec.to_builtins(call.body)
        return _whole(polls.change(call.caller, call.path["id"], call.path["poll_id"], change, call.headers))

    @app.operation(
        "DELETE",
        _POLL,
        summary="Delete a prepared poll; what came out when it was asked stays",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=(*_OWN, ErrorCode.NOT_FOUND, ErrorCode.PRECONDITION_FAILED),
    )
    def delete_prepared_poll(call: Call[Empty, Empty]) -> Answer[None]:
        polls.delete(call.caller, call.path["id"], call.path["poll_id"], call.headers)
        return Answer(body=None)


def _whole(poll: domain.PreparedPoll) -> Answer[PreparedPoll]:
    return Answer(body=_told(poll), headers={"ETag": etag_of(poll.version)})


def _list(polls: list[domain.PreparedPoll]) -> PreparedPollList:
    return PreparedPollList(items=tuple(map(_told, polls)))


def _told(poll: domain.PreparedPoll) -> PreparedPoll:
    use = poll.last_use
    return PreparedPoll(
        id=poll.id,
        question=poll.question,
        options=poll.options,
        multiple=poll.multiple,
        version=poll.version,
        last_use=None if use is None else LastUse(session=use.session, poll_id=use.poll_id, asked_at=rfc3339(use.at)),
    )
