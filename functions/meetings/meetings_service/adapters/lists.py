"""Lists of meetings, a page at a time, at a cost that does not grow with the table: `adapters.repository` has the keys.

A page of what somebody hosts is one query; of what somebody is invited to or took part in, one query and the meetings
themselves (`Table.get_all`, a hundred at a time); of what is to come, two queries and the meetings, some more of them
while those that are cancelled leave a page unfilled. Which series is the next one only its rule says: all of somebody's
that are not over are read for it, up to `MAX_SERIES`.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from contracts.rooms import MeetingId, session_of
from functions.serverless.aws import from_item, to_item
from functions.serverless.cursors import Place, cursor_at, place_of
from meetings_service.adapters.repository import meeting_of
from meetings_service.adapters.table import Key, Table
from meetings_service.domain.meetings import Invitee, Meeting
from meetings_service.domain.recurrence import Occurrence, occurrences
from meetings_service.domain.schedule import MAX_MINUTES

MAX_SERIES = 1_000
"""How many series of one person that are not over are looked at; of more, those that end first."""
SERIES_AT_ONCE = 500
"""How many of them one query finds."""
ONCE_SHOWN = 300
"""How many meetings that take place once are looked at in somebody's agenda."""
HORIZON_MS = 366 * 86_400_000
"""How far what is to come is told of a series."""
_UNDER_WAY = 100
"""How many meetings of the last day that are over may precede what is under way in the index."""
_BESIDE = 10
"""How many meetings more than a page shows are got at first: some may be cancelled, or begin at the same time."""
_CLAIMED_AT_ONCE = 25
_LONGEST_MS = MAX_MINUTES * 60_000


class Entry(Struct, frozen=True, kw_only=True):
    """A meeting in a list."""

    meeting: Meeting
    invitee: Invitee | None = None
    """The invitation of whose list it is; None for the host's own."""
    occurrence: Occurrence | None = None
    session: int | None = None
    since: int | None = None
    """When whose list it is came in, in that session."""


class Span(Struct, frozen=True, kw_only=True):
    """From when until when (not included), in milliseconds since the epoch; None: without an end there."""

    since: int | None = None
    until: int | None = None


ALWAYS = Span()


class Page(Struct, frozen=True, kw_only=True):
    """Some entries, and where the next ones begin."""

    entries: tuple[Entry, ...]
    next_cursor: str | None


class Lists:
    """Lists may lag behind by a moment. Every method raises `InvalidFieldError` if the cursor is none of ours.

    ``within`` narrows a list by the times that it is in the order of.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def hosted(self, host_id: str, *, cursor: str | None, limit: int, within: Span = ALWAYS) -> Page:
        """The meetings of a host, those that were made last first."""
        items, more = self._newest(f"HOST#{host_id}", cursor, limit, within)
        entries = tuple(Entry(meeting=meeting_of(item)) for item in items)
        return Page(entries=entries, next_cursor=_cursor(items[-1]["gsi1sk"]) if more else None)

    def invited(self, user_id: str, *, cursor: str | None, limit: int, within: Span = ALWAYS) -> Page:
        """The meetings that somebody is invited to, the newest invitation first."""
        items, more = self._newest(f"INVITED#{user_id}", cursor, limit, within)
        invitees = {_id_of(item["pk"]): msgspec.convert(item, Invitee) for item in items}
        meetings = self._meetings(list(invitees))
        entries = tuple(
            Entry(meeting=meetings[each], invitee=invitee) for each, invitee in invitees.items() if each in meetings
        )
        return Page(entries=entries, next_cursor=_cursor(items[-1]["gsi1sk"]) if more else None)

    def past(self, user_id: str, *, cursor: str | None, limit: int, within: Span = ALWAYS) -> Page:
        """The sessions that somebody took part in, the latest first, by when they came in."""
        place = _beginning(cursor, within)
        last = "PAST#~" if place is None else _just_before(f"PAST#{place.time:015d}#{place.id}")
        first = "PAST#" if within.since is None else f"PAST#{within.since:015d}"
        found = self._agenda(user_id, first, last, limit=limit + 1, backwards=True) if first < last else []
        places = [Place(time=int(since), id=room) for _, since, room in (sk.split("#") for _, sk in found[:limit])]
        meetings = self._meetings([session_of(MeetingId(each.id))[0] for each in places])
        entries = []
        for each in places:
            meeting_id, session = session_of(MeetingId(each.id))
            if meeting_id in meetings:
                entries.append(Entry(meeting=meetings[meeting_id], session=session, since=each.time))
        return Page(entries=tuple(entries), next_cursor=cursor_at(places[-1]) if len(found) > limit else None)

    def upcoming(self, user_id: str, *, now: int, cursor: str | None, limit: int, until: int | None = None) -> Page:
        """What is under way and to come for somebody, in the order of time: series occurrence by occurrence, those that
        begin before ``until``."""
        page = self._upcoming(user_id, now=now, cursor=cursor, limit=limit)
        if until is None:
            return page
        entries = tuple(each for each in page.entries if each.occurrence is not None and each.occurrence.start < until)
        following = page.next_cursor
        goes_on = following is not None and len(entries) == len(page.entries) and place_of(following).time < until
        return Page(entries=entries, next_cursor=following if goes_on else None)

    def _upcoming(self, user_id: str, *, now: int, cursor: str | None, limit: int) -> Page:
        place = Place(time=now - _LONGEST_MS, id="") if cursor is None else place_of(cursor)
        last = (place.time, *_named_by(place))
        most = limit + _UNDER_WAY
        first = f"ONCE#{place.time:015d}{'#~' if place.id == '~' else ''}"  # "~": all that begin then are known
        once = self._agenda(user_id, first, "ONCE#~", limit=most, backwards=False)
        are_all = len(once) < most
        series = self._series(user_id, since=now)
        # Beyond the last one that was read there may be others, which come before what a series has there.
        horizon = now + HORIZON_MS if are_all else _times(once[-1][1])[0]
        after = now if cursor is None else max(now, place.time)
        left = [each for each in once if _times(each[1])[1] > after]
        wanted, known = series, dict[MeetingId, Entry]()
        while True:
            part, left = left[: limit + _BESIDE], left[limit + _BESIDE :]
            known |= self._entries([key for key, _ in (*wanted, *part)])
            until = _times(part[-1][1])[0] if left else horizon + 1
            meetings = [each.meeting for each in known.values() if not each.meeting.is_over]
            runs = _runs(meetings, after=after, before=until)
            to_come = (each for each in heapq.merge(*runs) if _place(each) > last)
            shown = list(itertools.islice(to_come, limit + 1))
            if not left and not are_all and once and (len(shown) <= limit or shown[-1][0] == horizon):
                # Those that begin at the last moment are told in another order than they are read: by their ids.
                left, once = self._beginning_with(user_id, once[-1][1], most), []
            if len(shown) > limit or not left:
                break
            wanted = []
        entries = tuple(
            Entry(meeting=meeting, invitee=known[meeting.id].invitee, occurrence=occurrence)
            for _, _, occurrence, meeting in shown[:limit]
        )
        if len(shown) > limit:
            time, meeting_id, name = _place(shown[limit - 1])
            return Page(entries=entries, next_cursor=cursor_at(Place(time=time, id=f"{meeting_id}@{name}")))
        return Page(entries=entries, next_cursor=None if are_all else cursor_at(Place(time=horizon, id="~")))

    def _beginning_with(self, user_id: str, position: str, limit: int) -> list[tuple[Key, str]]:
        """What follows a place in somebody's agenda and begins at the same moment, read so many at a time."""
        end = f"ONCE#{_times(position)[0]:015d}#~"
        found = list[tuple[Key, str]]()
        while part := self._agenda(user_id, f"{position}!", end, limit=limit, backwards=False):
            found += part
            position = part[-1][1]
        return found

    def agenda(self, user_id: str, *, since: int, until: int | None = None) -> list[Entry]:
        """What takes place once from ``since`` to ``until``, up to `ONCE_SHOWN`, and series that are not over by
        ``since``, up to `MAX_SERIES`, with somebody's invitations to them: two queries and batches."""
        last = "ONCE#~" if until is None else f"ONCE#{until:015d}"
        once = self._agenda(user_id, f"ONCE#{since - _LONGEST_MS:015d}", last, limit=ONCE_SHOWN, backwards=False)
        series = self._series(user_id, since=since)
        return list(self._entries([key for key, _ in (*once, *series)]).values())

    def _series(self, user_id: str, *, since: int) -> list[tuple[Key, str]]:
        """The series in somebody's agenda that are not over by ``since``, those that end first before the others."""
        found, first = list[tuple[Key, str]](), f"SERIES#{since:015d}"
        while len(found) < MAX_SERIES:
            limit = min(SERIES_AT_ONCE, MAX_SERIES - len(found))
            part = self._agenda(user_id, first, "SERIES#~", limit=limit, backwards=False)
            found += part
            if len(part) < limit:
                break
            first = f"{part[-1][1]}!"
        return found

    def _entries(self, places: Sequence[Key]) -> dict[MeetingId, Entry]:
        """The meetings that are in somebody's agenda by these keys, with the invitations that are among them."""
        keys = [(pk, "MEETING") for pk, _ in places] + [key for key in places if key[1].startswith("INVITEE#")]
        items = self._table.get_all(keys, consistent=False)
        invitees = {_id_of(pk): item for (pk, sk), item in items.items() if sk != "MEETING"}
        return {
            each: Entry(
                meeting=meeting_of(items[pk, "MEETING"]),
                invitee=msgspec.convert(invitees[each], Invitee) if each in invitees else None,
            )
            for pk, _ in places
            if (pk, "MEETING") in items and (each := _id_of(pk))
        }

    def _newest(
        self, pk: str, cursor: str | None, limit: int, within: Span = ALWAYS
    ) -> tuple[list[dict[str, Any]], bool]:
        """Items of a partition of ``gsi1``, and whether others follow."""
        items, more = self._table.newest(pk, after=_beginning(cursor, within), limit=limit)
        if within.since is None:
            return items, more
        wanted = [item for item in items if int(item["gsi1sk"].partition("#")[0]) >= within.since]
        return wanted, more and len(wanted) == len(items)

    def _agenda(self, user_id: str, first: str, last: str, *, limit: int, backwards: bool) -> list[tuple[Key, str]]:
        """Keys from ``first`` to ``last`` of somebody's agenda, with their places in it."""
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="gsi2",
            KeyConditionExpression="gsi2pk = :pk AND gsi2sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item({":pk": f"USER#{user_id}", ":first": first, ":last": last}),
            ScanIndexForward=not backwards,
            Limit=limit,
        )
        return [((item["pk"], item["sk"]), item["gsi2sk"]) for item in map(from_item, answer["Items"])]

    def _meetings(self, meeting_ids: Sequence[MeetingId]) -> dict[MeetingId, Meeting]:
        keys = [(f"MEETING#{each}", "MEETING") for each in meeting_ids]
        return {
            MeetingId(item["id"]): meeting_of(item) for item in self._table.get_all(keys, consistent=False).values()
        }

    def unclaimed(self, address: str) -> list[tuple[MeetingId, Invitee]]:
        """Some invitations to an address that no account is known for yet."""
        items, _ = self._newest(f"ADDRESS#{address}", None, _CLAIMED_AT_ONCE)
        return [(_id_of(item["pk"]), msgspec.convert(item, Invitee)) for item in items]


_Placed = tuple[int, MeetingId, Occurrence, Meeting]
"""An occurrence by its start and meeting. Two of one series that begin together are in the order of their names."""


def _runs(meetings: Sequence[Meeting], *, after: int, before: int) -> list[Iterable[_Placed]]:
    """What takes place when, each in the order of places: all that takes place once, and series one by one, which are
    followed only as far as they are read."""
    series = [each for each in meetings if each.schedule is not None and each.schedule.rule is not None]
    once = [each for each in meetings if each.schedule is not None and each.schedule.rule is None]
    alone = (placed for each in once for placed in _occurrences(each, after=after, before=before))
    return [sorted(alone, key=_place), *(_occurrences(each, after=after, before=before) for each in series)]


def _occurrences(meeting: Meeting, *, after: int, before: int) -> Iterator[_Placed]:
    if meeting.schedule is not None:
        for occurrence in occurrences(meeting.schedule, after=after, before=before):
            yield occurrence.start, meeting.id, occurrence, meeting


def _place(placed: _Placed) -> tuple[int, MeetingId, str]:
    start, meeting_id, occurrence, _ = placed
    return start, meeting_id, occurrence.occurrence


def _named_by(place: Place) -> tuple[str, str]:
    """The meeting and the occurrence of a place; cursors from before they named occurrences are behind all of them."""
    meeting_id, _, name = place.id.partition("@")
    return meeting_id, name or "~"


def _times(position: str) -> tuple[int, int]:
    """The start and the end of a meeting that takes place once, by its place in the agenda."""
    _, start, end, _ = position.split("#")
    return int(start), int(end)


def _id_of(pk: str) -> MeetingId:
    return MeetingId(pk.partition("#")[2])


def _cursor(position: str) -> str:
    time, _, meeting_id = position.partition("#")
    return cursor_at(Place(time=int(time), id=meeting_id))


def _beginning(cursor: str | None, within: Span) -> Place | None:
    """The place after which a list goes on that has the latest first; None: it begins with the latest of all."""
    places = [] if cursor is None else [place_of(cursor)]
    places += [] if within.until is None else [Place(time=within.until, id="")]
    return min(places, default=None)


def _just_before(position: str) -> str:
    """A text that comes before a position, and after all positions before it."""
    return f"{position[:-1]}{chr(ord(position[-1]) - 1)}~"
