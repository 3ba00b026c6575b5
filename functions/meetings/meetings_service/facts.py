"""Takes the facts of the meeting logs: at least once, in any order, a poison fact never in the way of the others.

Poison is what will never be taken as things are: no fact at all, a fact of no meeting, one that the table refuses or
that we stumble over. It is set aside for an administrator, who tries it again after a mend, or discards it. What the
table or the platform cannot do at the moment is no poison: then all of the batch is delivered again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from contracts.facts import Fact, FactsAccepted, RefusedFact
from contracts.rooms import MeetingId, session_of
from functions.serverless.aws import error_code
from meetings_service.adapters.records import Records
from meetings_service.adapters.set_aside_facts import SetAsideFacts
from meetings_service.domain.meetings import is_meeting_id
from meetings_service.domain.record import changes_by_meeting
from meetings_service.domain.set_aside import set_aside
from meetings_service.errors import MeetingNotFoundError
from meetings_service.outbox import Outbox
from meetings_service.room_audit import RoomAudit
from meetings_service.usage import Usage

_OUR_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class FactsConsumer:
    """Adds facts to the records of their meetings and to the audit log, and tells webhooks of them.

    ``clock``: seconds since the epoch.
    """

    def __init__(
        self,
        *,
        records: Records,
        usage: Usage,
        outbox: Outbox,
        audit: RoomAudit,
        set_aside: SetAsideFacts,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._records = records
        self._usage = usage
        self._outbox = outbox
        self._audit = audit
        self._set_aside = set_aside
        self._clock = clock
        self._logger = logger

    def take(self, batch: Mapping[str, Any]) -> FactsAccepted:
        """Takes a `contracts.facts.FactBatch` in its JSON form. What it refuses is set aside.

        Raises:
            ValueError: it is no batch at all.
            Exception: the table does not answer; the batch may be delivered again, whatever was written of it.
        """
        entries = batch.get("facts")
        if not isinstance(entries, list):
            raise ValueError('a batch is an object with an array "facts"')
        poison: list[tuple[Any, str]] = []
        rooms: dict[MeetingId, list[tuple[Any, Fact]]] = {}
        for entry in entries:
            try:
                fact = _fact(entry)
                rooms.setdefault(fact.meeting_id, []).append((entry, fact))
            except msgspec.ValidationError as error:
                poison.append((entry, f"no fact: {error}"))
        for room_id, known in rooms.items():
            poison += self._recorded(room_id, known)
        now = int(self._clock() * 1000)
        for entry, reason in poison:
            self._set_aside.put(set_aside(entry, reason, now=now))
        self._logger.info("facts", extra={"taken": len(entries) - len(poison), "refused": len(poison)})
        return FactsAccepted(refused=tuple(_refusal(entry, reason) for entry, reason in poison))

    def take_again(self, entry: Any) -> str | None:
        """Takes a fact that was set aside; says why it is still not taken, if so.

        Raises:
            Exception: as `take`.
        """
        try:
            fact = _fact(entry)
        except msgspec.ValidationError as error:
            return f"no fact: {error}"
        return next((reason for _, reason in self._recorded(fact.meeting_id, [(entry, fact)])), None)

    def _recorded(self, room_id: MeetingId, known: Sequence[tuple[Any, Fact]]) -> list[tuple[Any, str]]:
        """Those facts of a room that cannot be recorded, and why: told apart one by one if together they cannot."""
        try:
            self._record(room_id, [fact for _, fact in known])
        except MeetingNotFoundError:
            return [(entry, "no such meeting") for entry, _ in known]
        except Exception as error:
            if not _is_poison(error):
                raise
            if len(known) > 1:
                return [each for one in known for each in self._recorded(room_id, [one])]
            self._logger.exception("fact_set_aside", extra={"meeting_id": room_id, "version": known[0][1].version})
            return [(known[0][0], f"{type(error).__name__}: {error}")]
        return []

    def _record(self, room_id: MeetingId, facts: list[Fact]) -> None:
        changes = changes_by_meeting(facts)[room_id]
        meeting = self._records.record(room_id, changes)
        self._usage.settle(meeting, room_id, changes)
        self._audit.keep(room_id, facts)
        self._outbox.tell_facts(meeting, room_id, facts)


def _is_poison(error: Exception) -> bool:
    """Whether it is the fact's fault, or ours, rather than one of what we stand on."""
    return isinstance(error, _OUR_ERRORS) or error_code(error) == "ValidationException"


def _fact(entry: Any) -> Fact:
    fact = msgspec.convert(entry, Fact)
    try:
        meeting_id, _ = session_of(fact.meeting_id)
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from error
    if not is_meeting_id(meeting_id):
        raise msgspec.ValidationError("the meeting id has another form")
    if not 0 < fact.version < 10**12:
        raise msgspec.ValidationError("versions start at 1, and have twelve digits at most")
    return fact


def _refusal(entry: Any, reason: str) -> RefusedFact:
    """A refusal that names the fact as well as it can be named."""
    known: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    meeting_id, version = known.get("meeting_id"), known.get("version")
    return RefusedFact(
        meeting_id=MeetingId(meeting_id if isinstance(meeting_id, str) else ""),
        version=version if isinstance(version, int) else 0,
        reason=reason,
    )
