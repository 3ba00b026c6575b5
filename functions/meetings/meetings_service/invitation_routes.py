"""The routes of invitations: who is invited, what they answer, and how people are written to."""

from __future__ import annotations

import time
from collections.abc import Callable

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from contracts.rooms import Role
from functions.serverless.access import Open
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from meetings_service import answers, messages
from meetings_service import invitation_messages as told
from meetings_service.adapters.contacts import Contacts
from meetings_service.answers import MeetingAnswers
from meetings_service.domain import meetings as domain
from meetings_service.domain.schedule import zone_of
from meetings_service.invitations import Invitations

_MEETING = "/v1/meetings/{id}"
_KEYS = (ErrorCode.KEYS_UNAVAILABLE,)
_OWN = (ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, *_KEYS)
_OVER = (ErrorCode.MEETING_CANCELLED, ErrorCode.MEETING_ENDED)


def add_invitation_routes(
    app: Service,
    *,
    invitations: Invitations,
    contacts: Contacts,
    public_url: str,
    clock: Callable[[], float] = time.time,
) -> None:
    """Registers the routes."""
    _add_invitees(app, invitations)
    _add_answers(app, invitations, MeetingAnswers(public_url), clock)
    _add_preferences(app, contacts)


def _add_invitees(app: Service, invitations: Invitations) -> None:
    @app.operation(
        "GET",
        f"{_MEETING}/invitees",
        summary="Who is invited, and what they have answered",
        access=Permission.MEETINGS_READ,
        answer=told.InviteeList,
        errors=_OWN,
    )
    def list_invitees(call: Call[Empty, Empty]) -> Answer[told.InviteeList]:
        meeting, known = invitations.list_of(call.caller, call.path["id"])
        return Answer(body=told.InviteeList(items=tuple(answers.invitee(meeting, each) for each in known)))

    @app.operation(
        "POST",
        f"{_MEETING}/invitees",
        summary="Invite somebody, as a co-host if you like, or change an invitation",
        access=Permission.MEETINGS_WRITE,
        body=told.InviteeBody,
        answer=told.InviteeTold,
        errors=(*_OWN, ErrorCode.CONFLICT, ErrorCode.RATE_LIMITED),
    )
    def invite(call: Call[told.InviteeBody, Empty]) -> Answer[told.InviteeTold]:
        body = call.body
        meeting, invited = invitations.invite(
            call.caller,
            call.path["id"],
            address=body.address,
            user_id=body.user_id,
            name=body.name,
            role=Role(body.role),
        )
        return Answer(body=answers.invitee(meeting, invited))

    @app.operation(
        "DELETE",
        f"{_MEETING}/invitees/{{invitee_id}}",
        summary="Take an invitation back",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=(*_OWN, ErrorCode.NOT_FOUND),
    )
    def take_invitation_back(call: Call[Empty, Empty]) -> Answer[None]:
        invitations.take_back(call.caller, call.path["id"], call.path["invitee_id"])
        return Answer(body=None)

    @app.operation(
        "POST",
        f"{_MEETING}/invitees/{{invitee_id}}/send",
        summary="Send the mail of an invitation once more",
        access=Permission.MEETINGS_WRITE,
        answer=told.InviteeTold,
        errors=(*_OWN, *_OVER, ErrorCode.NOT_FOUND, ErrorCode.MAIL_OFF, ErrorCode.RATE_LIMITED),
    )
    def send_invitation_again(call: Call[Empty, Empty]) -> Answer[told.InviteeTold]:
        meeting, invited = invitations.send_again(call.caller, call.path["id"], call.path["invitee_id"])
        return Answer(body=answers.invitee(meeting, invited))


def _add_answers(app: Service, invitations: Invitations, meetings: MeetingAnswers, clock: Callable[[], float]) -> None:
    def by_link(meeting: domain.Meeting, invitee: domain.Invitee) -> Answer[told.Invitation]:
        return Answer(body=meetings.by_link(meeting, invitee, now=int(clock() * 1000)))

    @app.operation(
        "PUT",
        f"{_MEETING}/answer",
        summary="Answer one's invitation, to the meeting or to one occurrence",
        access=Permission.MEETINGS_JOIN,
        body=told.AnswerBody,
        answer=messages.MeetingInvitation,
        errors=(*_OWN, *_OVER),
    )
    def answer_invitation(call: Call[told.AnswerBody, Empty]) -> Answer[messages.MeetingInvitation]:
        body = call.body
        given = domain.Answer(body.answer)
        meeting, invitee = invitations.answer(call.caller, call.path["id"], given, body.occurrence)
        return Answer(body=meetings.invitation(meeting, invitee))

    @app.operation(
        "POST",
        "/v1/meetings/invitations/read",
        summary="The invitation of a mail's link",
        access=Open.ANYONE,
        body=told.TokenBody,
        answer=told.Invitation,
        errors=(ErrorCode.NOT_FOUND,),
        limit="address",
    )
    def read_invitation(call: Call[told.TokenBody, Empty]) -> Answer[told.Invitation]:
        return by_link(*invitations.of_token(call.body.token))

    @app.operation(
        "POST",
        "/v1/meetings/invitations/answer",
        summary="Answer an invitation by its mail's link, without an account",
        access=Open.ANYONE,
        body=told.TokenAnswerBody,
        answer=told.Invitation,
        errors=(ErrorCode.NOT_FOUND, *_OVER),
        limit="address",
    )
    def answer_by_link(call: Call[told.TokenAnswerBody, Empty]) -> Answer[told.Invitation]:
        body = call.body
        return by_link(*invitations.answer_by_token(body.token, domain.Answer(body.answer), body.occurrence))


def _add_preferences(app: Service, contacts: Contacts) -> None:
    path = "/v1/meetings/preferences"

    @app.operation(
        "GET",
        path,
        summary="In which language and time zone one is written to",
        access=Permission.MEETINGS_READ,
        answer=told.Preferences,
        errors=_KEYS,
    )
    def read_preferences(call: Call[Empty, Empty]) -> Answer[told.Preferences]:
        known = contacts.find(call.caller.sub)
        return Answer(body=told.Preferences(locale=known.locale, time_zone=known.time_zone))

    @app.operation(
        "PUT",
        path,
        summary="Say in which language and time zone one is written to",
        access=Permission.MEETINGS_WRITE,
        body=told.PreferencesBody,
        answer=told.Preferences,
        errors=_KEYS,
    )
    def set_preferences(call: Call[told.PreferencesBody, Empty]) -> Answer[told.Preferences]:
        body = call.body
        if body.time_zone is not None:
            zone_of(body.time_zone, field="time_zone")
        contacts.note(call.caller)
        contacts.set_preferences(call.caller.sub, locale=body.locale, time_zone=body.time_zone)
        return Answer(body=told.Preferences(locale=body.locale, time_zone=body.time_zone))
