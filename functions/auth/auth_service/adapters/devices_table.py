"""Devices that somebody has logged in from, in the table (`auth_service.adapters.table`): a hash of what they show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from auth_service.adapters.table import Table, users_partition
from functions.serverless.aws import to_item
from functions.serverless.ids import base32

KNOWN_FOR_S = 180 * 86_400


class DevicesTable:
    """``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(self, table: Table, *, clock: Callable[[], float], randomness: Callable[[int], bytes]) -> None:
        self._table = table
        self._clock = clock
        self._randomness = randomness

    def remember(self, user_id: str) -> str:
        """A new name for a device that a user has just logged in from: it proves that, and nothing else."""
        name = base32(self._randomness(20))
        expires_at = int(self._clock()) + KNOWN_FOR_S
        key = _key(name)
        index = {"gsi1pk": users_partition(user_id), "gsi1sk": key["pk"]}
        item = {**key, **index, "user_id": user_id, "expires_at": expires_at}
        self._table.client.put_item(TableName=self._table.name, Item=to_item(item))
        return name

    def is_known(self, name: str, user_id: str) -> bool:
        """Whether a user has logged in from the device that has this name."""
        item = self._table.get(_key(name))
        return item is not None and item["user_id"] == user_id and item["expires_at"] > self._clock()


def _key(name: str) -> dict[str, str]:
    return {"pk": f"DEVICE#{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}", "sk": "DEVICE"}
