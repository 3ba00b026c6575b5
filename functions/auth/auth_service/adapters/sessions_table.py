"""Sessions in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from auth_service.adapters.table import Table, session_key, users_partition
from auth_service.domain.sessions import Session
from functions.serverless.aws import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

_NOT_ENDED = "attribute_type(ended_at, :null)"


class SessionsTable:
    """Keeps sessions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, session: Session) -> None:
        """Adds a session."""
        self._table.client.put_item(
            TableName=self._table.name,
            Item=to_item(_session_item(session)),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def find(self, session_id: str) -> Session | None:
        """The session with an id; it may have expired or ended."""
        item = self._table.get(session_key(session_id))
        return None if item is None else msgspec.convert(item, Session)

    def rotate(self, session: Session, *, replacing: str) -> bool:
        """Keeps a rotated session; False if it has changed since it was read, its secret being ``replacing`` then."""
        client = self._table.client
        known_epoch = "epoch = :epoch" if session.epoch else "(attribute_not_exists(epoch) OR epoch = :epoch)"
        try:
            client.put_item(
                TableName=self._table.name,
                Item=to_item(_session_item(session)),
                ConditionExpression=f"secret_hash = :old AND {_NOT_ENDED} AND {known_epoch}",
                ExpressionAttributeValues=to_item({":old": replacing, ":null": "NULL", ":epoch": session.epoch}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def end(self, session_id: str, *, now: int) -> None:
        """Ends a session, if it is there and has not ended."""
        client = self._table.client
        try:
            client.update_item(
                TableName=self._table.name,
                Key=to_item(session_key(session_id)),
                UpdateExpression="SET ended_at = :now",
                ConditionExpression=f"attribute_exists(pk) AND {_NOT_ENDED}",
                ExpressionAttributeValues=to_item({":now": now, ":null": "NULL"}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return

    def lift(self, session: Session, *, to_epoch: int) -> Write:
        """The write that takes a session along into another epoch of its account, where the others have ended."""
        expected = {"epoch": session.epoch, "ended_at": None}
        return self._table.update(session_key(session.id), {"epoch": to_epoch}, expected)

    def of_user(self, user_id: str) -> list[Session]:
        """The sessions of a user, newest first; one that was opened a moment ago may be missing."""
        items = map(self._table.get, self._table.keys_of(users_partition(user_id), prefix="SESSION#"))
        found = [msgspec.convert(item, Session) for item in items if item is not None]
        return sorted(found, key=lambda session: session.used_at, reverse=True)


def _session_item(session: Session) -> dict[str, Any]:
    index = {
        "gsi1pk": users_partition(session.user_id),
        "gsi1sk": f"SESSION#{session.created_at:012d}#{session.id}",
    }
    return {**session_key(session.id), **index, **msgspec.to_builtins(session)}
