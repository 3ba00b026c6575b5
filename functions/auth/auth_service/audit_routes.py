"""The route of the audit log."""

from __future__ import annotations

from auth_service.adapters.audit_table import AuditTable
from auth_service.answers import Answers
from auth_service.domain.security_events import SecurityEventName
from auth_service.security_events import SecurityEvents
from contracts.access_control import Permission
from functions.serverless.audit_reading import AuditPage, AuditQuery, read_page
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


def add_audit_routes(app: Service, *, audit: AuditTable, events: SecurityEvents, answers: Answers) -> None:
    """Registers it with the application."""

    @app.operation(
        "GET",
        "/v1/auth/audit",
        summary="The audit log, the latest first",
        access=Permission.AUDIT_READ,
        query=AuditQuery,
        answer=AuditPage,
    )
    def read_audit_log(call: Call[Empty, AuditQuery]) -> Answer[AuditPage]:
        query = call.query
        if not query.cursor:  # whoever looks is seen to have looked, once for all pages
            events.record(SecurityEventName.AUDIT_READ, origin=answers.origin(call), actor_id=call.caller.sub)
        return Answer(body=read_page(audit, query, events=SecurityEventName))
