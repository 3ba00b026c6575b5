"""The DynamoDB table ``PARLEY_AUTH_TABLE``: its keys, and reading one item.

The table (``infra/data.yaml``): partition key ``pk`` (S), sort key ``sk`` (S); one index ``gsi1`` with ``gsi1pk`` (S)
and ``gsi1sk`` (S), all attributes projected; time to live in ``expires_at`` (N, seconds since the epoch); billed by
request; point-in-time recovery.

| Item    | pk                | sk        | gsi1pk          | gsi1sk                    | expires_at |
|---------|-------------------|-----------|-----------------|---------------------------|------------|
| Account | ``USER#<id>``     | ACCOUNT   |                 |                           |            |
| Address | ``EMAIL#<e-mail>``| ADDRESS   |                 |                           |            |
| Session | ``SESSION#<sid>`` | SESSION   | ``USER#<id>``   | ``SESSION#<created_at>``  | yes        |

Access patterns:
1. Register: one transaction puts account and address, each only if its key is free.
2. Log in: get the address by e-mail, then the account by id.
3. Who is this (``/me``): get the account by id.
4. Open a session: put. Refresh: get by sid, then one conditional update. End: one update.
5. Sessions of a user, newest first: query ``gsi1``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from functions.serverless.aws import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Table:
    """The table of this service. Reads are strongly consistent: what was answered once is seen by the next request."""

    def __init__(self, client: Callable[[], DynamoDBClient], name: str) -> None:
        self._client = client
        self.name = name

    @property
    def client(self) -> DynamoDBClient:
        """The client, made when first needed."""
        return self._client()

    def get(self, key: Mapping[str, str]) -> dict[str, Any] | None:
        """The item with a key, as plain values."""
        answer = self.client.get_item(TableName=self.name, Key=to_item(key), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None


def account_key(user_id: str) -> dict[str, str]:
    """The key of an account."""
    return {"pk": f"USER#{user_id}", "sk": "ACCOUNT"}


def address_key(email: str) -> dict[str, str]:
    """The key of a (normalised) e-mail address."""
    return {"pk": f"EMAIL#{email}", "sk": "ADDRESS"}


def session_key(session_id: str) -> dict[str, str]:
    """The key of a session."""
    return {"pk": f"SESSION#{session_id}", "sk": "SESSION"}
