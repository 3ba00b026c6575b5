"""Meetings for calendar programs: iCalendar (RFC 5545), its scheduling messages (5546), and conferences (7986). Pure.

What programs need beyond the letter of the RFCs: Outlook shows nothing of an invitation without PRODID, DTSTAMP and
METHOD, and of a series only with the VTIMEZONE that it names; Google's takes a change only with a higher SEQUENCE; and
all show LOCATION, where few know CONFERENCE. So the link is in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from meetings_service.domain.meetings import Answer
from meetings_service.domain.recurrence import until_in_utc
from meetings_service.domain.rules import format_rule, parse_rule
from meetings_service.domain.schedule import Schedule, local_time_of, moment_of, zone_of
from meetings_service.domain.time_zones import time_zone_lines

PRODUCT: Final = "-//Parley//Meetings//EN"
_LINE_OCTETS: Final = 75


class Method(StrEnum):
    """What a calendar is for (RFC 5546, 1.4)."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Person(Struct, frozen=True, kw_only=True):
    """Somebody with an address; ``answer`` None: the organiser."""

    address: str
    name: str | None = None
    answer: Answer | None = None


class Event(Struct, frozen=True, kw_only=True):
    """A meeting with its schedule. Times in milliseconds since the epoch."""

    uid: str
    sequence: int
    stamp: int
    """When this was said."""
    title: str
    description: str
    link: str
    schedule: Schedule
    organizer: Person
    attendees: tuple[Person, ...] = ()
    cancelled: bool = False
    answers: tuple[tuple[str, Answer], ...] = ()
    """What the attendees (of a calendar of one's own: oneself) said to single occurrences, by their original starts."""


def calendar_of(events: Sequence[Event], *, method: Method, name: str | None = None) -> str:
    """The calendar with these events. ``name``: of one that is subscribed to."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    if method is not Method.PUBLISH or name is None:
        lines.append(f"METHOD:{method.value}")
    if name is not None:
        lines += [f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}"]
        lines += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    for zone in sorted({event.schedule.time_zone for event in events}):
        starts = [local_time_of(event.schedule.start) for event in events if event.schedule.time_zone == zone]
        lines += time_zone_lines(zone, min(starts).year)
    for event in events:
        lines += _event(event, method)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


# ---- events ----


def _event(event: Event, method: Method) -> Iterator[str]:
    schedule, zone = event.schedule, zone_of(event.schedule.time_zone)
    start = local_time_of(schedule.start)
    yield from _component(event, method, start, schedule.duration_minutes, event.title, None)
    if method is Method.CANCEL:
        return  # of the whole series
    for exception in schedule.exceptions:
        if not exception.cancelled:
            original = local_time_of(exception.occurrence)
            moved = local_time_of(exception.start or exception.occurrence)
            minutes = exception.duration_minutes or schedule.duration_minutes
            yield from _component(event, method, moved, minutes, exception.title or event.title, original)
    differing = {each.occurrence for each in schedule.exceptions}
    for occurrence, answer in event.answers:
        if occurrence not in differing and moment_of(local_time_of(occurrence), zone) >= moment_of(start, zone):
            local = local_time_of(occurrence)
            yield from _component(event, method, local, schedule.duration_minutes, event.title, local, answer)


def _component(  # noqa: PLR0917
    event: Event,
    method: Method,
    start: datetime,
    minutes: int,
    title: str,
    original: datetime | None,
    answer: Answer | None = None,
) -> Iterator[str]:
    """One VEVENT: the meeting, or with ``original`` one occurrence that differs."""
    zone = event.schedule.time_zone
    end = moment_of(start, zone_of(zone)) + minutes * 60_000
    is_cancelled = event.cancelled or method is Method.CANCEL
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_utc(event.stamp)}"
    yield f"SEQUENCE:{event.sequence}"
    if original is not None:
        yield f"RECURRENCE-ID{_local(original, zone)}"
    yield f"DTSTART{_local(start, zone)}"
    # In UTC, an end is the same whatever a clock change in between does to the wall time; an end in the zone is not.
    yield f"DTEND{_local(_wall(end, zone), zone)}"
    if original is None:
        yield from _series(event.schedule)
    yield f"SUMMARY:{_text(title)}"
    yield f"DESCRIPTION:{_text(_description(event))}"
    yield f"LOCATION:{_text(event.link)}"
    yield f"URL:{_uri(event.link)}"
    yield f'CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL="{_parameter(event.title)}":{_uri(event.link)}'
    yield f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}"
    yield "TRANSP:OPAQUE"
    yield f"ORGANIZER{_name(event.organizer)}:mailto:{_address(event.organizer.address)}"
    for person in event.attendees:
        yield _attendee(person, answer)
    yield "END:VEVENT"


def _series(schedule: Schedule) -> Iterator[str]:
    if schedule.rule is None:
        return
    rule = parse_rule(schedule.rule)
    yield f"RRULE:{format_rule(rule, until=until_in_utc(rule, zone_of(schedule.time_zone)))}"
    for exception in schedule.exceptions:
        if exception.cancelled:
            yield f"EXDATE{_local(local_time_of(exception.occurrence), schedule.time_zone)}"


def _description(event: Event) -> str:
    return f"{event.description}\n\n{event.link}" if event.description else event.link


_STATUS: Final = {
    Answer.NEEDS_ACTION: "NEEDS-ACTION",
    Answer.ACCEPTED: "ACCEPTED",
    Answer.DECLINED: "DECLINED",
    Answer.TENTATIVE: "TENTATIVE",
}


def _attendee(person: Person, answer: Answer | None) -> str:
    said = answer or person.answer or Answer.NEEDS_ACTION
    parameters = f"CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={_STATUS[said]};RSVP=TRUE"
    return f"ATTENDEE;{parameters}{_name(person)}:mailto:{_address(person.address)}"


def _name(person: Person) -> str:
    name = _parameter(person.name or "")
    return f';CN="{name}"' if name else ""


# ---- values ----


_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")


def _text(value: str) -> str:
    """A TEXT value (3.3.11): no line break of it is one of the calendar."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    escaped = lines.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return _CONTROLS.sub("", escaped)


def _parameter(value: str) -> str:
    """A parameter's value, to stand in quotation marks, of which there is none within (3.2)."""
    return " ".join(_CONTROLS.sub(" ", value).replace('"', "'").split())


def _address(value: str) -> str:
    """An address in a mailto URI (RFC 6068, 2): what is no plain character of one is percent-encoded."""
    return "".join(
        each if each.isalnum() or each in "@.!$'*+-=_~" else "".join(f"%{octet:02X}" for octet in each.encode())
        for each in value
    )


def _uri(value: str) -> str:
    return re.sub(r"[\x00-\x20\x7f]", "", value)


def _local(moment: datetime, zone: str) -> str:
    """The rest of a line that tells a local time."""
    return f":{moment:%Y%m%dT%H%M%S}Z" if zone == "UTC" else f";TZID={zone}:{moment:%Y%m%dT%H%M%S}"


def _utc(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 1000, tz=UTC):%Y%m%dT%H%M%SZ}"


def _wall(moment: int, zone: str) -> datetime:
    return datetime.fromtimestamp(moment // 1000, tz=zone_of(zone)).replace(tzinfo=None)


def _folded(line: str) -> str:
    """A line in pieces of no more than 75 octets, none of them within a character (3.1)."""
    pieces, piece, size = [], "", 0
    for character in line:
        octets = len(character.encode("utf-8", "replace"))
        if size + octets > _LINE_OCTETS:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + character, size + octets
    return "\r\n".join([*pieces, piece])
