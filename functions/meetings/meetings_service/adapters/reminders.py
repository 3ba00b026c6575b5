"""When the next reminder of each meeting is due, in the meetings' table: `adapters.repository` has the keys.

One item for each meeting that has one, in the index ``gsi1`` under ``REMINDERS`` by when it is due: finding what is due
costs what is due, however many meetings there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from contracts.rooms import MeetingId
from functions.serverless.aws import from_item, to_item
from meetings_service.adapters.table import Key, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

_PARTITION: Final = "REMINDERS"


class Waiting(Struct, frozen=True, kw_only=True):
    """The next reminder of a meeting. ``due`` in milliseconds since the epoch; ``version``: of the meeting when this
    was found."""

    meeting_id: MeetingId
    due: int
    version: int


class Reminders:
    """The next reminders of all meetings."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def due(self, now: int) -> Iterator[Waiting]:
        """What is due by ``now``, longest due first; as of a moment ago."""
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :pk AND gsi1sk < :now",
            ExpressionAttributeValues=to_item({":pk": _PARTITION, ":now": f"{now + 1:015d}"}),
        )
        for page in pages:
            for item in map(from_item, page["Items"]):
                meeting_id = MeetingId(item["pk"].removeprefix("MEETING#"))
                yield Waiting(meeting_id=meeting_id, due=item["due"], version=item["of_version"])

    def write(self, waiting: Waiting) -> Write:
        """The write that makes this the meeting's next reminder, whatever was."""
        pk, sk = _key(waiting.meeting_id)
        return self._table.put_write({"pk": pk, "sk": sk, **_fields(waiting)})

    def write_none(self, meeting_id: MeetingId) -> Write:
        """The write after which the meeting has no next reminder."""
        return self._table.update_write(_key(meeting_id), removes=("gsi1pk", "gsi1sk", "due", "of_version"))

    def move(self, waiting: Waiting, due: int | None) -> Write:
        """The write that has the next one in its place, if it is still the next one."""
        known = {":due": waiting.due, ":version": waiting.version}
        condition = "#due = :due AND #of_version = :version"
        if due is None:
            gone = ("gsi1pk", "gsi1sk", "due", "of_version")
            return self._table.update_write(_key(waiting.meeting_id), removes=gone, condition=condition, values=known)
        after = Waiting(meeting_id=waiting.meeting_id, due=due, version=waiting.version)
        return self._table.update_write(
            _key(waiting.meeting_id), sets=_fields(after), condition=condition, values=known
        )


def _fields(waiting: Waiting) -> dict[str, str | int]:
    return {
        "gsi1pk": _PARTITION,
        "gsi1sk": f"{waiting.due:015d}#{waiting.meeting_id}",
        "due": waiting.due,
        "of_version": waiting.version,
    }


def _key(meeting_id: MeetingId) -> Key:
    return f"MEETING#{meeting_id}", "REMINDER"
