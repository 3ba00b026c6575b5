"""What administrators and hosts do, as the audit log keeps it, and the route by which it is read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.audit import AddressDetail, AuditEntry, shown_address
from functions.serverless.audit_reading import AuditPage, AuditQuery, read_page
from functions.serverless.audit_table import AuditTable
from functions.serverless.ids import base32
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


class Audited(StrEnum):
    """Stable names: programs search for them."""

    AUDIT_READ = "audit_read"
    BAN_LIFTED = "ban_lifted"
    FACT_DISCARDED = "fact_discarded"
    FACT_RETRIED = "fact_retried"
    HOST_TRANSFERRED = "host_transferred"
    BROADCAST_STARTED = "broadcast_started"
    BROADCAST_STOPPED = "broadcast_stopped"
    INGRESS_STARTED = "ingress_started"
    INGRESS_STOPPED = "ingress_stopped"
    MEETING_CANCELLED = "meeting_cancelled"
    MEETING_DELETED = "meeting_deleted"
    MEETING_ENDED = "meeting_ended"
    ORGANISATION_CHANGED = "organisation_changed"
    PARTICIPANT_BANNED = "participant_banned"
    PARTICIPANT_REMOVED = "participant_removed"
    RECORDING_DELETED = "recording_deleted"
    RECORDING_DOWNLOADED = "recording_downloaded"
    RECORDING_EXPIRED = "recording_expired"
    RECORDING_RENAMED = "recording_renamed"
    RECORDING_SHARED = "recording_shared"
    RECORDING_STARTED = "recording_started"
    RECORDING_STOPPED = "recording_stopped"
    RECORDING_UNSHARED = "recording_unshared"
    ROLE_CHANGED = "role_changed"
    STREAM_KEY_MADE = "stream_key_made"
    STREAM_KEY_REVOKED = "stream_key_revoked"
    USAGE_EXPORTED = "usage_exported"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_DELETED = "webhook_deleted"
    WEBHOOK_MADE = "webhook_made"
    WEBHOOK_REDELIVERED = "webhook_redelivered"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105
    WEBHOOK_TESTED = "webhook_tested"


class MeetingsAuditQuery(AuditQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``meeting_id``: what was done to one meeting, but for its recordings, which have ids of their own."""

    meeting_id: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    recording_id: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET


class Audit:
    """Keeps what is done. ``addresses``: how much of clients' addresses is kept. ``clock``: seconds since the epoch.
    ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        table: AuditTable,
        *,
        addresses: AddressDetail,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self.table = table
        self._addresses: AddressDetail = addresses
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    def request(self, event: str, call: Call[Any, Any]) -> None:
        """Keeps that a request was carried out. It is about whom its body names, and the ids in its path."""
        user_id = getattr(call.body, "user_id", None)
        details = {"meeting_id" if name == "id" else name: value for name, value in call.path.items()}
        agent = call.headers.get("user-agent")
        entry = AuditEntry(
            id=base32(self._randomness(10)),
            at=int(self._clock() * 1000),
            event=event,
            outcome="done",
            user_id=user_id if isinstance(user_id, str) else None,
            actor_id=None if call.claims is None else call.claims.sub,
            session_id=None if call.claims is None else call.claims.sid,
            address=shown_address(call.client_address, self._addresses),
            user_agent=agent[:256] if agent and self._addresses != "none" else None,
            request_id=call.request_id,
            details={name: value for name, value in details.items() if "@" not in value},
        )
        self._add(entry)

    def by_itself(self, event: Audited, details: Mapping[str, str]) -> None:
        """Keeps what the platform has done by itself."""
        at = int(self._clock() * 1000)
        self._add(
            AuditEntry(id=base32(self._randomness(10)), at=at, event=event.value, outcome="done", details=details)
        )

    def once(self, entry: AuditEntry) -> None:
        """Keeps an entry whose id says what it is, unless it is kept already."""
        if self.table.add_if_new(entry):
            self._tell(entry)

    def _add(self, entry: AuditEntry) -> None:
        self.table.add(entry)
        self._tell(entry)

    def _tell(self, entry: AuditEntry) -> None:
        fields = {"audit_id": entry.id, "audit_digest": entry.digest, "actor_id": entry.actor_id}
        self._logger.info("audited", extra={"audited": entry.event, **fields, **entry.details})


def add_audit_route(app: Service, audit: Audit) -> None:
    """Registers it with the application."""

    @app.operation(
        "GET",
        "/v1/meetings/audit",
        summary="What administrators and hosts have done, the latest first",
        access=Permission.AUDIT_READ,
        query=MeetingsAuditQuery,
        answer=AuditPage,
        errors=(ErrorCode.KEYS_UNAVAILABLE,),
    )
    def read_audit_log(call: Call[Empty, MeetingsAuditQuery]) -> Answer[AuditPage]:
        query = call.query
        if not query.cursor:  # whoever looks is seen to have looked, once for all pages
            audit.request(Audited.AUDIT_READ, call)
        asked = {"meeting_id": query.meeting_id, "recording_id": query.recording_id}
        details = {name: value for name, value in asked.items() if isinstance(value, str)}
        return Answer(body=read_page(audit.table, query, events=Audited, details=details))
