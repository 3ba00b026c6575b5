"""Accounts and sessions in the DynamoDB table ``PARLEY_AUTH_TABLE``.

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

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from auth_service.domain.accounts import Account
from auth_service.domain.sessions import Session
from auth_service.errors import EmailTakenError
from functions.serverless.aws import from_item, to_item
from functions.serverless.problems import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Repository:
    """Reads are strongly consistent: what was answered once is seen by the next request."""

    def __init__(self, client: Callable[[], DynamoDBClient], table: str) -> None:
        self._client = client
        self._table = table

    def add_account(self, account: Account) -> None:
        """Adds an account and reserves its address, both or neither.

        Raises:
            EmailTakenError: the address has an account.
        """
        client = self._client()
        entries = [
            {**_account_key(account.id), **msgspec.to_builtins(account)},
            {**_address_key(account.email), "user_id": account.id},
        ]
        try:
            client.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": self._table,
                            "Item": to_item(entry),
                            "ConditionExpression": "attribute_not_exists(pk)",
                        }
                    }
                    for entry in entries
                ]
            )
        except client.exceptions.TransactionCanceledException as error:
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            if "ConditionalCheckFailed" in reasons or self.find_user_id(account.email) is not None:
                raise EmailTakenError from error
            if "TransactionConflict" in reasons:  # somebody else is just being registered with this address
                raise UnavailableError("The address is being registered at this moment. Please try again.") from error
            raise

    def find_user_id(self, email: str) -> str | None:
        """The id of the account with a (normalised) address."""
        item = self._get(_address_key(email))
        return None if item is None else str(item["user_id"])

    def find_account(self, user_id: str) -> Account | None:
        """The account with an id."""
        item = self._get(_account_key(user_id))
        return None if item is None else msgspec.convert(item, Account)

    def replace_password_hash(self, account: Account, password_hash: str) -> None:
        """Renews the hash, unless it has changed since ``account`` was read."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item(_account_key(account.id)),
                UpdateExpression="SET password_hash = :new",
                ConditionExpression="password_hash = :old",
                ExpressionAttributeValues=to_item({":new": password_hash, ":old": account.password_hash}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return

    def add_session(self, session: Session) -> None:
        """Adds a session."""
        self._client().put_item(
            TableName=self._table,
            Item=to_item(_session_item(session)),
            ConditionExpression="attribute_not_exists(pk)",
        )

    def find_session(self, session_id: str) -> Session | None:
        """The session with an id; it may have expired or ended."""
        item = self._get(_session_key(session_id))
        return None if item is None else msgspec.convert(item, Session)

    def rotate_session(self, session: Session, *, replacing: str) -> bool:
        """Keeps a rotated session; False if its secret was no longer ``replacing``, or the session has ended."""
        client = self._client()
        try:
            client.put_item(
                TableName=self._table,
                Item=to_item(_session_item(session)),
                ConditionExpression="secret_hash = :old AND attribute_type(ended_at, :null)",
                ExpressionAttributeValues=to_item({":old": replacing, ":null": "NULL"}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def end_session(self, session_id: str, *, now: int) -> None:
        """Ends a session, if it is there and has not ended."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item(_session_key(session_id)),
                UpdateExpression="SET ended_at = :now",
                ConditionExpression="attribute_exists(pk) AND attribute_type(ended_at, :null)",
                ExpressionAttributeValues=to_item({":now": now, ":null": "NULL"}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        answer = self._client().get_item(TableName=self._table, Key=to_item(key), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None


def _account_key(user_id: str) -> dict[str, str]:
    return {"pk": f"USER#{user_id}", "sk": "ACCOUNT"}


def _address_key(email: str) -> dict[str, str]:
    return {"pk": f"EMAIL#{email}", "sk": "ADDRESS"}


def _session_key(session_id: str) -> dict[str, str]:
    return {"pk": f"SESSION#{session_id}", "sk": "SESSION"}


def _session_item(session: Session) -> dict[str, Any]:
    index = {"gsi1pk": f"USER#{session.user_id}", "gsi1sk": f"SESSION#{session.created_at:012d}#{session.id}"}
    return {**_session_key(session.id), **index, **msgspec.to_builtins(session)}
