"""Meetings and what happened in them, in the DynamoDB table ``PARLEY_MEETINGS_TABLE``.

The table (``infra/data.yaml``): partition key ``pk`` (S), sort key ``sk`` (S); one index ``gsi1`` with ``gsi1pk`` (S)
and ``gsi1sk`` (S), all attributes projected; time to live in ``expires_at`` (N, seconds since the epoch); billed by
request; point-in-time recovery.

| Item       | pk               | sk                              | gsi1pk          | gsi1sk                |
|------------|------------------|---------------------------------|-----------------|-----------------------|
| Meeting    | ``MEETING#<id>`` | MEETING                         | ``HOST#<user>`` | ``<created_at>#<id>`` |
| Attendance | ``MEETING#<id>`` | ``ATTENDANCE#<participant id>`` |                 |                       |
| Chat       | ``MEETING#<id>`` | ``CHAT#<version>#<message id>`` |                 |                       |
| Recording  | ``MEETING#<id>`` | ``RECORDING#<recording id>``    |                 |                       |

Access patterns:
1. Create: put, only if the id is free. Read, join: get by id. Change, end: one conditional update.
2. Meetings of a host, newest first, by pages: query ``gsi1`` backwards.
3. Facts: one update for each meeting, each participant and each recording of a batch, puts for chat
   (`meetings_service.domain.record`).
4. Attendance, chat and recordings of a meeting: query ``pk`` with the prefix of ``sk``.
5. Titles of some meetings: batch get by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from contracts.rooms import MeetingId
from functions.serverless.aws import from_item, to_item
from functions.serverless.cursors import Place, cursor_at, place_of
from functions.serverless.problems import UnavailableError
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.record import Attendance, Changes, ChatLine, Recording
from meetings_service.errors import MeetingNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

_BATCH = 25
"""The most puts that one BatchWriteItem takes."""
_BATCH_ATTEMPTS = 5


class Page(Struct, frozen=True, kw_only=True):
    """Some meetings, and where the next ones begin."""

    meetings: tuple[Meeting, ...]
    next_cursor: str | None


class Repository:
    """Reads by id are strongly consistent; lists may lag behind by a moment."""

    def __init__(self, client: Callable[[], DynamoDBClient], table: str) -> None:
        self._client = client
        self._table = table

    def add(self, meeting: Meeting) -> bool:
        """Adds a meeting; False if its id is taken."""
        client = self._client()
        index = {"gsi1pk": f"HOST#{meeting.host_id}", "gsi1sk": _list_position(meeting)}
        try:
            client.put_item(
                TableName=self._table,
                Item=to_item({**_key(meeting.id), **index, **_without_nulls(meeting)}),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def find(self, meeting_id: MeetingId) -> Meeting:
        """The meeting with an id.

        Raises:
            MeetingNotFoundError: there is none.
        """
        answer = self._client().get_item(TableName=self._table, Key=to_item(_key(meeting_id)), ConsistentRead=True)
        if "Item" not in answer:
            raise MeetingNotFoundError
        return _meeting(answer["Item"])

    def titles(self, meeting_ids: Sequence[MeetingId]) -> dict[MeetingId, str]:
        """The titles of some meetings (100 at most), as of a moment ago; those that are not there are left out."""
        if not meeting_ids:
            return {}
        wanted: Any = {"Keys": [to_item(_key(each)) for each in meeting_ids], "ProjectionExpression": "id, title"}
        found: list[Any] = []
        for _ in range(_BATCH_ATTEMPTS):
            answer = self._client().batch_get_item(RequestItems={self._table: wanted})
            found += answer["Responses"].get(self._table, [])
            wanted = answer["UnprocessedKeys"].get(self._table)
            if not wanted:
                return {item["id"]: item["title"] for item in map(from_item, found)}
        raise UnavailableError("The table does not give all of the batch at the moment.")

    def list_of_host(self, host_id: str, *, cursor: str | None, limit: int) -> Page:
        """A page of someone's meetings, newest first.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        position = {} if cursor is None else {"ExclusiveStartKey": to_item(_start_key(host_id, cursor))}
        answer = self._client().query(
            TableName=self._table,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :host",
            ExpressionAttributeValues=to_item({":host": f"HOST#{host_id}"}),
            ScanIndexForward=False,
            Limit=limit,
            **position,  # type: ignore[arg-type]
        )
        meetings = tuple(_meeting(item) for item in answer["Items"])
        more = "LastEvaluatedKey" in answer and meetings
        return Page(
            meetings=meetings,
            next_cursor=cursor_at(Place(time=meetings[-1].created_at, id=meetings[-1].id)) if more else None,
        )

    def change(self, meeting_id: MeetingId, changes: dict[str, str | bool]) -> Meeting:
        """Sets some fields and gives the meeting as it is then.

        Raises:
            MeetingNotFoundError: there is none.
        """
        if not changes:
            return self.find(meeting_id)
        client = self._client()
        try:
            answer = client.update_item(
                TableName=self._table,
                Key=to_item(_key(meeting_id)),
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changes),
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={f"#{name}": name for name in changes},
                ExpressionAttributeValues=to_item({f":{name}": value for name, value in changes.items()}),
                ReturnValues="ALL_NEW",
            )
        except client.exceptions.ConditionalCheckFailedException:
            raise MeetingNotFoundError from None
        return _meeting(answer["Attributes"])

    def record_time(self, meeting_id: MeetingId, field: str, at: int) -> None:
        """Sets ``started_at`` or ``ended_at``, unless an earlier time is known.

        Raises:
            MeetingNotFoundError: there is no such meeting.
        """
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item(_key(meeting_id)),
                UpdateExpression="SET #field = :at",
                ConditionExpression="attribute_exists(pk) AND (attribute_not_exists(#field) OR #field > :at)",
                ExpressionAttributeNames={"#field": field},
                ExpressionAttributeValues=to_item({":at": at}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            self.find(meeting_id)

    def record(self, meeting_id: MeetingId, changes: Changes) -> None:
        """Adds what happened to the record of a meeting. May be repeated, in any order (see `domain.record`).

        Raises:
            MeetingNotFoundError: there is no such meeting.
        """
        self.find(meeting_id)
        for stay in changes.attendance.values():
            self._record_parts(meeting_id, f"ATTENDANCE#{stay.participant_id}", stay)
        for recording in changes.recordings.values():
            self._record_parts(meeting_id, f"RECORDING#{recording.recording_id}", recording)
        self._put_all([_chat_item(meeting_id, line) for line in changes.chat.values()])
        if changes.started_at is not None:
            self.record_time(meeting_id, "started_at", changes.started_at)
        if changes.ended_at is not None:
            self.record_time(meeting_id, "ended_at", changes.ended_at)

    def attendance(self, meeting_id: MeetingId) -> tuple[Attendance, ...]:
        """Everyone's stays, in the order of their participant ids."""
        return tuple(msgspec.convert(item, Attendance) for item in self._items(meeting_id, "ATTENDANCE#"))

    def chat(self, meeting_id: MeetingId) -> tuple[ChatLine, ...]:
        """The chat, in its order."""
        return tuple(msgspec.convert(item, ChatLine) for item in self._items(meeting_id, "CHAT#"))

    def recordings(self, meeting_id: MeetingId) -> tuple[Recording, ...]:
        """What was recorded, in the order of the recordings' ids."""
        return tuple(msgspec.convert(item, Recording) for item in self._items(meeting_id, "RECORDING#"))

    def _record_parts(self, meeting_id: MeetingId, sort_key: str, parts: Attendance | Recording) -> None:
        """Sets what the facts of a batch tell of something, and leaves what others tell."""
        values = _without_nulls(parts)
        self._client().update_item(
            TableName=self._table,
            Key=to_item({"pk": f"MEETING#{meeting_id}", "sk": sort_key}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues=to_item({f":{name}": value for name, value in values.items()}),
        )

    def _put_all(self, items: Sequence[dict[str, Any]]) -> None:
        requests: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": to_item(item)}} for item in items]
        for start in range(0, len(requests), _BATCH):
            left: Sequence[Any] = requests[start : start + _BATCH]
            for _ in range(_BATCH_ATTEMPTS):
                answer = self._client().batch_write_item(RequestItems={self._table: left})
                left = answer["UnprocessedItems"].get(self._table, [])
                if not left:
                    break
            else:
                raise UnavailableError("The table does not take all of the batch at the moment.")

    def _items(self, meeting_id: MeetingId, prefix: str) -> Iterator[dict[str, Any]]:
        pages = (
            self._client()
            .get_paginator("query")
            .paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues=to_item({":pk": f"MEETING#{meeting_id}", ":prefix": prefix}),
                ConsistentRead=True,
            )
        )
        for page in pages:
            for item in page["Items"]:
                yield from_item(item)


def _key(meeting_id: str) -> dict[str, str]:
    return {"pk": f"MEETING#{meeting_id}", "sk": "MEETING"}


def _meeting(item: Any) -> Meeting:
    return msgspec.convert(from_item(item), Meeting)


def _list_position(meeting: Meeting) -> str:
    return f"{meeting.created_at:015d}#{meeting.id}"


def _chat_item(meeting_id: MeetingId, line: ChatLine) -> dict[str, Any]:
    sort_key = f"CHAT#{line.version:012d}#{line.message_id}"
    return {"pk": f"MEETING#{meeting_id}", "sk": sort_key, **_without_nulls(line)}


def _without_nulls(value: Struct) -> dict[str, Any]:
    """A missing attribute is one that no fact has told yet."""
    return {name: entry for name, entry in msgspec.to_builtins(value).items() if entry is not None}


def _start_key(host_id: str, cursor: str) -> dict[str, str]:
    place = place_of(cursor)
    return {**_key(place.id), "gsi1pk": f"HOST#{host_id}", "gsi1sk": f"{place.time:015d}#{place.id}"}
