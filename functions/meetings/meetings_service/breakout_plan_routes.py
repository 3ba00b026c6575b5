"""The routes of breakout rooms that are planned before a meeting."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from contracts.new_breakouts import MAX_BREAKOUT_S, MAX_BREAKOUTS, BreakoutName
from functions.serverless.preconditions import etag_of
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from meetings_service.breakout_planning import BreakoutPlanning, Planned
from meetings_service.domain import breakout_plan as domain
from meetings_service.invitations import MAX_INVITEES

_PATH = "/v1/meetings/{id}/prepared/breakouts"
_OWN = (ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE)
_Key = Annotated[str, Meta(min_length=1, max_length=320)]


class PlannedRoomBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``invitees``: the keys of the invitations of those who go there."""

    name: BreakoutName
    invitees: Annotated[tuple[_Key, ...], Meta(max_length=MAX_INVITEES)] = ()


class BreakoutPlanBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``others``: what becomes of those who are assigned to no room. ``minutes``: how long the rooms are open; null:
    until they are closed. Names differ."""

    rooms: Annotated[tuple[PlannedRoomBody, ...], Meta(min_length=1, max_length=MAX_BREAKOUTS)]
    others: domain.Others = domain.Others.EVENLY
    minutes: Annotated[int, Meta(ge=1, le=MAX_BREAKOUT_S // 60)] | None = None


class PlannedPerson(Struct, frozen=True, kw_only=True):
    """Somebody who is invited. ``user_id`` null: no account of theirs is known, so that no room knows them."""

    key: str
    name: str | None
    address: str | None
    user_id: str | None


class PlannedRoom(Struct, frozen=True, kw_only=True):
    name: str
    people: tuple[PlannedPerson, ...]


class BreakoutPlan(Struct, frozen=True, kw_only=True):
    """Breakout rooms as they will be opened. ``version``: what its ``ETag`` says."""

    rooms: tuple[PlannedRoom, ...]
    others: domain.Others
    minutes: int | None
    version: int


def add_breakout_plan_routes(app: Service, planning: BreakoutPlanning) -> None:
    """Registers the routes."""

    @app.operation(
        "GET",
        _PATH,
        summary="The breakout rooms that are planned for a meeting, for those who run it",
        access=Permission.MEETINGS_READ,
        answer=BreakoutPlan,
        errors=(*_OWN, ErrorCode.NOT_FOUND),
    )
    def read_breakout_plan(call: Call[Empty, Empty]) -> Answer[BreakoutPlan]:
        return _told(planning.find(call.caller, call.path["id"]))

    @app.operation(
        "PUT",
        _PATH,
        summary="Plan the breakout rooms of a meeting, and who of the invited goes where",
        access=Permission.MEETINGS_WRITE,
        body=BreakoutPlanBody,
        answer=BreakoutPlan,
        errors=(*_OWN, ErrorCode.MEETING_CANCELLED, ErrorCode.MEETING_ENDED, ErrorCode.PRECONDITION_FAILED),
    )
    def plan_breakouts(call: Call[BreakoutPlanBody, Empty]) -> Answer[BreakoutPlan]:
        rooms = (domain.PlannedRoom(name=room.name, invitees=room.invitees) for room in call.body.rooms)
        wanted = domain.BreakoutPlan(rooms=tuple(rooms), others=call.body.others, minutes=call.body.minutes)
        return _told(planning.plan(call.caller, call.path["id"], wanted, call.headers))

    @app.operation(
        "DELETE",
        _PATH,
        summary="Give up the plan of breakout rooms",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=(*_OWN, ErrorCode.PRECONDITION_FAILED),
    )
    def drop_breakout_plan(call: Call[Empty, Empty]) -> Answer[None]:
        planning.drop(call.caller, call.path["id"], call.headers)
        return Answer(body=None)


def _told(planned: Planned) -> Answer[BreakoutPlan]:
    plan = planned.plan
    rooms = tuple(
        PlannedRoom(
            name=room.name, people=tuple(_person(planned, key) for key in room.invitees if key in planned.invitees)
        )
        for room in plan.rooms
    )
    body = BreakoutPlan(rooms=rooms, others=plan.others, minutes=plan.minutes, version=plan.version)
    return Answer(body=body, headers={"ETag": etag_of(plan.version)})


def _person(planned: Planned, key: str) -> PlannedPerson:
    invitee = planned.invitees[key]
    return PlannedPerson(key=key, name=invitee.name, address=invitee.address, user_id=invitee.user_id)
