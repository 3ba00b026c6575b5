"""Logins under way at external providers, in the table (`auth_service.adapters.table`): each is taken once."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from auth_service.adapters.table import Table, app_code_key, attempt_key
from auth_service.domain.login_attempts import AppCode, Attempt
from functions.serverless.aws import from_item, to_item

Kind = TypeVar("Kind", bound=Struct)


class AttemptsTable:
    """Keeps attempts, and the codes by which applications fetch what has come of them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add_attempt(self, attempt: Attempt) -> None:
        """Keeps an attempt."""
        self._put({**attempt_key(attempt.state_hash), **msgspec.to_builtins(attempt)})

    def take_attempt(self, state_hash: str) -> Attempt | None:
        """The attempt, which is gone then: nobody else gets it."""
        return self._take(attempt_key(state_hash), Attempt)

    def add_code(self, code: AppCode) -> None:
        """Keeps a code."""
        self._put({**app_code_key(code.code_hash), **msgspec.to_builtins(code)})

    def take_code(self, code_hash: str) -> AppCode | None:
        """The login that a code is for, which is gone then."""
        return self._take(app_code_key(code_hash), AppCode)

    def _put(self, item: dict[str, Any]) -> None:
        self._table.client.put_item(TableName=self._table.name, Item=to_item(item))

    def _take(self, key: dict[str, str], kind: type[Kind]) -> Kind | None:
        answer = self._table.client.delete_item(TableName=self._table.name, Key=to_item(key), ReturnValues="ALL_OLD")
        return msgspec.convert(from_item(answer["Attributes"]), kind) if answer.get("Attributes") else None
