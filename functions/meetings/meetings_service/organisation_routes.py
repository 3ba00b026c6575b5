"""The organisation's settings: what new meetings are like, and how long is kept what they leave behind."""

from __future__ import annotations

import msgspec

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.preconditions import PreconditionFailedError, etag_of, is_asked_for
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from meetings_service.adapters.repository import Repository
from meetings_service.audit import Audited
from meetings_service.domain.changes import with_reminders_in_order
from meetings_service.domain.meeting_settings import MeetingSettings, Organisation
from meetings_service.messages import OrganisationBody, OrganisationTold

_PATH = "/v1/meetings/organisation"


def add_organisation_routes(app: Service, repository: Repository, *, sends_mail: bool) -> None:
    """Registers the routes."""

    def told(organisation: Organisation) -> Answer[OrganisationTold]:
        body = OrganisationTold(
            defaults=organisation.defaults,
            history_days=organisation.history_days,
            recordings_days=organisation.recordings_days,
            sends_mail=sends_mail,
        )
        return Answer(body=body, headers={"ETag": etag_of(organisation.version)})

    @app.operation(
        "GET",
        _PATH,
        summary="The settings that new meetings have, and how long histories are kept",
        access=Permission.MEETINGS_READ,
        answer=OrganisationTold,
        errors=(ErrorCode.KEYS_UNAVAILABLE,),
    )
    def read_organisation(_: Call[Empty, Empty]) -> Answer[OrganisationTold]:
        return told(repository.organisation())

    @app.operation(
        "PUT",
        _PATH,
        summary="Say what settings new meetings have, and how long histories are kept",
        access=Permission.MEETINGS_ADMINISTER,
        body=OrganisationBody,
        answer=OrganisationTold,
        errors=(ErrorCode.KEYS_UNAVAILABLE, ErrorCode.PRECONDITION_FAILED),
        audited=Audited.ORGANISATION_CHANGED,
    )
    def set_organisation(call: Call[OrganisationBody, Empty]) -> Answer[OrganisationTold]:
        known = repository.organisation().version
        if not is_asked_for(call.headers, known):
            raise PreconditionFailedError
        given = msgspec.convert(msgspec.to_builtins(call.body.defaults), MeetingSettings)
        defaults = with_reminders_in_order(given)
        done = repository.set_organisation(
            Organisation(
                defaults=defaults, history_days=call.body.history_days, recordings_days=call.body.recordings_days
            ),
            known=known,
        )
        if done is None:
            raise PreconditionFailedError
        return told(done)
