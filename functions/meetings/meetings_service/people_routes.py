"""The routes by which a meeting gets another host, and bans are seen and lifted."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.preconditions import etag_of
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from meetings_service import messages
from meetings_service.answers import MeetingAnswers
from meetings_service.audit import Audited
from meetings_service.domain.access import is_guest
from meetings_service.people import People

_MEETING = "/v1/meetings/{id}"
_OWN = (ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE)


class TransferBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``name``: of the new host, where it is not known from the invitation or the meeting."""

    user_id: Annotated[str, Meta(pattern=r"^u_[a-z0-9]{1,64}$")]
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class BannedTold(Struct, frozen=True, kw_only=True):
    """Somebody who may not come back. A ``guest`` has no account."""

    identity: str
    name: str
    guest: bool


class BanPage(Struct, frozen=True, kw_only=True):
    """A page may have fewer items than fit, even none: go on until ``next_cursor`` is null."""

    items: tuple[BannedTold, ...]
    next_cursor: str | None


def add_people_routes(app: Service, people: People, *, public_url: str) -> None:
    """Registers the routes."""
    told = MeetingAnswers(public_url)

    @app.operation(
        "POST",
        f"{_MEETING}/transfer",
        summary="Give a meeting to somebody else; who hosted it is a co-host then",
        access=Permission.MEETINGS_WRITE,
        body=TransferBody,
        answer=messages.Meeting,
        errors=(*_OWN, ErrorCode.MEETING_ENDED, ErrorCode.CONFLICT, ErrorCode.RATE_LIMITED),
        audited=Audited.HOST_TRANSFERRED,
    )
    def transfer_meeting(call: Call[TransferBody, Empty]) -> Answer[messages.Meeting]:
        done = people.transfer(call.caller, call.path["id"], call.body.user_id, call.body.name)
        return Answer(body=told.whole(done), headers={"ETag": etag_of(done.version)})

    @app.operation(
        "GET",
        f"{_MEETING}/bans",
        summary="Who may not come back to a meeting",
        access=Permission.MEETINGS_READ,
        query=messages.ListQuery,
        answer=BanPage,
        errors=_OWN,
    )
    def list_bans(call: Call[Empty, messages.ListQuery]) -> Answer[BanPage]:
        cursor = given(call.query.cursor)
        known, following = people.bans(call.caller, call.path["id"], cursor=cursor, limit=call.query.limit)
        items = (BannedTold(identity=each.identity, name=each.name, guest=is_guest(each.identity)) for each in known)
        return Answer(body=BanPage(items=tuple(items), next_cursor=following))

    @app.operation(
        "DELETE",
        f"{_MEETING}/bans/{{identity_id}}",
        summary="Let somebody come back who was banned, also to the live room",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=(*_OWN, ErrorCode.NOT_FOUND, ErrorCode.OUTCOME_UNKNOWN),
        audited=Audited.BAN_LIFTED,
    )
    def lift_ban(call: Call[Empty, Empty]) -> Answer[None]:
        people.lift_ban(call.caller, call.path["id"], call.path["identity_id"])
        return Answer(body=None)
