"""Transactions of moto's DynamoDB at a price that does not grow with the table.

moto (5.2) prepares a roll-back by copying the whole table, once for each write of the transaction: with ten thousand
items a transaction takes seconds. Here the items that it touches are kept, and put back if it is cancelled; whatever
else is written meanwhile stays.
"""

from __future__ import annotations

import copy
import threading
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_original = DynamoDBBackend.transact_write_items
_one_at_a_time = threading.Lock()


def make_transactions_cheap() -> None:
    """Changes moto in this process; safe to call twice."""
    vars(models)["copy"] = SimpleNamespace(deepcopy=_copy_all_but_tables)
    DynamoDBBackend.transact_write_items = _transact_write_items  # type: ignore[method-assign]


def _copy_all_but_tables(value: Any) -> Any:
    return value if isinstance(value, Table) else copy.deepcopy(value)


def _transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    with _one_at_a_time:
        before = [_Kept(self.tables[op["TableName"]], op) for op in _writes(transact_items, self.tables)]
        try:
            _original(self, transact_items)
        except BaseException:
            for kept in before:
                kept.put_back()
            raise


def _writes(transact_items: list[dict[str, Any]], tables: dict[str, Table]) -> list[dict[str, Any]]:
    """What may change an item; the rest, and what is not well formed, is left to moto to refuse."""
    operations = [op for item in transact_items for name, op in item.items() if name in ("Put", "Update", "Delete")]
    return [op for op in operations if op.get("TableName") in tables and _names_an_item(op, tables[op["TableName"]])]


def _names_an_item(operation: dict[str, Any], table: Table) -> bool:
    key = operation.get("Key") or operation.get("Item") or {}
    return all(name in key for name in (table.hash_key_attr, table.range_key_attr) if name)


class _Kept:
    """An item as it was before a transaction, perhaps not there."""

    def __init__(self, table: Table, operation: dict[str, Any]) -> None:
        key = operation.get("Key") or operation["Item"]
        self._table = table
        self._hash = DynamoType(key[table.hash_key_attr])
        self._range = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
        self._item = copy.deepcopy(table.get_item(self._hash, self._range))

    def put_back(self) -> None:
        if self._item is None:
            self._table.delete_item(self._hash, self._range)
        elif self._range is None:
            self._table.items[self._hash] = self._item  # type: ignore[assignment]
        else:
            self._table.items[self._hash][self._range] = self._item
