"""What a request asks of DynamoDB, call by call: what a page costs must not grow with the table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OWN = {
    "get_item": "GetItem",
    "batch_get_item": "BatchGetItem",
    "query": "Query",
    "put_item": "PutItem",
    "update_item": "UpdateItem",
    "delete_item": "DeleteItem",
    "batch_write_item": "BatchWriteItem",
    "transact_write_items": "TransactWriteItems",
}
"""The calls that `functions.serverless.dynamodb` makes itself; botocore tells of all others."""
_READ_UNIT = 4096
"""Octets."""


class Calls(list[str]):
    """The names of the operations, in their order; and the read capacity units that AWS would count for them.

    moto makes these up, so they are reckoned from what it answers, by AWS's rules: half a unit for each 4 KiB, a whole
    one where the read is strongly consistent; of the items that are got each by itself, of a query's all together.
    """

    read_units: float = 0

    def add_units(self, operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Counts what an answered call has read."""
        if operation == "GetItem":
            self.read_units += _units([answer.get("Item", {})], request)
        elif operation == "BatchGetItem":
            for table, asked in request["RequestItems"].items():
                items = answer["Responses"].get(table, [])
                absent = len(asked["Keys"]) - len(items)
                self.read_units += sum(_units([item], asked) for item in [*items, *[{}] * absent])
        elif operation in ("Query", "Scan"):
            self.read_units += _units(answer["Items"], request)


def _units(items: list[dict[str, Any]], asked: Mapping[str, Any]) -> float:
    if "ProjectionExpression" in asked or "FilterExpression" in asked:
        return math.nan  # more was read than was told
    blocks = max(1, math.ceil(sum(map(item_size, items)) / _READ_UNIT))
    return blocks * (1 if asked.get("ConsistentRead") else 0.5)


def item_size(item: Mapping[str, Any]) -> int:
    """The octets of an item in DynamoDB's JSON, as AWS counts them."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(attribute: Mapping[str, Any]) -> int:
    kind, value = next(iter(attribute.items()))
    match kind:
        case "S" | "N":
            size = len(value.encode()) if kind == "S" else len(value) // 2 + 2
        case "M":
            size = 3 + sum(len(name.encode()) + _value_size(inner) + 1 for name, inner in value.items())
        case "L":
            size = 3 + sum(_value_size(inner) + 1 for inner in value)
        case "SS" | "NS":
            size = sum(_value_size({kind[0]: each}) for each in value)
        case "BOOL" | "NULL":
            size = 1
        case _:
            raise ValueError(f"nothing of ours is stored as {kind}")
    return size


@contextmanager
def counted_calls(dynamodb: DynamoDBClient) -> Iterator[Calls]:
    """What is asked, for as long as it lasts."""
    calls = Calls()
    asked: dict[str, Any] = {}

    def ask(params: Any, model: Any, **_: Any) -> None:
        calls.append(model.name)
        asked.clear()
        asked.update(params)

    def told(model: Any, parsed: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code == 200:
            calls.add_units(model.name, asked, parsed)

    events: Any = dynamodb.meta.events
    with pytest.MonkeyPatch.context() as patch:
        for method, name in _OWN.items():
            own = getattr(dynamodb, method)

            def note(*, real: Any = own, name: str = name, **request: Any) -> Any:
                calls.append(name)
                answer = real(**request)
                calls.add_units(name, request, answer)
                return answer

            patch.setattr(dynamodb, method, note)
        events.register("before-parameter-build.dynamodb", ask)
        events.register("after-call.dynamodb", told)
        try:
            yield calls
        finally:
            events.unregister("before-parameter-build.dynamodb", ask)
            events.unregister("after-call.dynamodb", told)
