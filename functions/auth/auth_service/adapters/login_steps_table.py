"""Logins that wait for a second factor, and ceremonies, in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from auth_service.adapters.table import Table, ceremony_key, login_step_key
from auth_service.domain.login_steps import Ceremony, LoginStep, token_hash
from functions.serverless.aws import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class LoginStepsTable:
    """Keeps both until they are used, or too old."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, step: LoginStep) -> None:
        """Keeps a login."""
        item = {**login_step_key(step.token_hash), **msgspec.to_builtins(step)}
        self._table.client.put_item(TableName=self._table.name, Item=to_item(item))

    def find(self, token: str, *, now: float) -> LoginStep | None:
        """The login of a token, if it is not too old and nobody has finished it."""
        item = self._table.get(login_step_key(token_hash(token)))
        step = None if item is None else msgspec.convert(item, LoginStep)
        return step if step is not None and step.expires_at > now else None

    def finish(self, step: LoginStep) -> Write:
        """The write that finishes a login, once."""
        key = login_step_key(step.token_hash)
        return self._table.remove(key, "token_hash = :hash", hash=step.token_hash)

    def add_ceremony(self, ceremony: Ceremony) -> None:
        """Keeps a ceremony."""
        item = {**ceremony_key(ceremony.token_hash), **msgspec.to_builtins(ceremony)}
        self._table.client.put_item(TableName=self._table.name, Item=to_item(item))

    def take_ceremony(self, token: str) -> Ceremony | None:
        """The ceremony of a token, which is gone then: nobody else gets it."""
        key = to_item(ceremony_key(token_hash(token)))
        answer = self._table.client.delete_item(TableName=self._table.name, Key=key, ReturnValues="ALL_OLD")
        return msgspec.convert(from_item(answer["Attributes"]), Ceremony) if answer.get("Attributes") else None
