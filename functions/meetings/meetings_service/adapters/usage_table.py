"""Counters of usage in the meetings' table (see `adapters.repository`).

| Item    | pk                     | sk          | gsi1pk              | gsi1sk      |
|---------|------------------------|-------------|---------------------|-------------|
| Day     | ``USAGE#<month>``      | ``<day>``   |                     |             |
| Host    | ``HOSTUSAGE#<month>``  | ``<user>``  | ``USAGEOF#<user>``  | ``<month>`` |
| Counted | ``MEETING#<room id>``  | USAGE       |                     |             |

Access patterns:
1. Count a session: get what was counted of it, and one transaction of that, its days, and its host's month. Two at once
   are told apart by the former's number, and the second counts anew.
2. Days of some months: query each month. Hosts of a month: query, by pages. Months of a host: query ``gsi1``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from contracts.rooms import MeetingId
from functions.serverless.aws import from_item, to_item
from meetings_service.adapters.table import Key, Table
from meetings_service.domain.usage import SessionCount, difference

_ATTEMPTS = 5


class UsageTable:
    """Counters are as of now."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count(self, room_id: MeetingId, now: SessionCount, *, host_id: str, host_name: str) -> None:
        """Counts a session, instead of what was counted of it before. May be repeated.

        Raises:
            RuntimeError: others count it at the same moment, again and again.
        """
        key: Key = (f"MEETING#{room_id}", "USAGE")
        for _ in range(_ATTEMPTS):
            item = self._table.get(key)
            counted = None if item is None else msgspec.convert(item["count"], SessionCount, strict=False)
            if counted == now or (counted is not None and not now.participants):
                return  # nothing new; or its record has been erased since
            number = 0 if item is None else int(item["number"])
            # Who hosts the next session, or has the meeting from now on, has nothing to do with this one.
            former = host_id if item is None else str(item["host_id"])
            host = (former, host_name if former == host_id else None)
            if self._added(key, counted, now, number=number, host=host):
                return
        raise RuntimeError(f"others count the session {room_id} at the same moment")

    def _added(
        self, key: Key, counted: SessionCount | None, now: SessionCount, *, number: int, host: tuple[str, str | None]
    ) -> bool:
        client, name = self._table.client, self._table.name
        changes = difference(counted, now)
        own: Any = {
            "Put": {
                "TableName": name,
                "Item": to_item(
                    {
                        **_named(key),
                        "number": number + 1,
                        "host_id": host[0],
                        "count": msgspec.to_builtins(now, str_keys=True),
                    }
                ),
                "ConditionExpression": "#number = :known" if number else "attribute_not_exists(pk)",
                **({"ExpressionAttributeNames": {"#number": "number"}} if number else {}),
                **({"ExpressionAttributeValues": to_item({":known": number})} if number else {}),
            }
        }
        days = [self._add((f"USAGE#{day[:7]}", day), counters) for day, counters in changes.items()]
        before = counted or SessionCount(began_on=now.began_on)
        of_host = {
            "meetings": bool(now.participants) - bool(before.participants),
            "participants": now.participants - before.participants,
            "participant_ms": now.participant_ms - before.participant_ms,
        }
        month = now.began_on[:7] if counted is None else counted.began_on[:7]
        place = {"gsi1pk": f"USAGEOF#{host[0]}", "gsi1sk": month, "user_id": host[0]}
        place |= {} if host[1] is None else {"name": host[1]}
        hosted = self._add((f"HOSTUSAGE#{month}", host[0]), of_host, sets=place)
        try:
            client.transact_write_items(TransactItems=[own, *days, hosted])
        except client.exceptions.TransactionCanceledException as error:
            codes = {str(reason.get("Code")) for reason in error.response["CancellationReasons"]} - {"None"}
            if codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
                return False
            raise
        return True

    def _add(self, key: Key, counters: Mapping[str, int], *, sets: Mapping[str, Any] | None = None) -> Any:
        """The write of a transaction that adds to counters. In short: the expression has a limit."""
        given = dict(sets or {})
        names = {f"#{number}": name for number, name in enumerate((*counters, *given))}
        values = {f":{number}": value for number, value in enumerate((*counters.values(), *given.values()))}
        added = range(len(counters))
        expression = "ADD " + ",".join(f"#{number} :{number}" for number in added)
        if given:
            expression += " SET " + ",".join(f"#{n}=:{n}" for n in range(len(counters), len(names)))
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": to_item(_named(key)),
                "UpdateExpression": expression,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": to_item(values),
            }
        }

    def days(self, months: Iterable[str]) -> dict[str, dict[str, int]]:
        """The counters of all days of some months, by day."""
        found: dict[str, dict[str, int]] = {}
        for month in months:
            for item in self._table.query(f"USAGE#{month}"):
                found[item["sk"]] = {name: value for name, value in item.items() if isinstance(value, int)}
        return found

    def hosts(self, month: str, *, after: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """Who hosted what in a month, in the order of their ids, and where the next page begins."""
        start = {"ExclusiveStartKey": to_item({"pk": f"HOSTUSAGE#{month}", "sk": after})} if after else {}
        answer = self._table.client.query(
            TableName=self._table.name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": f"HOSTUSAGE#{month}"}),
            Limit=limit,
            **start,  # type: ignore[arg-type]
        )
        items = [from_item(item) for item in answer["Items"]]
        return items, items[-1]["sk"] if items and "LastEvaluatedKey" in answer else None

    def name_host(self, user_id: str, name: str) -> None:
        """Somebody is called otherwise in all that was counted of them."""
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :pk",
            ExpressionAttributeValues=to_item({":pk": f"USAGEOF#{user_id}"}),
        )
        for page in pages:
            for item in map(from_item, page["Items"]):
                if item.get("name") != name:
                    self._table.update((item["pk"], item["sk"]), sets={"name": name}, condition="attribute_exists(#pk)")


def _named(key: Key) -> dict[str, str]:
    return {"pk": key[0], "sk": key[1]}
