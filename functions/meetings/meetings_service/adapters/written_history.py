"""Writes what facts tell of people, chat, polls, notes and breakout rooms: each part so that it may come twice and in
any order. `adapters.repository` has the keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from contracts.rooms import MeetingId, session_of
from meetings_service.adapters.prepared_polls import write_poll_use
from meetings_service.adapters.table import Key, Table, without_nulls
from meetings_service.domain.attendance import COUNTED_AT_MOST, Attendance, Person, Turn
from meetings_service.domain.breakout_history import BreakoutNews
from meetings_service.domain.chat_history import ChatLine, without_text
from meetings_service.domain.notes import Notes
from meetings_service.domain.polls import Poll
from meetings_service.domain.prepared_polls import use_of

_ACCOUNT = "u_"
"""What the ids of accounts begin with: those of guests lead to nobody's list."""
_EDIT = ("edit_version", "edited_at", "edit_text")
_VOTES = ("votes_version", "votes", "voters")


def write_stay(table: Table, room_id: MeetingId, stay: Attendance) -> None:
    """What is known of a stay."""
    key: Key = (f"MEETING#{room_id}", f"ATTENDANCE#{stay.identity}#{stay.participant_id}")
    parts = without_nulls(stay)
    counted = {name: frozenset(parts.pop(name)) for name in ("hands", "reactions")}
    table.update(key, sets=parts)
    for name, versions in counted.items():
        if versions:
            # An item has an end: beyond this nothing is counted, whichever of them come first.
            table.update(
                key,
                adds={name: versions},
                condition=f"attribute_not_exists(#{name}) OR size(#{name}) < :most",
                values={":most": COUNTED_AT_MOST},
            )


def write_person(table: Table, room_id: MeetingId, person: Person) -> None:
    """What is known of somebody who was there. The meeting is in the list of what an account took part in."""
    key: Key = (f"MEETING#{room_id}", f"PERSON#{person.identity}")
    names = ("came_in", "taken_out", "moderates_from", "moderates_to", "breakouts")
    table.update(
        key,
        sets={"identity": person.identity},
        adds={name: getattr(person, name) for name in names},
    )
    if person.since is not None:
        place = {}
        if person.identity.startswith(_ACCOUNT):
            place = {"gsi2pk": f"USER#{person.identity}", "gsi2sk": f"PAST#{person.since:015d}#{room_id}"}
        set_earlier(table, key, "since", {**place, "since": person.since})


def write_turns(table: Table, room_id: MeetingId, turns: Iterable[Turn]) -> None:
    """What changed in stays."""
    table.put_all(
        [
            {
                "pk": f"MEETING#{room_id}",
                "sk": f"ATTENDANCE#{turn.identity}#{turn.participant_id}#{turn.version:012d}",
                **without_nulls(turn),
            }
            for turn in turns
        ]
    )


def attended_of(item: Mapping[str, Any]) -> Attendance | Turn:
    """The stay, or the turn of one, that an item tells of."""
    return msgspec.convert(item, Turn) if "version" in item else msgspec.convert(item, Attendance)


def write_line(table: Table, room_id: MeetingId, line: ChatLine) -> None:
    """What is known of a chat message. Once it was removed its text is nowhere, also if it is told again."""
    key: Key = (f"MEETING#{room_id}", f"CHAT#{line.version:012d}#{line.message_id}")
    stands = "attribute_not_exists(#removed_at)"
    if line.removed_at is not None:
        table.update(key, sets=without_nulls(without_text(line)), removes=("text", *_EDIT))
        return
    known = without_nulls(line)
    edit = {name: known.pop(name) for name in _EDIT if name in known}
    if line.at is not None and table.update(key, sets=known, condition=stands) is None:
        table.update(key, sets=without_nulls(without_text(line)))
    if edit:
        table.update(
            key,
            sets={"version": line.version, "message_id": line.message_id, **edit},
            condition=f"{stands} AND (attribute_not_exists(#edit_version) OR #edit_version < :version)",
            values={":version": line.edit_version},
        )


def write_poll(table: Table, room_id: MeetingId, poll: Poll) -> None:
    """What is known of a poll, and of the prepared one that it was that it was asked."""
    meeting_id, session = session_of(room_id)
    use = use_of(session, poll)
    if poll.prepared_id is not None and use is not None:
        write_poll_use(table, meeting_id, poll.prepared_id, use)
    key: Key = (f"MEETING#{room_id}", f"POLL#{poll.poll_id}")
    known = without_nulls(poll)
    counted = {name: known.pop(name) for name in _VOTES if name in known}
    table.update(key, sets=known)
    if counted:
        table.update(
            key,
            sets=counted,
            condition="attribute_not_exists(#votes_version) OR #votes_version < :version",
            values={":version": poll.votes_version},
        )


def write_notes(table: Table, room_id: MeetingId, notes: Notes | None) -> None:
    """The notes as a whole, if a fact has told them, and unless later ones are known."""
    if notes is None:
        return
    table.update(
        _notes_key(room_id),
        sets=without_nulls(notes),
        condition="attribute_not_exists(#version) OR #version < :version",
        values={":version": notes.version},
    )


def write_longest_notes(table: Table, room_id: MeetingId, notes: Notes | None) -> None:
    """The same, unless longer ones are known, or later ones that are as long."""
    if notes is None:
        return
    length = len(notes.text)
    table.update(
        _longest_notes_key(room_id),
        sets={**without_nulls(notes), "length": length},
        condition="attribute_not_exists(#length) OR #length < :length OR (#length = :length AND #version < :version)",
        values={":length": length, ":version": notes.version},
    )


def written_notes(table: Table, room_id: MeetingId) -> Notes | None:
    """The notes as they were kept last; None: none were."""
    return _notes_of(table.get(_notes_key(room_id)))


def written_longest_notes(table: Table, room_id: MeetingId) -> Notes | None:
    """The notes as they were kept when they were longest; None: none were."""
    return _notes_of(table.get(_longest_notes_key(room_id)))


def _notes_of(item: Mapping[str, Any] | None) -> Notes | None:
    return None if item is None else msgspec.convert(item, Notes)


def _notes_key(room_id: MeetingId) -> Key:
    return f"MEETING#{room_id}", "NOTES"


def _longest_notes_key(room_id: MeetingId) -> Key:
    return f"MEETING#{room_id}", "NOTES#LONGEST"


def write_breakouts(table: Table, room_id: MeetingId, news: Iterable[BreakoutNews]) -> None:
    """What became of breakout rooms."""
    table.put_all(
        [{"pk": f"MEETING#{room_id}", "sk": f"BREAKOUTS#{each.version:012d}", **without_nulls(each)} for each in news]
    )


def set_earlier(table: Table, key: Key, name: str, sets: dict[str, Any], removes: tuple[str, ...] = ()) -> None:
    """Sets a time, that of ``sets`` with this name, and what belongs to it, unless an earlier one is known."""
    table.update(
        key,
        sets=sets,
        removes=removes,
        condition=f"attribute_not_exists(#{name}) OR #{name} > :at",
        values={":at": sets[name]},
    )
