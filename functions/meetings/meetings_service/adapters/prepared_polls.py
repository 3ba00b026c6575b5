"""Prepared polls in the meetings' table (see `adapters.repository`).

| Item          | pk               | sk                          |
|---------------|------------------|-----------------------------|
| Prepared poll | ``MEETING#<id>`` | ``PREPARED#POLL#<poll id>`` |
| Their order   | ``MEETING#<id>`` | PREPARED#POLLS              |

Access patterns:
1. List: one query of ``pk`` with the prefix ``PREPARED#POLL``; a meeting has few.
2. Make, put in order: a transaction that moves the ``version`` of PREPARED#POLLS on, so that of two at once one looks
   anew. Read, change, delete: by both ids.
3. That one was asked: one update, by the facts of its room (`adapters.records`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.rooms import MeetingId
from functions.serverless.problems import UnavailableError
from meetings_service.adapters.table import Key, Table, without_nulls
from meetings_service.domain.prepared_polls import PollUse, PreparedPoll, in_order, next_position
from meetings_service.errors import TooManyPreparedPollsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 5


class PreparedPolls:
    """The prepared polls of all meetings. Reads are strongly consistent."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, meeting_id: MeetingId) -> list[PreparedPoll]:
        """A meeting's polls, in their order."""
        return self._of(meeting_id)[0]

    def find(self, meeting_id: MeetingId, poll_id: str) -> PreparedPoll | None:
        """One poll; None if there is none by that id."""
        item = self._table.get(_key(meeting_id, poll_id))
        return None if item is None else _poll(item)

    def add(self, meeting_id: MeetingId, poll: PreparedPoll, *, limit: int) -> PreparedPoll:
        """Adds a poll behind all others, and gives it as it is then; or the one that has its id already.

        Raises:
            TooManyPreparedPollsError: the meeting has ``limit`` of them.
            UnavailableError: others prepare polls of this meeting at this very moment.
        """
        for _ in range(_ATTEMPTS):
            polls, version = self._of(meeting_id)
            known = next((each for each in polls if each.id == poll.id), None)
            if known is not None:
                return known
            if len(polls) >= limit:
                raise TooManyPreparedPollsError(limit)
            placed = msgspec.structs.replace(poll, position=next_position(polls))
            put = self._table.put_write(_item(meeting_id, placed), condition="attribute_not_exists(pk)")
            if self._table.transact([put, self._moved_on(meeting_id, version)]):
                return placed
        raise UnavailableError("Others are preparing polls of this meeting at the moment. Please try again.")

    def take_along(self, former: MeetingId, made: MeetingId) -> None:
        """A meeting that goes on where another one was has its polls, too, none of which was asked in it. May be
        repeated: those that it has stay as they are."""
        known = {poll.id for poll in self.of(made)}
        anew = (msgspec.structs.replace(poll, version=1, request=None, last_use=None) for poll in self.of(former))
        self._table.put_all([_item(made, poll) for poll in anew if poll.id not in known])

    def replace(self, meeting_id: MeetingId, before: PreparedPoll, after: PreparedPoll) -> PreparedPoll | None:
        """Changes what will be asked, and gives the poll as it is then; None if it is not (any more) as ``before``."""
        item = self._table.update(
            _key(meeting_id, before.id),
            sets={"question": after.question, "options": list(after.options), "multiple": after.multiple},
            adds_version=True,
            condition="#version = :known",
            values={":known": before.version},
        )
        return None if item is None else _poll(item)

    def put_in_order(self, meeting_id: MeetingId, poll_ids: Sequence[str]) -> list[PreparedPoll] | None:
        """Gives the polls another order, and themselves in it; None if these are not (any more) all that there are.

        Raises: as `add`.
        """
        for _ in range(_ATTEMPTS):
            polls, version = self._of(meeting_id)
            known = {poll.id: poll for poll in polls}
            if len(poll_ids) != len(polls) or set(poll_ids) != set(known):
                return None
            placed = [
                msgspec.structs.replace(known[each], position=place) for place, each in enumerate(poll_ids, start=1)
            ]
            moves = [self._place(meeting_id, poll) for poll in placed if poll.position != known[poll.id].position]
            if not moves or self._table.transact([*moves, self._moved_on(meeting_id, version)]):
                return placed
        raise UnavailableError("Others are preparing polls of this meeting at the moment. Please try again.")

    def remove(self, meeting_id: MeetingId, poll: PreparedPoll) -> bool:
        """Deletes a poll; False if it is not (any more) as ``poll``."""
        key = _key(meeting_id, poll.id)
        gone: Any = self._table.delete_write(key)
        gone["Delete"] |= {
            "ConditionExpression": "version = :known",
            "ExpressionAttributeValues": {":known": {"N": str(poll.version)}},
        }
        return self._table.transact([gone])

    def _place(self, meeting_id: MeetingId, poll: PreparedPoll) -> TransactWriteItemTypeDef:
        return self._table.update_write(
            _key(meeting_id, poll.id), sets={"position": poll.position}, condition="attribute_exists(#pk)"
        )

    def _moved_on(self, meeting_id: MeetingId, version: int) -> TransactWriteItemTypeDef:
        """The write that fails if another one has been there since ``version`` was read."""
        return self._table.update_write(
            _order_key(meeting_id),
            sets={"version": version + 1},
            condition="attribute_not_exists(#version) OR #version = :known",
            values={":known": version},
        )

    def _of(self, meeting_id: MeetingId) -> tuple[list[PreparedPoll], int]:
        """The polls in their order, and the version of it."""
        items = {item["sk"]: item for item in self._table.query(f"MEETING#{meeting_id}", "PREPARED#POLL")}
        order = items.pop("PREPARED#POLLS", {"version": 0})
        return in_order(map(_poll, items.values())), order["version"]


def write_poll_use(table: Table, meeting_id: MeetingId, poll_id: str, use: PollUse) -> None:
    """A prepared poll was asked; nothing if it is gone, or a later use of it is known."""
    table.update(
        _key(meeting_id, poll_id),
        sets={"last_use": msgspec.to_builtins(use), "last_use_moment": use.moment},
        condition="attribute_exists(#pk) AND (attribute_not_exists(#last_use_moment) OR #last_use_moment < :moment)",
        values={":moment": use.moment},
    )


def _key(meeting_id: MeetingId, poll_id: str) -> Key:
    return f"MEETING#{meeting_id}", f"PREPARED#POLL#{poll_id}"


def _order_key(meeting_id: MeetingId) -> Key:
    return f"MEETING#{meeting_id}", "PREPARED#POLLS"


def _item(meeting_id: MeetingId, poll: PreparedPoll) -> dict[str, Any]:
    pk, sk = _key(meeting_id, poll.id)
    return {"pk": pk, "sk": sk, **without_nulls(poll)}


def _poll(item: dict[str, Any]) -> PreparedPoll:
    return msgspec.convert(item, PreparedPoll)
