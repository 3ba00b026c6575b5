"""Which accounts are closed, as the authentication service has told it: `adapters.repository` has the key.

Tokens need none of this: they are gone sooner than what Redis has of an account. Stream keys last for years.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.account_standing import AccessLoss
from contracts.rooms import Identity
from meetings_service.adapters.table import Key, Table


class ClosedAccounts:
    """Keeps the latest of what was told of each account, in whatever order it comes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, account: Identity, closed: AccessLoss | None, *, version: int) -> None:
        """Notes why an account is closed, or that it is not, unless something later is known."""
        self._table.update(
            _key(account),
            sets={"closed": closed, "version": version},
            condition="attribute_not_exists(#version) OR #version < :version",
            values={":version": version},
        )

    def among(self, accounts: Iterable[Identity]) -> AccessLoss | None:
        """Why one of some accounts is closed; None: none of them is."""
        found = self._table.get_all([_key(each) for each in accounts]).values()
        return next((AccessLoss(item["closed"]) for item in found if item["closed"] is not None), None)


def _key(account: Identity) -> Key:
    return f"ACCOUNT#{account}", "ACCOUNT"
