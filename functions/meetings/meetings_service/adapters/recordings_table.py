"""The catalogue of recordings in the meetings' table (see `adapters.repository`).

| Item      | pk                   | sk                  | gsi1pk                  | gsi1sk                | gsi2pk     | gsi2sk                |
|-----------|----------------------|---------------------|-------------------------|-----------------------|------------|-----------------------|
| Recording | ``RECORDING#<id>``   | RECORDING           | ``RECORDINGS#<meeting>``| ``<started_at>#<id>`` | RECORDINGS | ``<started_at>#<id>`` |
| Owner     | ``RECORDING#<id>``   | OWNER               | ``RECORDED#<user>``     | ``<started_at>#<id>`` |            |                       |
| Share     | ``RECORDING#<id>``   | ``SHARE#<key>``     | ``SHARED#<user>``       | ``<started_at>#<id>`` |            |                       |
| Look      | RECORDINGS           | ``<due>#<id>``      |                         |                       |            |                       |

A share with an address that no account is known for has ``SHAREDWITH#<address>`` as ``gsi1pk``. What has been deleted
leaves a Recording without places in lists for a month, so that facts which come once more do not bring it back.

Access patterns:
1. Facts: a conditional update of the recording; its owner and the first look are put.
2. Lists, newest first, by pages: query an index backwards, and get the recordings.
3. Read: get by id; what the caller is to it is one batch get.
4. What is to be looked after, by when it is due: query RECORDINGS. What is kept too long: query ``gsi2`` forwards.
"""  # noqa: E501  (a table)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from contracts.rooms import Identity, MeetingId, RecordingKind
from functions.serverless.aws import from_item, to_item
from functions.serverless.cursors import Place
from meetings_service.adapters.table import Key, Table, without_nulls
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.record import Recording
from meetings_service.domain.recordings import CataloguedRecording, Outcome, Share

_LOOKS = "RECORDINGS"
_TOMBSTONE_KEPT_S = 30 * 86_400
_PLACES = ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
_THERE = "attribute_exists(#started_at) AND attribute_not_exists(#deleted_at)"


class Listed(Struct, frozen=True, kw_only=True):
    """A page of a list. ``last``: where the next one goes on; None at the end."""

    recordings: tuple[CataloguedRecording, ...]
    last: Place | None


class Look(Struct, frozen=True, kw_only=True):
    """A recording that is to be looked after."""

    due: int
    recording_id: str


class RecordingsTable:
    """Reads by id are as of now; lists may lag behind by a moment."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # ---- facts ----

    def record(self, meeting: Meeting, session: int, told: Recording) -> None:
        """Adds what a fact tells of a recording. May be repeated, in any order; nothing if it has been deleted."""
        key = _key(told.recording_id)
        if told.stopped_at is not None:
            stop = without_nulls(told)
            self._table.update(
                key,
                sets={name: stop[name] for name in ("recording_id", "stopped_at", "stopped_because") if name in stop},
                condition="attribute_not_exists(#stopped_at) AND attribute_not_exists(#deleted_at)",
            )
        if told.started_at is None:
            return
        place = f"{told.started_at:015d}#{told.recording_id}"
        begun = {
            "recording_id": told.recording_id,
            "meeting_id": meeting.id,
            "session": session,
            "prefix": told.prefix,
            "kind": told.kind or RecordingKind.TRACKS,
            "title": meeting.title,
            "owner_id": meeting.host_id,
            "started_at": told.started_at,
            "gsi1pk": f"RECORDINGS#{meeting.id}",
            "gsi1sk": place,
            "gsi2pk": "RECORDINGS",
            "gsi2sk": place,
        } | ({} if told.by is None else {"by": told.by})
        condition = "attribute_not_exists(#started_at) AND attribute_not_exists(#deleted_at)"
        if self._table.update(key, sets=begun, condition=condition) is None and self.find(told.recording_id) is None:
            return
        owner = {"pk": key[0], "sk": "OWNER", "gsi1pk": f"RECORDED#{meeting.host_id}", "gsi1sk": place}
        self._table.put_all([owner, _look_item(told.started_at, told.recording_id)])

    # ---- reading ----

    def find(self, recording_id: str) -> CataloguedRecording | None:
        """A recording, also while it is being deleted; None if there is none."""
        return _recording(self._table.get(_key(recording_id)))

    def share_for(self, recording_id: str, *, user_id: str, address: str | None) -> Share | None:
        """What is shared with an account, or with its proven address."""
        keys = [_share_key(recording_id, each) for each in (user_id, address) if each]
        found = self._table.get_all(keys)
        return next((msgspec.convert(found[key], Share) for key in keys if key in found), None)

    def of_meeting(
        self, meeting_id: MeetingId, *, after: Place | None, limit: int, session: int | None = None
    ) -> Listed:
        """Those of a meeting; with ``session`` those of so many that are of that one. No session begins before the last
        one is over, so what follows one of an earlier session is of earlier ones, too."""
        listed = self._newest("gsi1", f"RECORDINGS#{meeting_id}", after, limit)
        if session is None:
            return listed
        is_past = any(each.session < session for each in listed.recordings)
        return Listed(
            recordings=tuple(each for each in listed.recordings if each.session == session),
            last=None if is_past else listed.last,
        )

    def owned(self, user_id: str, *, after: Place | None, limit: int) -> Listed:
        """Those of meetings that somebody hosted when they were made."""
        return self._newest("gsi1", f"RECORDED#{user_id}", after, limit)

    def shared_with(self, user_id: str, *, after: Place | None, limit: int) -> Listed:
        """Those that others share with an account."""
        return self._newest("gsi1", f"SHARED#{user_id}", after, limit)

    def all(self, *, after: Place | None, limit: int) -> Listed:
        """The organisation's."""
        return self._newest("gsi2", "RECORDINGS", after, limit)

    def _newest(self, index: Literal["gsi1", "gsi2"], pk: str, after: Place | None, limit: int) -> Listed:
        found, more = self._table.newest(pk, after=after, limit=limit, index=index)
        keys = [_key(item["pk"].removeprefix("RECORDING#")) for item in found]
        items = self._table.get_all(keys, consistent=False)
        recordings = (_recording(items.get(key)) for key in keys)
        last = _place_of(found[-1][f"{index}sk"]) if more else None
        return Listed(recordings=tuple(each for each in recordings if each and each.deleting_at is None), last=last)

    def older_than(self, moment: int, *, limit: int) -> list[str]:
        """Ids of the oldest recordings that began before a moment."""
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi2",
            KeyConditionExpression="gsi2pk = :pk AND gsi2sk < :before",
            ExpressionAttributeValues=to_item({":pk": "RECORDINGS", ":before": f"{max(moment, 0):015d}"}),
            Limit=limit,
        )
        return [item["pk"]["S"].removeprefix("RECORDING#") for item in answer["Items"]]

    # ---- what becomes of them ----

    def settle(self, recording_id: str, outcome: Outcome, *, at: int) -> CataloguedRecording | None:
        """It is ready, if it was not before; None if it is gone."""
        sets = {"ready_at": at, **without_nulls(outcome)}
        condition = f"{_THERE} AND attribute_not_exists(#ready_at)"
        done = self._table.update(_key(recording_id), sets=sets, removes=("lost_at",), condition=condition)
        return self.find(recording_id) if done is None else _recording(done)

    def amend(self, recording_id: str, outcome: Outcome) -> CataloguedRecording | None:
        """One that is ready has more in it than was found then; None if it is gone."""
        removes = ("poster",) if outcome.poster is None else ()
        condition = f"{_THERE} AND attribute_exists(#ready_at)"
        return _recording(
            self._table.update(_key(recording_id), sets=without_nulls(outcome), removes=removes, condition=condition)
        )

    def give_up(self, recording_id: str, *, at: int) -> None:
        """Nothing of it will come any more."""
        self._table.update(
            _key(recording_id), sets={"lost_at": at}, condition=f"{_THERE} AND attribute_not_exists(#ready_at)"
        )

    def rename(self, recording: CataloguedRecording, title: str) -> CataloguedRecording | None:
        """Gives it another title; None if it is gone, or was changed meanwhile."""
        is_same = "#version = :version"
        if recording.version == 1:  # those that nobody has changed say nothing of it
            is_same = f"(attribute_not_exists(#version) OR {is_same})"
        renamed = self._table.update(
            _key(recording.recording_id),
            sets={"title": title},
            adds_version=True,
            condition=f"{_THERE} AND attribute_not_exists(#deleting_at) AND {is_same}",
            values={":version": recording.version},
        )
        return _recording(renamed)

    def begin_deletion(self, recording: CataloguedRecording, *, at: int) -> None:
        """From now on nobody sees it, and it is looked after until nothing is left of it."""
        self.look_again(recording.recording_id, due=at)
        self._table.update(_key(recording.recording_id), sets={"deleting_at": at}, removes=_PLACES, condition=_THERE)

    def finish_deletion(self, recording_id: str, *, at: int) -> None:
        """Its shares and its entry are gone. Files that are still on their way are looked after for some time."""
        key = _key(recording_id)
        others = [(item["pk"], item["sk"]) for item in self._table.query(key[0], attributes=("pk", "sk"))]
        self._table.delete_all([each for each in others if each != key])
        gone = ("title", "owner_id", "by", "bytes", "duration_ms", "poster", "gaps", "is_partial", *_PLACES)
        sets = {"deleted_at": at, "expires_at": at // 1000 + _TOMBSTONE_KEPT_S}
        self._table.update(key, sets=sets, removes=gone, condition=_THERE)

    def deleted_prefix(self, recording_id: str) -> tuple[str, int] | None:
        """What the names of a deleted recording's objects begin with, and when it was deleted."""
        item = self._table.get(_key(recording_id))
        return None if item is None or "deleted_at" not in item else (item["prefix"], item["deleted_at"])

    # ---- what is to be looked after ----

    def looks_due(self, now: int, *, limit: int) -> list[Look]:
        """Some of what is due, the longest due first."""
        answer = self._table.client.query(
            TableName=self._table.name,
            KeyConditionExpression="pk = :pk AND sk < :until",
            ExpressionAttributeValues=to_item({":pk": _LOOKS, ":until": f"{now:015d}~"}),
            Limit=limit,
        )
        places = (str(from_item(item)["sk"]).partition("#") for item in answer["Items"])
        return [Look(due=int(due), recording_id=recording_id) for due, _, recording_id in places]

    def look_again(self, recording_id: str, *, due: int) -> None:
        """It is looked after then."""
        self._table.put_all([_look_item(due, recording_id)])

    def looked(self, look: Look) -> None:
        """This was done."""
        self._table.delete_all([_look_key(look.due, look.recording_id)])

    # ---- shares ----

    def shares(self, recording_id: str) -> list[Share]:
        """With whom it is shared, in the order of their keys."""
        return [msgspec.convert(item, Share) for item in self._table.query(_key(recording_id)[0], "SHARE#")]

    def put_share(self, recording: CataloguedRecording, share: Share) -> None:
        """Shares it with somebody."""
        with_whom = f"SHAREDWITH#{share.address}" if share.user_id is None else f"SHARED#{share.user_id}"
        key = _share_key(recording.recording_id, share.key)
        place = {"gsi1pk": with_whom, "gsi1sk": f"{recording.started_at:015d}#{recording.recording_id}"}
        self._table.put_all([{"pk": key[0], "sk": key[1], **place, **without_nulls(share)}])

    def remove_share(self, recording_id: str, key: str) -> None:
        """Shares it no more. It not being shared is no error."""
        self._table.delete_all([_share_key(recording_id, key)])

    def claim(self, address: str, user_id: Identity, *, limit: int) -> None:
        """What is shared with an address is shared with its account from now on."""
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi1",
            KeyConditionExpression="gsi1pk = :pk",
            ExpressionAttributeValues=to_item({":pk": f"SHAREDWITH#{address}"}),
            Limit=limit,
        )
        for item in map(from_item, answer["Items"]):
            sets = {"gsi1pk": f"SHARED#{user_id}", "user_id": user_id}
            self._table.update((item["pk"], item["sk"]), sets=sets, condition="attribute_exists(#pk)")

    # ---- accounts ----

    def traces(self, user_id: str) -> Iterator[Key]:
        """The keys of what tells that somebody owns recordings, or that they are shared with them."""
        for partition in (f"RECORDED#{user_id}", f"SHARED#{user_id}"):
            pages = self._table.client.get_paginator("query").paginate(
                TableName=self._table.name,
                IndexName="gsi1",
                KeyConditionExpression="gsi1pk = :pk",
                ExpressionAttributeValues=to_item({":pk": partition}),
            )
            for page in pages:
                for item in map(from_item, page["Items"]):
                    yield item["pk"], item["sk"]


def _key(recording_id: str) -> Key:
    return f"RECORDING#{recording_id}", "RECORDING"


def _share_key(recording_id: str, key: str) -> Key:
    return f"RECORDING#{recording_id}", f"SHARE#{key}"


def _look_key(due: int, recording_id: str) -> Key:
    return _LOOKS, f"{due:015d}#{recording_id}"


def _look_item(due: int, recording_id: str) -> dict[str, Any]:
    pk, sk = _look_key(due, recording_id)
    return {"pk": pk, "sk": sk}


def _place_of(text: str) -> Place:
    time, _, recording_id = text.partition("#")
    return Place(time=int(time), id=recording_id)


def _recording(item: dict[str, Any] | None) -> CataloguedRecording | None:
    if item is None or "started_at" not in item or "deleted_at" in item:
        return None
    return msgspec.convert(item, CataloguedRecording)
