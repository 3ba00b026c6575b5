"""What there is of somebody with an account in the meetings' table: `adapters.repository` has its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.rooms import MeetingId, session_of
from functions.serverless.aws import from_item, to_item
from meetings_service.adapters.repository import meeting_of
from meetings_service.adapters.table import Key, Table
from meetings_service.domain.meetings import Meeting


class Traces:
    """What of somebody is where. What is found by an index may lag behind by a moment."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def hosted(self, user_id: str) -> Iterator[Meeting]:
        """Somebody's meetings, in the order of their making."""
        yield from (meeting_of(item) for item in self._index("gsi1", f"HOST#{user_id}"))

    def invitations(self, user_id: str) -> Iterator[Key]:
        """The keys of the invitations that somebody has."""
        yield from ((item["pk"], item["sk"]) for item in self._index("gsi1", f"INVITED#{user_id}"))

    def rooms(self, user_id: str) -> Iterator[MeetingId]:
        """The rooms that somebody has been in."""
        for item in self._index("gsi2", f"USER#{user_id}", prefix="PAST#"):
            yield MeetingId(item["pk"].removeprefix("MEETING#"))

    def own(self, user_id: str) -> list[Key]:
        """The keys of what is somebody's alone: the way to their personal room, requests that may be repeated."""
        return [(item["pk"], item["sk"]) for item in self._table.query(f"USER#{user_id}", attributes=("pk", "sk"))]

    def delete(self, keys: list[Key]) -> None:
        """Deletes items; those that are not there are no error."""
        self._table.delete_all(keys)

    def rename(self, room_id: MeetingId, user_id: str, name: str) -> None:
        """Gives somebody another name in all that a room has kept: who was there, who wrote what, who may not come
        back. May be repeated, and goes on where it was left."""
        pk, stays = f"MEETING#{room_id}", set[str]()
        for stay in self._table.query(pk, f"ATTENDANCE#{user_id}#", attributes=("sk", "participant_id", "name")):
            stays.add(stay["participant_id"])
            self._name((pk, stay["sk"]), stay, "name", name)
        told = ("sk", "author", "participant_id", "name", "to_identity", "to_name")
        for line in self._table.query(pk, "CHAT#", attributes=told):
            if line.get("author") == user_id or line.get("participant_id") in stays:
                self._name((pk, line["sk"]), line, "name", name)
            if line.get("to_identity") == user_id:
                self._name((pk, line["sk"]), line, "to_name", name)
        ban = (f"MEETING#{session_of(room_id)[0]}", f"BAN#{user_id}")
        self._table.update(ban, sets={"name": name}, condition="attribute_exists(#name)")

    def forget(self, room_id: MeetingId, user_id: str) -> None:
        """The room is not found any more as one that somebody has been in."""
        key = (f"MEETING#{room_id}", f"PERSON#{user_id}")
        self._table.update(key, removes=("gsi2pk", "gsi2sk", "since"), condition="attribute_exists(#pk)")

    def _name(self, key: Key, item: dict[str, Any], attribute: str, name: str) -> None:
        if item.get(attribute, name) != name:
            self._table.update(key, sets={attribute: name}, condition="attribute_exists(#pk)")

    def _index(self, index: str, partition: str, *, prefix: str = "") -> Iterator[dict[str, Any]]:
        condition, values = f"{index}pk = :partition", {":partition": partition}
        if prefix:
            condition, values = f"{condition} AND begins_with({index}sk, :prefix)", values | {":prefix": prefix}
        pages = self._table.client.get_paginator("query").paginate(
            TableName=self._table.name,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
        )
        for page in pages:
            yield from map(from_item, page["Items"])
