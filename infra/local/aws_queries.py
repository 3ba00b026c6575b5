"""Queries of moto's DynamoDB at a price that does not grow with the table.

moto (5.2) sorts all items of the table for each query, and then looks for those of the partition: with a hundred
thousand items a query takes seconds. Here it is known which items have ever been in a partition of the table or of an
index; these are what moto looks through and decides on, as it does with all.
"""

from __future__ import annotations

import inspect
import threading
from collections import defaultdict
from typing import Any, Final
from weakref import WeakKeyDictionary

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_query, _all_items, _put_item = Table.query, Table.all_items, Table.put_item
_update_item = DynamoDBBackend.update_item
_QUERY: Final = inspect.signature(Table.query)
_Keys = dict[tuple[DynamoType, DynamoType], None]
_Places = defaultdict[tuple[str, DynamoType], _Keys]
_places: Final[WeakKeyDictionary[Table, _Places]] = WeakKeyDictionary()
"""By table, the keys of the items that have, or have had, an index's partition key with a value."""


class _Asked(threading.local):
    """What the query that runs in this thread may find."""

    items: list[Item] | None = None


_asked = _Asked()


def make_queries_cheap() -> None:
    """Changes moto in this process, before its tables have items; safe to call twice."""
    Table.query = _query_partition  # type: ignore[method-assign]
    Table.all_items = _items  # type: ignore[method-assign]
    Table.put_item = _put  # type: ignore[method-assign]
    DynamoDBBackend.update_item = _update  # type: ignore[method-assign]


def _put(self: Table, *arguments: Any, **named: Any) -> Item:
    item = _put_item(self, *arguments, **named)
    note(self, item)
    return item


def _update(self: DynamoDBBackend, table_name: str, *arguments: Any, **named: Any) -> Item:
    item = _update_item(self, table_name, *arguments, **named)
    note(self.get_table(table_name), item)
    return item


def note(table: Table, item: Item) -> None:
    """An item is in the table now, perhaps at other places of its indexes than before."""
    if item.range_key is None:
        return
    places = _places.setdefault(table, defaultdict(dict))
    for index in table.all_indexes():
        for part in index.schema:
            value = item.attrs.get(part["AttributeName"])
            if part["KeyType"] == "HASH" and value is not None:
                places[part["AttributeName"], value][item.hash_key, item.range_key] = None


def _query_partition(self: Table, hash_key: DynamoType | None, *arguments: Any, **named: Any) -> Any:
    asked = _QUERY.bind(self, hash_key, *arguments, **named).arguments
    _asked.items = _partition(self, asked) if self.range_key_attr else None
    try:
        return _query(self, hash_key, *arguments, **named)
    finally:
        _asked.items = None


def _partition(table: Table, asked: dict[str, Any]) -> list[Item] | None:
    """What may be in the partition; None: moto looks through all."""
    conditions = asked.get("hash_key_conditions")
    if not conditions:
        return None
    if not asked.get("index_name"):
        return list(table.items.get(asked["hash_key"], {}).values())
    keys = _places.get(table, {}).get(conditions[0], {})
    found = (table.items.get(first, {}).get(second) for first, second in keys)
    return [item for item in found if item is not None]


def _items(self: Table) -> list[Item]:
    return _all_items(self) if _asked.items is None else _asked.items
