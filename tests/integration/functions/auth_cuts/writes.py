"""What can become of a write: refused, done without an answer, done twice; and what may come in between."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from botocore.exceptions import EndpointConnectionError

from functions.serverless.aws import from_item
from tests.integration.functions.auth_cuts.invariants import Change, Step
from tests.integration.functions.cut_store import Request, Store

_ACTIONS = {"put_item": "Put", "update_item": "Update", "delete_item": "Delete"}


class Fate(StrEnum):
    """What becomes of the write that is cut."""

    REFUSED = "refused"
    """It is not done."""
    UNANSWERED = "unanswered"
    """It is done, and the answer is lost; the client gives up."""
    SENT_AGAIN = "sent again"
    """It is done, the answer is lost, and the client sends it again: what it is answered is that of the second time."""


class Cut:
    """Cuts the ``at``-th write."""

    def __init__(self, at: int, fate: Fate) -> None:
        self._at = at
        self._fate = fate
        self._seen = 0

    @property
    def was_made(self) -> bool:
        return self._seen > self._at

    def __call__(self, name: str, _request: Request, call: Callable[[], Any]) -> Any:
        number, self._seen = self._seen, self._seen + 1
        if number != self._at:
            return call()
        if self._fate is not Fate.REFUSED:
            answer = call()
            if self._fate is Fate.SENT_AGAIN:
                # A transaction has a token, by which DynamoDB knows it again. moto does not.
                return answer if name == "transact_write_items" else call()
        raise EndpointConnectionError(endpoint_url="http://cut.test")


class Between:
    """Has something else happen right before the ``at``-th write: all that it writes is there then."""

    def __init__(self, at: int, happens: Callable[[], None]) -> None:
        self._at = at
        self._happens = happens
        self._seen = 0
        self._is_happening = False

    @property
    def has_happened(self) -> bool:
        return self._seen > self._at

    def __call__(self, _name: str, _request: Request, call: Callable[[], Any]) -> Any:
        if self._is_happening:
            return call()
        number, self._seen = self._seen, self._seen + 1
        if number == self._at:
            self._is_happening = True
            try:
                self._happens()
            finally:
                self._is_happening = False
        return call()


class Written:
    """Keeps what was written, step by step; what was refused, too."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def __call__(self, name: str, request: Request, call: Callable[[], Any]) -> Any:
        if name in _ACTIONS:
            self.steps.append(Step((_change(_ACTIONS[name], request),)))
        elif name == "transact_write_items":
            parts = [part for each in request["TransactItems"] for part in each.items() if part[0] != "ConditionCheck"]
            self.steps.append(Step(tuple(_change(action, asked) for action, asked in parts)))
        return call()


@contextlib.contextmanager
def through(store: Store, around: Callable[[str, Request, Callable[[], Any]], Any]) -> Iterator[None]:
    """Has every write go through ``around``."""
    store.around = around
    try:
        yield
    finally:
        store.around = None


def _change(action: str, request: Mapping[str, Any]) -> Change:
    key = request["Item"] if action == "Put" else request["Key"]
    if action == "Put":
        sets = frozenset(from_item(request["Item"]))
    elif action == "Update":
        sets = frozenset(_names(request))
    else:
        sets = frozenset[str]()
    return Change(action=action, kind=kind_of(key["pk"]["S"], key["sk"]["S"]), sets=sets)


def _names(request: Mapping[str, Any]) -> Iterator[str]:
    """The attributes that an update sets."""
    names = request.get("ExpressionAttributeNames", {})
    for part in request["UpdateExpression"].removeprefix("SET ").split(", "):
        name, is_set, _ = part.partition(" = ")
        if is_set:
            yield names.get(name, name)


def kind_of(pk: str, sk: str) -> str:
    """What an item is, by its key: ACCOUNT, SESSION and so on, AUDIT for an entry of the audit log."""
    return "AUDIT" if pk.startswith("AUDIT#") else sk
