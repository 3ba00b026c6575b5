"""Takes the facts of the meeting logs: at least once, in any order, a poison fact never in the way of the others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.facts import Fact, FactsAccepted, RefusedFact
from contracts.rooms import MeetingId
from meetings_service.adapters.repository import Repository
from meetings_service.domain.meetings import is_meeting_id
from meetings_service.domain.record import changes_by_meeting
from meetings_service.errors import MeetingNotFoundError


class FactsConsumer:
    """Adds facts to the records of their meetings."""

    def __init__(self, *, repository: Repository, logger: logging.Logger) -> None:
        self._repository = repository
        self._logger = logger

    def take(self, batch: Mapping[str, Any]) -> FactsAccepted:
        """Takes a `contracts.facts.FactBatch` in its JSON form.

        Raises:
            ValueError: it is no batch at all.
            Exception: the table does not answer; the batch may be delivered again, whatever was written of it.
        """
        entries = batch.get("facts")
        if not isinstance(entries, list):
            raise ValueError('a batch is an object with an array "facts"')
        facts: list[Fact] = []
        refused: list[RefusedFact] = []
        for entry in entries:
            try:
                facts.append(_fact(entry))
            except msgspec.ValidationError as error:
                refused.append(_refusal(entry, f"no fact: {error}"))
        for meeting_id, changes in changes_by_meeting(facts).items():
            try:
                self._repository.record(meeting_id, changes)
            except MeetingNotFoundError:
                refused += [
                    RefusedFact(meeting_id=meeting_id, version=fact.version, reason="no such meeting")
                    for fact in facts
                    if fact.meeting_id == meeting_id
                ]
        self._logger.info("facts", extra={"taken": len(entries) - len(refused), "refused": len(refused)})
        return FactsAccepted(refused=tuple(refused))


def _fact(entry: Any) -> Fact:
    fact = msgspec.convert(entry, Fact)
    if not is_meeting_id(fact.meeting_id):
        raise msgspec.ValidationError("the meeting id has another form")
    if fact.version < 1:
        raise msgspec.ValidationError("versions start at 1")
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
