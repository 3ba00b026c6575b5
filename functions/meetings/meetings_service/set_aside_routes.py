"""The routes of facts that were set aside: seen, tried again and discarded by administrators."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.problems import NotFoundError
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339
from meetings_service.adapters.set_aside_facts import SetAsideFacts
from meetings_service.audit import Audited
from meetings_service.domain.set_aside import SetAsideFact, shown
from meetings_service.facts import FactsConsumer
from meetings_service.messages import ListQuery, Time

_FACTS = "/v1/meetings/facts/set-aside"
_FACT = f"{_FACTS}/{{fact_id}}"
_ERRORS = (ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE)


class ListedFact(Struct, frozen=True, kw_only=True):
    """A fact that could not be taken. ``meeting_id`` is that of the room (of later sessions with the number behind it),
    empty where the fact has none that can be used; ``tries``: how often it was tried again."""

    id: str
    meeting_id: str
    version: int
    event_type: str | None
    reason: str
    set_aside_at: Time
    tries: int


class FactTold(ListedFact, frozen=True, kw_only=True):
    """``fact``: as it came, without what people wrote; null if it is too long to be kept whole."""

    fact: Any


class FactPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[ListedFact, ...]
    next_cursor: str | None


class TriedAgain(Struct, frozen=True, kw_only=True):
    """``taken``: it is in the record and set aside no more. Otherwise ``reason`` says why not."""

    taken: bool
    reason: str | None


def add_set_aside_routes(app: Service, facts: SetAsideFacts, consumer: FactsConsumer) -> None:
    """Registers the routes."""

    @app.operation(
        "GET",
        _FACTS,
        summary="Facts of rooms that could not be taken, the latest first",
        access=Permission.MEETINGS_ADMINISTER,
        query=ListQuery,
        answer=FactPage,
        errors=_ERRORS,
    )
    def list_set_aside(call: Call[Empty, ListQuery]) -> Answer[FactPage]:
        cursor = given(call.query.cursor)
        page, following = facts.page(cursor=cursor, limit=call.query.limit)
        return Answer(body=FactPage(items=tuple(map(_listed, page)), next_cursor=following))

    @app.operation(
        "GET",
        _FACT,
        summary="A fact that could not be taken, without what people wrote",
        access=Permission.MEETINGS_ADMINISTER,
        answer=FactTold,
        errors=(*_ERRORS, ErrorCode.NOT_FOUND),
    )
    def read_set_aside(call: Call[Empty, Empty]) -> Answer[FactTold]:
        fact = _found(facts, call.path["fact_id"])
        return Answer(body=FactTold(**msgspec.structs.asdict(_listed(fact)), fact=shown(fact)))

    @app.operation(
        "POST",
        f"{_FACT}/retry",
        summary="Try again to take a fact, after a mend",
        access=Permission.MEETINGS_ADMINISTER,
        answer=TriedAgain,
        errors=(*_ERRORS, ErrorCode.NOT_FOUND),
        audited=Audited.FACT_RETRIED,
    )
    def retry_set_aside(call: Call[Empty, Empty]) -> Answer[TriedAgain]:
        fact = _found(facts, call.path["fact_id"])
        reason = consumer.take_again(msgspec.json.decode(fact.fact)) if fact.whole else "too long to be kept whole"
        if reason is None:
            facts.discard(fact.id)
        else:
            facts.tried(fact, reason)
        return Answer(body=TriedAgain(taken=reason is None, reason=reason))

    @app.operation(
        "DELETE",
        _FACT,
        summary="Discard a fact that could not be taken",
        access=Permission.MEETINGS_ADMINISTER,
        answer=None,
        status=204,
        errors=(*_ERRORS, ErrorCode.NOT_FOUND),
        audited=Audited.FACT_DISCARDED,
    )
    def discard_set_aside(call: Call[Empty, Empty]) -> Answer[None]:
        facts.discard(_found(facts, call.path["fact_id"]).id)
        return Answer(body=None)


def _found(facts: SetAsideFacts, fact_id: str) -> SetAsideFact:
    fact = facts.find(fact_id) if re.fullmatch("[0-9a-f]{32}", fact_id) else None
    if fact is None:
        raise NotFoundError("There is no such fact.")
    return fact


def _listed(fact: SetAsideFact) -> ListedFact:
    return ListedFact(
        id=fact.id,
        meeting_id=fact.meeting_id,
        version=fact.version,
        event_type=fact.event_type,
        reason=fact.reason,
        set_aside_at=rfc3339(fact.set_aside_at),
        tries=fact.tries,
    )
