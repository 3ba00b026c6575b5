"""Stream keys in the meetings' table (see `adapters.repository`).

| Item        | pk               | sk                      |
|-------------|------------------|-------------------------|
| Stream key  | ``MEETING#<id>`` | ``STREAMKEY#<key id>``  |
| Their count | ``MEETING#<id>`` | STREAMKEYS              |

Access patterns:
1. Make: a transaction puts the key and moves the ``version`` of STREAMKEYS on, so that of two at once one counts anew.
2. List: query ``pk`` with the prefix ``STREAMKEY``; a meeting has few.
3. Open: get by both ids. Use: one update. Revoke: one update, and a delete once the room knows.

Expired keys are deleted by the table's time to live a week after their end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.rooms import MeetingId
from functions.serverless.aws import from_item, to_item
from functions.serverless.problems import UnavailableError
from meetings_service.domain.stream_keys import MAX_SECRETS, StreamKey
from meetings_service.errors import KeyReusedError, StreamKeyNotFoundError, TooManyStreamKeysError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_AFTER_S = 7 * 86_400
_ATTEMPTS = 5


class StreamKeys:
    """The keys of all meetings. Reads are strongly consistent."""

    def __init__(self, client: Callable[[], DynamoDBClient], table: str) -> None:
        self._client = client
        self._table = table

    def add(self, meeting_id: MeetingId, key: StreamKey, *, limit: int) -> bool:
        """Adds a key; False if there is one with its id.

        Raises:
            TooManyStreamKeysError: the meeting has ``limit`` of them.
            UnavailableError: others make keys of this meeting at this very moment.
        """
        client = self._client()
        for _ in range(_ATTEMPTS):
            keys, version = self._all(meeting_id)
            if any(known.id == key.id for known in keys):
                return False
            if len(keys) >= limit:
                raise TooManyStreamKeysError(limit)
            count = to_item({":known": version, ":next": version + 1})
            try:
                client.transact_write_items(
                    TransactItems=[
                        {
                            "Put": {
                                "TableName": self._table,
                                "Item": to_item(_item(meeting_id, key)),
                                "ConditionExpression": "attribute_not_exists(pk)",
                            }
                        },
                        {
                            "Update": {
                                "TableName": self._table,
                                "Key": to_item(_place(meeting_id, "STREAMKEYS")),
                                "UpdateExpression": "SET version = :next",
                                "ConditionExpression": "attribute_not_exists(version) OR version = :known",
                                "ExpressionAttributeValues": count,
                            }
                        },
                    ]
                )
            except client.exceptions.TransactionCanceledException:
                continue
            return True
        raise UnavailableError("Many stream keys are being made for this meeting. Please try again.")

    def add_secret(self, meeting_id: MeetingId, key_id: str, secret_hash: str) -> StreamKey:
        """One more secret for a key whose making is asked for again.

        Raises:
            KeyReusedError: that was done too often, or the key is shut or gone.
        """
        client = self._client()
        try:
            answer = client.update_item(
                TableName=self._table,
                Key=to_item(_place(meeting_id, f"STREAMKEY#{key_id}")),
                UpdateExpression="SET hashes = list_append(hashes, :one)",
                ConditionExpression="size(hashes) > :none AND size(hashes) < :most",  # not of one that is shut
                ExpressionAttributeValues=to_item({":one": [secret_hash], ":none": 0, ":most": MAX_SECRETS}),
                ReturnValues="ALL_NEW",
            )
        except client.exceptions.ConditionalCheckFailedException:
            raise KeyReusedError from None
        return _key(answer["Attributes"])

    def find(self, meeting_id: MeetingId, key_id: str) -> StreamKey | None:
        """The key; None if there is none by that id."""
        place = to_item(_place(meeting_id, f"STREAMKEY#{key_id}"))
        answer = self._client().get_item(TableName=self._table, Key=place, ConsistentRead=True)
        return _key(answer["Item"]) if "Item" in answer else None

    def all(self, meeting_id: MeetingId) -> list[StreamKey]:
        """A meeting's keys, oldest first."""
        return sorted(self._all(meeting_id)[0], key=lambda key: (key.created_at, key.id))

    def used(self, meeting_id: MeetingId, key_id: str, at: int) -> None:
        """Notes that a key was used; nothing if it is gone."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item(_place(meeting_id, f"STREAMKEY#{key_id}")),
                UpdateExpression="SET last_used_at = :at",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=to_item({":at": at}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return

    def disable(self, meeting_id: MeetingId, key_id: str) -> None:
        """The key opens nothing any more; it is there until `remove`.

        Raises:
            StreamKeyNotFoundError: there is none by that id.
        """
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item(_place(meeting_id, f"STREAMKEY#{key_id}")),
                UpdateExpression="SET hashes = :none",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=to_item({":none": []}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            raise StreamKeyNotFoundError from None

    def remove(self, meeting_id: MeetingId, key_id: str) -> None:
        """Deletes a key, if it is there."""
        place = to_item(_place(meeting_id, f"STREAMKEY#{key_id}"))
        self._client().delete_item(TableName=self._table, Key=place)

    def _all(self, meeting_id: MeetingId) -> tuple[list[StreamKey], int]:
        """The keys, and the version of their number."""
        pages = (
            self._client()
            .get_paginator("query")
            .paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues=to_item({":pk": f"MEETING#{meeting_id}", ":prefix": "STREAMKEY"}),
                ConsistentRead=True,
            )
        )
        items = [item for page in pages for item in page["Items"]]
        versions = [from_item(item)["version"] for item in items if item["sk"] == {"S": "STREAMKEYS"}]
        return [_key(item) for item in items if item["sk"] != {"S": "STREAMKEYS"}], versions[0] if versions else 0


def _place(meeting_id: MeetingId, sort_key: str) -> dict[str, str]:
    return {"pk": f"MEETING#{meeting_id}", "sk": sort_key}


def _item(meeting_id: MeetingId, key: StreamKey) -> dict[str, Any]:
    values = {name: value for name, value in msgspec.to_builtins(key).items() if value is not None}
    # The table deletes by `expires_at`, in seconds.
    ends = {} if key.valid_until is None else {"expires_at": key.valid_until // 1000 + _KEPT_AFTER_S}
    return {**_place(meeting_id, f"STREAMKEY#{key.id}"), **values, **ends}


def _key(item: Any) -> StreamKey:
    return msgspec.convert(from_item(item), StreamKey)
