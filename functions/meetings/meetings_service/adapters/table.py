"""What the modules of the meetings' table share: keys, batches and the form of items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from functions.serverless.aws import from_item, to_item
from functions.serverless.cursors import Place
from functions.serverless.problems import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, WriteRequestTypeDef

_WRITTEN_AT_ONCE, _READ_AT_ONCE = 25, 100
"""The most that one BatchWriteItem and one BatchGetItem take."""
_ATTEMPTS = 5
_THROTTLED = ("ThrottlingError", "ProvisionedThroughputExceeded")
Key = tuple[str, str]
"""``pk`` and ``sk`` of an item."""


class Table:
    """The table ``PARLEY_MEETINGS_TABLE``: `meetings_service.adapters.repository` says what is in it."""

    def __init__(self, client: Callable[[], DynamoDBClient], name: str) -> None:
        self._client = client
        self.name = name

    @property
    def client(self) -> DynamoDBClient:
        """The client for DynamoDB."""
        return self._client()

    def get(self, key: Key) -> dict[str, Any] | None:
        """An item, as of now; None if there is none."""
        answer = self.client.get_item(TableName=self.name, Key=to_item(_named(key)), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_all(
        self, keys: Sequence[Key], *, consistent: bool = True, attributes: Sequence[str] = ()
    ) -> dict[Key, dict[str, Any]]:
        """Those of some items that are there: whole, or some attributes of them."""
        found: dict[Key, dict[str, Any]] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), _READ_AT_ONCE):
            left: Any = {
                "Keys": [to_item(_named(key)) for key in wanted[start : start + _READ_AT_ONCE]],
                "ConsistentRead": consistent,
            }
            if attributes:
                names = {f"#{number}": name for number, name in enumerate(("pk", "sk", *attributes))}
                left |= {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
            for _ in range(_ATTEMPTS):
                answer = self.client.batch_get_item(RequestItems={self.name: left})
                for item in map(from_item, answer["Responses"].get(self.name, [])):
                    found[item["pk"], item["sk"]] = item
                left = answer["UnprocessedKeys"].get(self.name)
                if not left:
                    break
            else:
                raise UnavailableError("The table does not give all of the batch at the moment.")
        return found

    def add(self, item: dict[str, Any]) -> bool:
        """Puts an item, if there is none with its key; False if there is."""
        client = self.client
        try:
            client.put_item(TableName=self.name, Item=to_item(item), ConditionExpression="attribute_not_exists(pk)")
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def put_all(self, items: Sequence[dict[str, Any]]) -> None:
        """Puts items, in any order."""
        self._write([{"PutRequest": {"Item": to_item(item)}} for item in items])

    def delete_all(self, keys: Sequence[Key]) -> None:
        """Deletes items, in any order."""
        self._write([{"DeleteRequest": {"Key": to_item(_named(key))}} for key in keys])

    def _write(self, requests: list[WriteRequestTypeDef]) -> None:
        for start in range(0, len(requests), _WRITTEN_AT_ONCE):
            left: Sequence[Any] = requests[start : start + _WRITTEN_AT_ONCE]
            for _ in range(_ATTEMPTS):
                answer = self.client.batch_write_item(RequestItems={self.name: left})
                left = answer["UnprocessedItems"].get(self.name, [])
                if not left:
                    break
            else:
                raise UnavailableError("The table does not take all of the batch at the moment.")

    def update(
        self,
        key: Key,
        *,
        sets: dict[str, Any] | None = None,
        adds: dict[str, frozenset[Any]] | None = None,
        removes: Sequence[str] = (),
        adds_version: bool = False,
        condition: str = "",
        values: dict[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """Changes an item and gives it as it is then; None if ``condition`` did not hold.

        ``condition`` names attributes with ``#`` before them (many of ours are reserved words), and ``values`` with a
        colon. Items without a ``version`` have 1. ``adds`` puts elements into sets.
        """
        request = self._update(
            key, sets=sets, adds=adds, removes=removes, adds_version=adds_version, condition=condition, values=values
        )
        client = self.client
        try:
            answer = client.update_item(ReturnValues="ALL_NEW", **request)
        except client.exceptions.ConditionalCheckFailedException:
            return None
        return from_item(answer["Attributes"])

    def count(self, key: Key, name: str, *, expires_at: int, condition: str, values: dict[str, Any]) -> bool:
        """Adds ``:number`` of ``values`` to an attribute; False if ``condition`` (as in `update`) did not hold."""
        request: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        client = self.client
        try:
            client.update_item(
                TableName=self.name,
                Key=to_item(_named(key)),
                UpdateExpression=f"SET expires_at = :expires ADD #{name} :number",
                ExpressionAttributeNames={f"#{name}": name},
                ExpressionAttributeValues=to_item({":expires": expires_at, **values}),
                **request,
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def update_write(
        self,
        key: Key,
        *,
        sets: dict[str, Any] | None = None,
        removes: Sequence[str] = (),
        adds_version: bool = False,
        condition: str = "",
        values: dict[str, Any] | None = None,
    ) -> TransactWriteItemTypeDef:
        """`update` as a write of a transaction."""
        return {
            "Update": self._update(
                key, sets=sets, removes=removes, adds_version=adds_version, condition=condition, values=values
            )
        }

    def put_write(self, item: dict[str, Any], *, condition: str = "") -> TransactWriteItemTypeDef:
        """The write of a transaction that puts an item; ``condition`` as DynamoDB has it."""
        put: dict[str, Any] = {"TableName": self.name, "Item": to_item(item)}
        return {"Put": {**put, "ConditionExpression": condition} if condition else put}  # type: ignore[typeddict-item]

    def delete_write(self, key: Key) -> TransactWriteItemTypeDef:
        """The write of a transaction that deletes an item which is there."""
        named = to_item(_named(key))
        return {"Delete": {"TableName": self.name, "Key": named, "ConditionExpression": "attribute_exists(pk)"}}

    def delete_if(self, key: Key, *, condition: str, values: dict[str, Any]) -> bool:
        """Deletes an item; False if ``condition``, as in `update`, did not hold."""
        client = self.client
        try:
            client.delete_item(
                TableName=self.name,
                Key=to_item(_named(key)),
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in re.findall(r"#(\w+)", condition)},
                ExpressionAttributeValues=to_item(values),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def transact(self, writes: Sequence[TransactWriteItemTypeDef]) -> bool:
        """Makes all of some writes or none: False if a condition did not hold, or others were at the same items.

        Raises:
            UnavailableError: the table does not take them at the moment.
        """
        client = self.client
        try:
            client.transact_write_items(TransactItems=list(writes))
        except client.exceptions.TransactionCanceledException as error:
            codes = {str(reason.get("Code")) for reason in error.response["CancellationReasons"]} - {"None"}
            if codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
                return False
            if codes <= {"ConditionalCheckFailed", "TransactionConflict", *_THROTTLED}:
                raise UnavailableError("The table does not take all of the writes at the moment.") from error
            raise
        return True

    def _update(
        self,
        key: Key,
        *,
        sets: dict[str, Any] | None,
        removes: Sequence[str],
        adds_version: bool,
        condition: str,
        values: dict[str, Any] | None,
        adds: dict[str, frozenset[Any]] | None = None,
    ) -> Any:
        """The request that changes an item, as `update` has it."""
        given = dict(sets or {})
        assignments = [f"#{name} = :set_{name}" for name in given]
        if adds_version:
            assignments.append("#version = if_not_exists(#version, :one) + :one")
        parts = ["SET " + ", ".join(assignments)] if assignments else []
        elements = {name: value for name, value in (adds or {}).items() if value}
        parts += ["ADD " + ", ".join(f"#{name} :add_{name}" for name in elements)] if elements else []
        parts += ["REMOVE " + ", ".join(f"#{name}" for name in removes)] if removes else []
        named = (
            *given,
            *elements,
            *removes,
            *(("version",) if adds_version else ()),
            *re.findall(r"#(\w+)", condition),
        )
        names = {f"#{name}": name for name in named}
        known = {f":set_{name}": value for name, value in given.items()} | (values or {})
        known |= {f":add_{name}": value for name, value in elements.items()}
        if adds_version:
            known[":one"] = 1
        request: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        if known:
            request["ExpressionAttributeValues"] = to_item(known)
        if names:
            request["ExpressionAttributeNames"] = names
        return {
            "TableName": self.name,
            "Key": to_item(_named(key)),
            "UpdateExpression": " ".join(parts),
            **request,
        }

    def query(self, pk: str, prefix: str = "", *, attributes: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """All items of a partition whose sort key begins with ``prefix``, in order, as of now."""
        request: dict[str, Any] = {}
        if attributes:
            names = {f"#{number}": name for number, name in enumerate(attributes)}
            request = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        condition, values = "pk = :pk", {":pk": pk}
        if prefix:
            condition, values = f"{condition} AND begins_with(sk, :prefix)", values | {":prefix": prefix}
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            ConsistentRead=True,
            **request,
        )
        for page in pages:
            for item in page["Items"]:
                yield from_item(item)

    def between(self, pk: str, first: str, last: str) -> Iterator[dict[str, Any]]:
        """All items of a partition whose sort keys are from ``first`` to ``last``, in order, as of now."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item({":pk": pk, ":first": first, ":last": last}),
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(from_item, page["Items"])

    def page(
        self, pk: str, first: str, last: str, *, limit: int, consistent: bool = True, backwards: bool = False
    ) -> tuple[list[dict[str, Any]], bool]:
        """The first (or, ``backwards``, the last) items of a partition whose sort keys are from ``first`` to ``last``,
        and whether there may be others: one query."""
        answer = self.client.query(
            TableName=self.name,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item({":pk": pk, ":first": first, ":last": last}),
            ConsistentRead=consistent,
            ScanIndexForward=not backwards,
            Limit=limit,
        )
        items = [from_item(item) for item in answer["Items"]]
        return items, "LastEvaluatedKey" in answer and bool(items)

    def newest(
        self, partition: str, *, after: Place | None, limit: int, index: Literal["gsi1", "gsi2"] = "gsi1"
    ) -> tuple[list[dict[str, Any]], bool]:
        """Items of a partition of an index whose sort keys are a time and an id, the latest first, and whether others
        follow: one query. ``after``: the place of the last one that is known. The index may lag behind by a moment."""
        values, condition = {":pk": partition}, f"{index}pk = :pk"
        if after is not None:
            values[":before"] = f"{after.time:015d}#{after.id}"
            condition += f" AND {index}sk < :before"
        answer = self.client.query(
            TableName=self.name,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            ScanIndexForward=False,
            Limit=limit,
        )
        items = [from_item(item) for item in answer["Items"]]
        return items, "LastEvaluatedKey" in answer and bool(items)


def without_nulls(value: Struct) -> dict[str, Any]:
    """What is known of something: a missing attribute is one that nothing has told yet."""
    return {name: entry for name, entry in msgspec.to_builtins(value).items() if entry is not None}


def _named(key: Key) -> dict[str, str]:
    return {"pk": key[0], "sk": key[1]}
