"""Sessions in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

from typing import Any

import msgspec

from auth_service.adapters.table import Table, session_key
from auth_service.domain.sessions import Session
from functions.serverless.aws import to_item


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
        """Keeps a rotated session; False if its secret was no longer ``replacing``, or the session has ended."""
        client = self._table.client
        try:
            client.put_item(
                TableName=self._table.name,
                Item=to_item(_session_item(session)),
                ConditionExpression="secret_hash = :old AND attribute_type(ended_at, :null)",
                ExpressionAttributeValues=to_item({":old": replacing, ":null": "NULL"}),
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
                ConditionExpression="attribute_exists(pk) AND attribute_type(ended_at, :null)",
                ExpressionAttributeValues=to_item({":now": now, ":null": "NULL"}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return


def _session_item(session: Session) -> dict[str, Any]:
    index = {"gsi1pk": f"USER#{session.user_id}", "gsi1sk": f"SESSION#{session.created_at:012d}#{session.id}"}
    return {**session_key(session.id), **index, **msgspec.to_builtins(session)}
