"""Devices that somebody has logged in from, in the table (`auth_service.adapters.table`): a hash of what they show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from auth_service.adapters.table import Table, users_partition
from auth_service.domain.accounts import Account
from functions.serverless.ids import base32

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

KNOWN_FOR_S = 180 * 86_400


class DevicesTable:
    """``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(self, table: Table, *, clock: Callable[[], float], randomness: Callable[[int], bytes]) -> None:
        self._table = table
        self._clock = clock
        self._randomness = randomness

    def remember(self, account: Account, *, second_factor: bool) -> tuple[str, Write]:
        """A new name for a device that an account's owner logs in from: it proves that, and nothing else. And the write
        that keeps it. ``second_factor``: with one."""
        name = base32(self._randomness(20))
        expires_at = int(self._clock()) + KNOWN_FOR_S
        key = _key(name)
        index = {"gsi1pk": users_partition(account.id), "gsi1sk": key["pk"]}
        login = {"user_id": account.id, "epoch": account.session_epoch, "second_factor": second_factor}
        return name, self._table.put({**key, **index, **login, "expires_at": expires_at})

    def is_known(self, name: str, account: Account | None, *, second_factor: bool) -> bool:
        """Whether an account's owner has logged in from the device that has this name, and not ended all sessions
        since, to shut somebody out. ``second_factor``: with one."""
        item = self._table.get(_key(name))  # the same read, whether or not there is an account
        if item is None or account is None or item["user_id"] != account.id or item["expires_at"] <= self._clock():
            return False
        # Items of earlier releases tell neither.
        was_strong, epoch = item.get("second_factor", False), item.get("epoch", 0)
        return bool(epoch >= account.session_epoch and (was_strong or not second_factor))


def _key(name: str) -> dict[str, str]:
    return {"pk": f"DEVICE#{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}", "sk": "DEVICE"}
