"""The audit log in a service's table: entries are added, and never changed or deleted.

The functions' roles may do neither (``infra/functions/``); what is older than is to be kept, DynamoDB drops by
itself. Who may add entries could put another in the place of one, which IAM cannot tell apart; so each entry's digest
is in the service's log as well, where nothing of the service can change it. A partition of the table holds a day (UTC);
the index finds what concerns one user.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from functions.serverless.audit import AuditEntry, AuditFilter
from functions.serverless.aws import from_item, to_item
from functions.serverless.cursors import Place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

DAY_MS = 86_400_000
_MAX_QUERIES = 40
"""A page may be short, or empty, and others follow: no request reads without end."""
_READ = 200
_SKEW_MS = 60_000
"""Other instances' clocks may be ahead."""


class AuditTable:
    """``kept_days``: how long entries stay. ``clock``: seconds since the epoch."""

    def __init__(
        self, client: Callable[[], DynamoDBClient], name: str, *, kept_days: int, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._name = name
        self._kept_ms = kept_days * DAY_MS
        self._clock = clock
        self._begun = False

    def add(self, entry: AuditEntry) -> None:
        """Adds an entry by itself. One that is there is the same: sent again by the client, whose answer was lost."""
        self.add_if_new(entry)

    def add_if_new(self, entry: AuditEntry) -> bool:
        """Adds an entry, unless one with its id and time is there; False if so."""
        self._note_beginning(entry.at)
        client = self._client()
        try:
            client.put_item(
                TableName=self._name,
                Item=to_item(self._item(entry)),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def write(self, entry: AuditEntry) -> Write:
        """The write that adds an entry together with what it tells of."""
        self._note_beginning(entry.at)
        return {
            "Put": {
                "TableName": self._name,
                "Item": to_item(self._item(entry)),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def page(self, wanted: AuditFilter, *, after: Place | None, limit: int) -> tuple[list[AuditEntry], Place | None]:
        """Entries, the latest first, and the place from which the next page goes on; None at the end."""
        found: list[AuditEntry] = []
        place: Place | None = None
        for entry, place in self._walk(wanted, after):
            if entry is not None and wanted.wants(entry):
                found.append(entry)
            if len(found) == limit:
                return found, place
        return found, place

    def _walk(self, wanted: AuditFilter, after: Place | None) -> Iterator[tuple[AuditEntry | None, Place | None]]:
        """Entries with their places; at last None, with the place to go on from if there may be more."""
        now = int(self._clock() * 1000)
        oldest = max(now - self._kept_ms, wanted.since or 0, self._beginning())
        until = now + _SKEW_MS if wanted.until is None else wanted.until
        before = min(after or _END, Place(time=until, id=_FIRST))
        for _ in range(_MAX_QUERIES):
            if before.time < oldest:
                yield None, None
                return
            day = (before.time - (before.id == _FIRST)) // DAY_MS * DAY_MS
            entries = self._query(wanted.user_id, day, before)
            for entry in entries:
                before = Place(time=entry.at, id=entry.id)
                yield entry, before
            if len(entries) < _READ:
                if wanted.user_id is not None:
                    yield None, None
                    return
                before = Place(time=day, id=_FIRST)
        yield None, before

    def _query(self, user_id: str | None, day: int, before: Place) -> list[AuditEntry]:
        """Entries before a place: those of a user, or those of the day."""
        values: dict[str, Any] = {":before": _sort_key(before)}
        if user_id is not None:
            values[":partition"] = f"AUDIT#{user_id}"
            answer = self._client().query(
                TableName=self._name,
                IndexName="gsi1",
                KeyConditionExpression="gsi1pk = :partition AND gsi1sk < :before",
                ExpressionAttributeValues=to_item(values),
                ScanIndexForward=False,
                Limit=_READ,
            )
        else:
            values[":partition"] = _day(day)
            answer = self._client().query(
                TableName=self._name,
                KeyConditionExpression="pk = :partition AND sk < :before",
                ExpressionAttributeValues=to_item(values),
                ScanIndexForward=False,
                Limit=_READ,
            )
        return [msgspec.convert(from_item(item), AuditEntry) for item in answer["Items"]]

    def _note_beginning(self, at: int) -> None:
        """Keeps when the log has begun, so that nobody reads days before; once for each process."""
        if self._begun:
            return
        client = self._client()
        with contextlib.suppress(client.exceptions.ConditionalCheckFailedException):
            client.put_item(
                TableName=self._name,
                Item=to_item({**_BEGINNING, "at": at}),
                ConditionExpression="attribute_not_exists(pk) OR #at > :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues=to_item({":at": at}),
            )
        self._begun = True

    def _beginning(self) -> int:
        answer = self._client().get_item(TableName=self._name, Key=to_item(_BEGINNING), ConsistentRead=True)
        return int(from_item(answer["Item"])["at"]) // DAY_MS * DAY_MS if "Item" in answer else 0

    def _item(self, entry: AuditEntry) -> dict[str, Any]:
        place = _sort_key(Place(time=entry.at, id=entry.id))
        about = entry.user_id or entry.actor_id
        index = {"gsi1pk": f"AUDIT#{about}", "gsi1sk": place} if about else {}
        fields = {name: value for name, value in msgspec.to_builtins(entry).items() if value is not None}
        return {
            "pk": _day(entry.at),
            "sk": place,
            **index,
            **fields,
            "expires_at": (entry.at + self._kept_ms) // 1000,
        }


_BEGINNING = {"pk": "AUDIT", "sk": "BEGINNING"}
_FIRST = "!"
"""Before every id."""
_END = Place(time=10**15 - 1, id="~")


def _day(at: int) -> str:
    return f"AUDIT#{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"


def _sort_key(place: Place) -> str:
    return f"{place.time:015d}#{place.id}"
