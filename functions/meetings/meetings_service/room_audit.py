"""What is done to people in live rooms, in the audit log: their removal, being banned, and being let back in.

What is done to them over HTTP is kept with its request. A removal ends all stays of a person, with a fact for each;
they are one entry, whose id follows from what it tells: a fact that comes again adds nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import ParticipantLeft, PersonUnbanned
from contracts.rooms import ADMINISTRATOR, Identity, MeetingId, ParticipantId, session_of
from functions.serverless.audit import AuditEntry
from functions.serverless.ids import base32
from meetings_service.adapters.records import Records
from meetings_service.audit import Audit, Audited


class RoomAudit:
    """Keeps what facts tell of it, once they are in the records."""

    def __init__(self, audit: Audit, records: Records) -> None:
        self._audit = audit
        self._records = records

    def keep(self, room_id: MeetingId, facts: Iterable[Fact]) -> None:
        """May be repeated, in any order. Who has done it is told by their stay, if that is known by now."""
        done = [each for fact in facts if (each := _done(fact)) is not None]
        if not done:
            return
        people = {stay.participant_id: stay.identity for stay in self._records.attendance(room_id)}
        for event, about, by, at in done:
            self._audit.once(_entry(room_id, event, about, by=by, actor=people.get(by), at=at))


def _done(fact: Fact) -> tuple[Audited, Identity, ParticipantId, int] | None:
    """What was done to whom, by which participant, and when."""
    match fact.event:
        case ParticipantLeft(reason=LeaveReason.REMOVED, by=by) if by not in (None, ADMINISTRATOR):
            is_for_good = fact.event.banned is not None
            event = Audited.PARTICIPANT_BANNED if is_for_good else Audited.PARTICIPANT_REMOVED
            return event, fact.event.identity, by, fact.event.at
        case PersonUnbanned(by=by) if by != ADMINISTRATOR:
            return Audited.BAN_LIFTED, fact.event.identity, by, fact.event.at
    return None


def _entry(
    room_id: MeetingId, event: Audited, about: Identity, *, by: ParticipantId, actor: Identity | None, at: int
) -> AuditEntry:
    meeting_id, session = session_of(room_id)
    digest = hashlib.sha256(f"{room_id} {event} {about} {at}".encode()).digest()
    return AuditEntry(
        id=base32(digest[:10]),
        at=at,
        event=event.value,
        outcome="done",
        user_id=about,
        actor_id=actor,
        details={"meeting_id": meeting_id, "session": str(session), "by": by},
    )
