"""Accounts and their addresses in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from auth_service.adapters.table import CancelledError, Table, account_key, address_key, identity_key
from auth_service.domain.accounts import Account, addresses_of
from auth_service.domain.identities import LinkedIdentity
from auth_service.errors import EmailTakenError, LastAdministratorError
from auth_service.job_queue import Promise
from contracts.access_control import PlatformRole
from functions.serverless.aws import from_item, to_item
from functions.serverless.problems import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

_FREE = "attribute_not_exists(pk) OR expires_at <= :now"
_FREE_FOR_ME = f"{_FREE} OR (user_id = :me AND attribute_exists(expires_at))"
_USERS = "USERS"
_MINE_OR_GONE = "attribute_not_exists(pk) OR user_id = :me"


class ChangedMeanwhileError(Exception):
    """The account, or what was to be written with it, is not what was read any more."""


class Announcing(Protocol):
    """Has others told of what they must know of accounts: promised in the same transaction, started after it."""

    def promise(self, before: Account | None, after: Account | None) -> Sequence[Promise]: ...
    def start(self, promises: Sequence[Promise]) -> None: ...


class AccountsTable:
    """Keeps accounts. Every change is one write, or one transaction, and whoever must know of it is told.

    ``clock``: seconds since the epoch. ``other_administrators``: whether the settings name some, so that the table may
    have none.
    """

    def __init__(
        self,
        table: Table,
        *,
        clock: Callable[[], float],
        announcing: Announcing,
        other_administrators: bool = False,
    ) -> None:
        self._table = table
        self._clock = clock
        self._announcing = announcing
        self._others = other_administrators

    def add(self, account: Account, also: Sequence[Write] = ()) -> None:
        """Adds an account and reserves its address, and does other writes with it: all or nothing.

        Raises:
            EmailTakenError: the address has an account.
            ChangedMeanwhileError: the condition of another write did not hold.
        """
        address = {**address_key(account.email), "user_id": account.id}
        writes = [
            self._table.put({**account_key(account.id), **_index(account), **msgspec.to_builtins(account)}),
            self._table.put(address, _FREE, now=int(self._clock())),
            *also,
        ]
        try:
            self._transact(writes, None, account)
        except CancelledError as error:
            raise (EmailTakenError if 1 in error.failed else ChangedMeanwhileError) from error
        except UnavailableError:
            if self.find_user_id(account.email) is not None:  # whoever was in the way has got the address
                raise EmailTakenError from None
            raise

    def find_user_id(self, email: str) -> str | None:
        """The id of the account with a (normalised) address."""
        item = self._table.get(address_key(email))
        return None if item is None or "expires_at" in item else str(item["user_id"])

    def find(self, user_id: str) -> Account | None:
        """The account with an id."""
        return read_account(self._table, user_id)

    def find_by_address(self, email: str) -> Account | None:
        """The account with a (normalised) address. An unknown address takes as many reads as a known one."""
        return self.find(self.find_user_id(email) or "nobody")

    def is_free(self, email: str, *, user_id: str) -> bool:
        """Whether an account could have an address: nobody has it, or it is kept for this account."""
        item = self._table.get(address_key(email))
        if item is None or "expires_at" not in item:
            return item is None
        return bool(item["expires_at"] <= self._clock() or item["user_id"] == user_id)

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

    def note_use(self, account: Account, *, at: int) -> None:
        """Notes that an account was used; nothing if it is gone."""
        client = self._table.client
        with contextlib.suppress(client.exceptions.ConditionalCheckFailedException):
            client.update_item(
                TableName=self._table.name,
                Key=to_item(account_key(account.id)),
                UpdateExpression="SET last_used_at = :at",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=to_item({":at": at}),
            )

    def change(
        self, before: Account, after: Account, also: Sequence[Write] = (), *, unchanged: Sequence[str] = ()
    ) -> None:
        """Keeps what has changed between two states of an account, and does other writes with it: all or nothing.
        ``unchanged``: attributes that the change has looked at, too.

        Raises:
            EmailTakenError: the new address is another account's.
            ChangedMeanwhileError: what changes is not as in ``before`` any more, or another condition did not hold.
            LastAdministratorError: there would be no administrator any more.
        """
        old, new = (dict[str, Any](msgspec.to_builtins(state)) for state in (before, after))
        changes = {name: value for name, value in new.items() if value != old[name]}
        if not changes and not also:
            return
        expected = {name: old[name] for name in dict.fromkeys((*changes, *unchanged))}
        account = self._table.update(account_key(before.id), changes | _index(after), expected, counter="standing")
        addresses = list(self._address_writes(before, after))
        kept = {(each.provider, each.subject) for each in after.identities}
        dropped = [each for each in before.identities if (each.provider, each.subject) not in kept]
        try:
            self._transact([account, *addresses, *self._without(before.id, dropped), *also], before, after)
        except CancelledError as error:
            address_taken = error.failed == {1} and after.email != before.email
            raise (EmailTakenError if address_taken else ChangedMeanwhileError) from error

    def remove(self, account: Account, also: Sequence[Write] = ()) -> None:
        """Removes an account, all its addresses and identities, and does other writes with it: all or nothing.

        Raises:
            ChangedMeanwhileError: its addresses are not what was read any more.
            LastAdministratorError: there would be no administrator any more.
        """
        gone = self._table.remove(account_key(account.id), "email = :email", email=account.email)
        addresses = [
            self._table.remove(address_key(email), _MINE_OR_GONE, me=account.id)
            for email in sorted(addresses_of(account))
        ]
        identities = self._without(account.id, account.identities)
        try:
            self._transact([gone, *addresses, *identities, *also], account, None)
        except CancelledError as error:
            raise ChangedMeanwhileError from error

    def by_address(self, *, prefix: str, after: str, limit: int) -> list[Account]:
        """Accounts whose addresses begin with a text, in the order of their addresses, after one of these. Who has just
        been added or changed may be missing, or as before."""
        first, last = max(prefix, f"{after}\x00" if after else "") or "\x00", f"{prefix}\U0010ffff"
        if first > last:  # a cursor of another search; DynamoDB refuses to look there
            return []
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :users AND gsi1sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item({":users": _USERS, ":first": first, ":last": last}),
            Limit=limit,
        )
        return [msgspec.convert(from_item(item), Account) for item in answer["Items"]]

    def _transact(self, writes: Sequence[Write], before: Account | None, after: Account | None) -> None:
        """Does all writes or none, counts administrators with them, and has the change announced.

        Raises:
            CancelledError, LastAdministratorError
        """
        change = _administers(after) - _administers(before)
        counted = [self._count(change)] if change else []
        promised = self._announcing.promise(before, after)
        try:
            self._table.transact([*writes, *counted, *(promise.write for promise in promised)])
        except CancelledError as error:
            if change and error.failed == {len(writes)}:
                raise LastAdministratorError from error
            raise
        self._announcing.start(promised)

    def _count(self, change: int) -> Write:
        """One administrator more or less; the last one is kept, unless the settings name others."""
        values = {":change": change, ":none": 0} | ({} if change > 0 else {":least": 0 if self._others else 1})
        write: Write = {
            "Update": {
                "TableName": self._table.name,
                "Key": to_item({"pk": "ADMINISTRATORS", "sk": "COUNT"}),
                "UpdateExpression": "SET #n = if_not_exists(#n, :none) + :change",
                "ExpressionAttributeNames": {"#n": "n"},
                "ExpressionAttributeValues": to_item(values),
            }
        }
        if change < 0:
            write["Update"]["ConditionExpression"] = "#n > :least"
        return write

    def _without(self, user_id: str, identities: Sequence[LinkedIdentity]) -> list[Write]:
        """Takes from the table who has these identities, for an account that has them no more."""
        keys = [identity_key(each.provider, each.subject) for each in identities]
        return [self._table.remove(key, _MINE_OR_GONE, me=user_id) for key in keys]

    def _address_writes(self, before: Account, after: Account) -> Iterator[Write]:
        """The present address first, if it changes; then those that are kept; then those that are given up."""
        me = after.id
        if after.email != before.email:
            current = {**address_key(after.email), "user_id": me}
            yield self._table.put(current, _FREE_FOR_ME, now=int(self._clock()), me=me)
        was, kept = _kept(before), _kept(after)
        for email, until in kept.items():
            if was.get(email) != until:
                former = {**address_key(email), "user_id": me, "expires_at": until}
                yield self._table.put(former, _MINE_OR_GONE, me=me)
        for email in sorted(addresses_of(before) - addresses_of(after)):
            yield self._table.remove(address_key(email), _MINE_OR_GONE, me=me)


def read_account(table: Table, user_id: str) -> Account | None:
    """The account with an id."""
    item = table.get(account_key(user_id))
    return None if item is None else msgspec.convert(item, Account)


def _index(account: Account) -> dict[str, str]:
    return {"gsi1pk": _USERS, "gsi1sk": account.email}


def _administers(account: Account | None) -> int:
    return int(account is not None and account.role is PlatformRole.ADMINISTRATOR and account.suspended_at is None)


def _kept(account: Account) -> dict[str, int]:
    """Former addresses that are not the present one, and how long they are kept."""
    kept: dict[str, int] = {}
    for former in account.former_addresses:
        if former.email != account.email:
            kept[former.email] = max(former.until, kept.get(former.email, 0))
    return kept
