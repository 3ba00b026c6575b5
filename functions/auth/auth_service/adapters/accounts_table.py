"""Accounts and their addresses in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

import msgspec

from auth_service.adapters.table import Table, account_key, address_key
from auth_service.domain.accounts import Account
from auth_service.errors import EmailTakenError
from functions.serverless.aws import to_item
from functions.serverless.problems import UnavailableError


class AccountsTable:
    """Keeps accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, account: Account) -> None:
        """Adds an account and reserves its address, both or neither.

        Raises:
            EmailTakenError: the address has an account.
        """
        client = self._table.client
        entries = [
            {**account_key(account.id), **msgspec.to_builtins(account)},
            {**address_key(account.email), "user_id": account.id},
        ]
        try:
            client.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": self._table.name,
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
        item = self._table.get(address_key(email))
        return None if item is None else str(item["user_id"])

    def find(self, user_id: str) -> Account | None:
        """The account with an id."""
        item = self._table.get(account_key(user_id))
        return None if item is None else msgspec.convert(item, Account)

    def replace_password_hash(self, account: Account, password_hash: str) -> None:
        """Renews the hash, unless it has changed since ``account`` was read."""
        client = self._table.client
        try:
            client.update_item(
                TableName=self._table.name,
                Key=to_item(account_key(account.id)),
                UpdateExpression="SET password_hash = :new",
                ConditionExpression="password_hash = :old",
                ExpressionAttributeValues=to_item({":new": password_hash, ":old": account.password_hash}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return
