"""Service accounts and their keys in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from auth_service.adapters.table import CancelledError, Table
from auth_service.domain.api_keys import ApiKey, ServiceAccount
from functions.serverless.aws import from_item, to_item
from functions.serverless.cursors import Place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

MAX_KEYS = 50
"""Of a service account, that open anything."""
MAX_KEPT = 500
"""Of a service account, with those that were revoked lately."""
REVOKED_KEPT_S = 90 * 86_400
"""So long it can be seen that there was a key that is revoked."""
USED_EVERY_S = 3_600
"""How exactly it is kept when a key was used last: a write for each use would cost more than it tells."""


class ServiceAccountsTable:
    """Keeps service accounts and API keys."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, account: ServiceAccount, also: Sequence[Write]) -> bool:
        """Adds a service account; False if there is one by its id."""
        index = {"gsi1pk": "SERVICES", "gsi1sk": _place(account.created_at, account.id)}
        return self._done([self._table.put({**_account_key(account.id), **index, **_plain(account)}), *also])

    def find(self, service_account_id: str) -> ServiceAccount | None:
        """The service account with an id."""
        item = self._table.get(_account_key(service_account_id))
        return None if item is None else msgspec.convert(item, ServiceAccount)

    def page(self, *, after: Place | None, limit: int) -> list[ServiceAccount]:
        """Service accounts, the newest first."""
        before = "~" if after is None else _place(after.time, after.id)
        return [msgspec.convert(item, ServiceAccount) for item in self._query("SERVICES", "", before, limit)]

    def remove(self, account: ServiceAccount, also: Sequence[Write]) -> bool:
        """Removes a service account, whose keys open nothing from then on; False if it has gone already."""
        return self._done([self._table.remove(_account_key(account.id), "id = :id", id=account.id), *also])

    def delete_keys(self, service_account_id: str) -> None:
        """Deletes the keys of a service account that is gone."""
        for key in self._table.keys_of(f"SERVICE#{service_account_id}", prefix="KEY#"):
            self._table.delete(key)

    def add_key(self, key: ApiKey, also: Sequence[Write]) -> bool:
        """Adds a key; False if there is one by its id, or its service account is gone."""
        index = {"gsi1pk": f"SERVICE#{key.service_account_id}", "gsi1sk": f"KEY#{_place(key.created_at, key.id)}"}
        stands = self._table.check(_account_key(key.service_account_id))
        return self._done([stands, self._table.put({**_key_key(key.id), **index, **_plain(key)}), *also])

    def find_key(self, key_id: str) -> ApiKey | None:
        """The key with an id; it may have expired or been revoked."""
        item = self._table.get(_key_key(key_id))
        return None if item is None else msgspec.convert(item, ApiKey)

    def keys_of(self, service_account_id: str) -> list[ApiKey]:
        """The keys of a service account, the newest first; at most `MAX_KEPT`."""
        items = self._query(f"SERVICE#{service_account_id}", "KEY#", "KEY#~", MAX_KEPT)
        return [msgspec.convert(item, ApiKey) for item in items]

    def revoke(self, key: ApiKey, *, now: int, also: Sequence[Write]) -> bool:
        """Revokes a key for good; False if that has been done already. The table forgets it some time later."""
        gone_at = now + REVOKED_KEPT_S
        changes = {"revoked_at": now, "expires_at": min(gone_at, key.expires_at or gone_at)}
        return self._done([self._table.update(_key_key(key.id), changes, {"revoked_at": None}), *also])

    def used(self, key: ApiKey, *, now: int) -> None:
        """Keeps that a key was used, to the hour."""
        if key.last_used_at is not None and key.last_used_at > now - USED_EVERY_S:
            return
        client = self._table.client
        try:
            client.update_item(
                TableName=self._table.name,
                Key=to_item(_key_key(key.id)),
                UpdateExpression="SET last_used_at = :now",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=to_item({":now": now}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return

    def _query(self, partition: str, prefix: str, before: str, limit: int) -> list[dict[str, Any]]:
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :partition AND gsi1sk BETWEEN :first AND :before",
            ExpressionAttributeValues=to_item({":partition": partition, ":first": prefix or "0", ":before": before}),
            ScanIndexForward=False,
            Limit=limit + 1,
        )
        items = [from_item(item) for item in answer["Items"]]
        return [item for item in items if item["gsi1sk"] != before][:limit]

    def _done(self, writes: Sequence[Write]) -> bool:
        try:
            self._table.transact(writes)
        except CancelledError:
            return False
        return True


def _plain(item: ServiceAccount | ApiKey) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(item)
    if plain.get("expires_at", 0) is None:
        del plain["expires_at"]  # the table's time to live
    return plain


def _account_key(service_account_id: str) -> dict[str, str]:
    return {"pk": f"SERVICE#{service_account_id}", "sk": "SERVICE"}


def _key_key(key_id: str) -> dict[str, str]:
    return {"pk": f"KEY#{key_id}", "sk": "KEY"}


def _place(time: int, item_id: str) -> str:
    return f"{time:015d}#{item_id}"
