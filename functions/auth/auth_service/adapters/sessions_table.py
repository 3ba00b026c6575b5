"""Sessions in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from auth_service.adapters.table import CancelledError, Table, account_key, session_key, users_partition
from auth_service.domain.accounts import Account
from auth_service.domain.sessions import Session
from auth_service.job_queue import Promise
from functions.serverless.aws import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

_NOT_ENDED = "attribute_type(ended_at, :null)"


class Announcing(Protocol):
    """As `auth_service.adapters.accounts_table.Announcing`, for a session that ends."""

    def promise_end(self, account_id: str, session_id: str) -> Sequence[Promise]: ...
    def start(self, promises: Sequence[Promise]) -> None: ...


class SessionsTable:
    """Keeps sessions, and has it announced when one ends by itself."""

    def __init__(self, table: Table, *, announcing: Announcing) -> None:
        self._table = table
        self._announcing = announcing

    def put(self, session: Session) -> Write:
        """The write that adds a session."""
        return self._table.put(_session_item(session))

    def add(self, session: Session, also: Sequence[Write] = ()) -> None:
        """Adds a session, and does other writes with it: all or nothing."""
        self._table.transact([self.put(session), *also])

    def find(self, session_id: str) -> Session | None:
        """The session with an id; it may have expired or ended."""
        item = self._table.get(session_key(session_id))
        return None if item is None else msgspec.convert(item, Session)

    def find_with_account(self, session_id: str, user_id: str) -> tuple[Session | None, Account | None]:
        """The session and the account with these ids, in one round trip."""
        session, account = self._table.get_both(session_key(session_id), account_key(user_id))
        return (
            None if session is None else msgspec.convert(session, Session),
            None if account is None else msgspec.convert(account, Account),
        )

    def rotate(self, session: Session, *, replacing: str) -> bool:
        """Keeps a rotated session; False if it has changed since it was read, its secret being ``replacing`` then."""
        client = self._table.client
        known_epoch = _is("epoch", session.epoch)
        known_proof = _is("proven_at", session.proven_at)
        values = {":old": replacing, ":null": "NULL", ":epoch": session.epoch, ":proven_at": session.proven_at}
        try:
            client.put_item(
                TableName=self._table.name,
                Item=to_item(_session_item(session)),
                ConditionExpression=f"secret_hash = :old AND {_NOT_ENDED} AND {known_epoch} AND {known_proof}",
                ExpressionAttributeValues=to_item(values),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def end(self, session: Session, *, now: int, also: Sequence[Write] = ()) -> bool:
        """Ends a session, and does other writes with it: all, or nothing and False if it has ended already.

        Raises:
            UnavailableError: it is being changed at this moment.
        """
        promised = self._announcing.promise_end(session.user_id, session.id)
        ended = self._table.update(session_key(session.id), {"ended_at": now}, {"ended_at": None})
        try:
            self._table.transact([ended, *also, *(promise.write for promise in promised)])
        except CancelledError:
            return False
        self._announcing.start(promised)
        return True

    def lift(self, session: Session, *, to_epoch: int) -> Write:
        """The write that takes a session along into another epoch of its account, where the others have ended."""
        expected = {"epoch": session.epoch, "ended_at": None}
        return self._table.update(session_key(session.id), {"epoch": to_epoch}, expected)

    def prove(self, session: Session, *, now: int, second_factor: bool) -> Write:
        """The write that says that a session's bearer has just proven who they are."""
        proven = {"proven_at": now, "second_factor": second_factor}
        return self._table.update(session_key(session.id), proven, {"ended_at": None})

    def of_user(self, user_id: str) -> list[Session]:
        """The sessions of a user, newest first; one that was opened a moment ago may be missing."""
        items = map(self._table.get, self._table.keys_of(users_partition(user_id), prefix="SESSION#"))
        found = [msgspec.convert(item, Session) for item in items if item is not None]
        return sorted(found, key=lambda session: session.used_at, reverse=True)


def _is(name: str, value: int) -> str:
    """Items of earlier releases lack what was added."""
    return f"{name} = :{name}" if value else f"(attribute_not_exists({name}) OR {name} = :{name})"


def _session_item(session: Session) -> dict[str, Any]:
    index = {
        "gsi1pk": users_partition(session.user_id),
        "gsi1sk": f"SESSION#{session.created_at:012d}#{session.id}",
    }
    return {**session_key(session.id), **index, **msgspec.to_builtins(session)}
