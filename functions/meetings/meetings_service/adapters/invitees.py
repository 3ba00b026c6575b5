"""Who is invited, in the meetings' table: `adapters.repository` has the keys.

An invitation is written whole when it is made, and in parts afterwards: the host changes who it is for, its place in
an agenda follows the meeting, and the invitee answers, all perhaps at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import msgspec

from contracts.rooms import Identity, MeetingId
from meetings_service.adapters.repository import agenda_place, invitee_key
from meetings_service.adapters.table import Table, without_nulls
from meetings_service.domain.meetings import Invitee, Meeting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_AT_ONCE: Final = 16
_ATTEMPTS: Final = 5
_OF_AN_ANSWER: Final = ("answer", "answered_at", "answered_sequence", "occurrences", "revision")


class Invitees:
    """The invitations of all meetings. Reads are strongly consistent."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, meeting_id: MeetingId) -> list[Invitee]:
        """Everybody who is invited, in the order of their keys."""
        return [msgspec.convert(item, Invitee) for item in self._table.query(f"MEETING#{meeting_id}", "INVITEE#")]

    def find(self, meeting_id: MeetingId, key: str) -> Invitee | None:
        """One invitation; None if there is none."""
        item = self._table.get(invitee_key(meeting_id, key))
        return None if item is None else msgspec.convert(item, Invitee)

    def add(self, meeting: Meeting, invitee: Invitee, also: Sequence[TransactWriteItemTypeDef] = ()) -> bool:
        """Adds an invitation, and what is written with it; False if it is there."""
        put = self._table.put_write(_item(meeting, invitee), condition="attribute_not_exists(pk)")
        return self._table.transact([put, *also])

    def add_all(self, meeting: Meeting, invitees: Sequence[Invitee]) -> None:
        """Adds invitations; those that are there stay as they are."""
        with ThreadPoolExecutor(max_workers=min(_AT_ONCE, max(1, len(invitees)))) as threads:
            list(threads.map(lambda invitee: self.add(meeting, invitee), invitees))

    def change(self, meeting: Meeting, before: Invitee, after: Invitee) -> Invitee | None:
        """Changes who an invitation is for, and as what; None if it is not there any more. Answers stay."""
        old, new = _item(meeting, before), _item(meeting, after)
        changed = {name: value for name, value in new.items() if old.get(name) != value and name not in _OF_AN_ANSWER}
        gone = [name for name in old if name not in new and name not in _OF_AN_ANSWER]
        if not changed and not gone:
            return after
        item = self._table.update(
            invitee_key(meeting.id, before.key), sets=changed, removes=gone, condition="attribute_exists(#pk)"
        )
        return None if item is None else msgspec.convert(item, Invitee)

    def claim(self, meeting: Meeting, invitee: Invitee, user_id: Identity) -> None:
        """The invitation to an address is an account's from now on, unless it is one's already, or taken back."""
        owned = msgspec.structs.replace(invitee, user_id=user_id)
        places = {name: value for name, value in _item(meeting, owned).items() if name.startswith("gsi")}
        self._table.update(
            invitee_key(meeting.id, invitee.key),
            sets={"user_id": user_id, **places},
            condition="attribute_exists(#pk) AND attribute_not_exists(#user_id)",
        )

    def answer(self, meeting_id: MeetingId, key: str, decide: Callable[[Invitee], Invitee]) -> Invitee | None:
        """Keeps what ``decide`` makes of an invitation's answers; None if it is not there (any more).

        Of two answers at once, each is to what the other has left.
        """
        for _ in range(_ATTEMPTS):
            before = self.find(meeting_id, key)
            if before is None:
                return None
            after = decide(before)
            fields = without_nulls(after)
            item = self._table.update(
                invitee_key(meeting_id, key),
                sets={name: fields[name] for name in _OF_AN_ANSWER if name in fields},
                condition="attribute_exists(#pk) AND (#revision = :known OR attribute_not_exists(#revision))",
                values={":known": before.revision},
            )
            if item is not None:
                return msgspec.convert(item, Invitee)
        raise RuntimeError("an invitation is answered again and again at this very moment")

    def remove(self, meeting_id: MeetingId, key: str, also: Sequence[TransactWriteItemTypeDef] = ()) -> bool:
        """Takes an invitation back, with what is written with it; False if it is not there."""
        return self._table.transact([self._table.delete_write(invitee_key(meeting_id, key)), *also])

    def handing_over(
        self, meeting: Meeting, *, former: Invitee, keys: Sequence[str]
    ) -> tuple[TransactWriteItemTypeDef, ...]:
        """The writes by which a former host is invited, and a new one has no invitations (``keys``) any more."""
        gone = (self._table.delete_write(invitee_key(meeting.id, key)) for key in keys)
        return (self._table.put_write(_item(meeting, former)), *gone)

    def move(self, meeting: Meeting) -> None:
        """Puts the meeting into the agendas of the invited where it belongs now. May be repeated."""
        known = [each for each in self.of(meeting.id) if each.user_id]
        if not known:
            return
        with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(known))) as threads:
            list(threads.map(lambda invitee: self._move(meeting, invitee), known))

    def _move(self, meeting: Meeting, invitee: Invitee) -> None:
        places = agenda_place(meeting, invitee.user_id or "")
        self._table.update(
            invitee_key(meeting.id, invitee.key),
            sets=places,
            removes=() if places else ("gsi2pk", "gsi2sk"),
            condition="attribute_exists(#pk)",
        )


def _item(meeting: Meeting, invitee: Invitee) -> dict[str, Any]:
    of = f"ADDRESS#{invitee.address}" if invitee.user_id is None else f"INVITED#{invitee.user_id}"
    listed = {"gsi1pk": of, "gsi1sk": f"{invitee.invited_at:015d}#{meeting.id}"}
    agenda = {} if invitee.user_id is None else agenda_place(meeting, invitee.user_id)
    pk, sk = invitee_key(meeting.id, invitee.key)
    return {"pk": pk, "sk": sk, **listed, **agenda, **without_nulls(invitee)}
