"""Which account an identity at a provider belongs to, in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth_service.adapters.table import Table, identity_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class IdentitiesTable:
    """Finds accounts by identity, and gives the writes that go with those of accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_user_id(self, provider: str, subject: str) -> str | None:
        """The id of the account that an identity was linked to last; it counts if that account says so, too."""
        item = self._table.get(identity_key(provider, subject))
        return None if item is None else str(item["user_id"])

    def put(self, provider: str, subject: str, *, user_id: str, replacing: str | None) -> Write:
        """The write that gives an identity to an account, if it is still nobody's, or ``replacing``'s."""
        item = {**identity_key(provider, subject), "user_id": user_id}
        if replacing is None:
            return self._table.put(item)
        return self._table.put(item, "user_id = :old", old=replacing)
