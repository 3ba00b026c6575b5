"""Sessions whose histories are kept, by the time of their end, until it is over: `adapters.repository` has the keys."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from contracts.rooms import MeetingId, room_of, session_of
from functions.serverless.aws import from_item, to_item
from meetings_service.adapters.records import Session, kept_place, session_key
from meetings_service.adapters.table import Table

_OF_A_HISTORY = ("ATTENDANCE#", "PERSON#", "CHAT#", "POLL#", "NOTES", "BREAKOUTS#")
_AT_ONCE = 25


class KeptSession(Struct, frozen=True, kw_only=True):
    """A session of which a history is kept."""

    room_id: MeetingId
    session: Session


class KeptSessions:
    """What is found by the index may lag behind by a moment."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def due(self, shard: int, *, before: int) -> list[KeptSession]:
        """Some sessions of a shard that have begun or ended before a time, the earliest first."""
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :pk AND gsi1sk < :before",
            ExpressionAttributeValues=to_item({":pk": f"KEPT#{shard:02d}", ":before": f"{before:015d}"}),
            Limit=_AT_ONCE,
        )
        return [_kept(from_item(item)) for item in answer["Items"]]

    def look_again(self, kept: KeptSession, at: int) -> None:
        """The session is due as one that has ended then."""
        self._table.update(_key(kept), sets=kept_place(kept.room_id, at), condition="attribute_exists(#gsi1pk)")

    def forget(self, kept: KeptSession, *, now: int) -> Iterator[None]:
        """Deletes all but that there was a session; steps leave less to do. First of all nothing more is recorded or
        told of it, last of all it is due no more."""
        self._table.update(_key(kept), sets={"forgotten_at": now}, removes=("ended_by",))
        for prefix in _OF_A_HISTORY:
            keys = []
            for item in self._table.query(f"MEETING#{kept.room_id}", prefix, attributes=("pk", "sk")):
                keys.append((item["pk"], item["sk"]))
                if len(keys) == _AT_ONCE:
                    self._table.delete_all(keys)
                    keys = []
                    yield
            self._table.delete_all(keys)
        self._table.update(_key(kept), removes=("gsi1pk", "gsi1sk"), condition="attribute_exists(#pk)")
        yield


def _kept(item: dict[str, object]) -> KeptSession:
    session = msgspec.convert(item, Session)
    meeting_id = MeetingId(str(item["pk"]).removeprefix("MEETING#"))
    return KeptSession(room_id=room_of(meeting_id, session.number), session=session)


def _key(kept: KeptSession) -> tuple[str, str]:
    return session_key(*session_of(kept.room_id))
