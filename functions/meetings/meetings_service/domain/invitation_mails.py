"""The mails of invitations, in English and German: plain text, the same as simple HTML that loads nothing, a calendar.

Unlike an account's mails they hold what a person has written: a name, a title, a description. All of it stands as text,
and how many such mails somebody may send is limited (`meetings_service.mailing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from functions.serverless.mails import CalendarPart, Mail
from meetings_service.domain.icalendar import Event, Method, calendar_of
from meetings_service.domain.mail_body import MailBody, filled
from meetings_service.domain.meetings import Answer
from meetings_service.domain.notices import News
from meetings_service.domain.recurrence import Occurrence
from meetings_service.domain.rule_words import Locale, day_in_words, rule_in_words
from meetings_service.domain.schedule import Schedule, local_time_of, moment_of, zone_of


class Told(Struct, frozen=True, kw_only=True):
    """What a mail tells of."""

    to: str
    locale: Locale
    host: str
    former_host: str = ""
    """Who hosted it before, where that is told."""
    sender_name: str | None = None
    title: str
    description: str = ""
    link: str
    passcode: str | None = None
    schedule: Schedule | None = None
    former: Schedule | None = None
    meeting_page: str | None = None
    """The meeting's page, for those who run it."""
    answer_page: str | None = None
    """The page for an answer, with its token; None: nobody is asked for one."""
    event: Event | None = None
    """For the calendar; None: the meeting has no time, and had none."""
    is_withdrawn: bool = False
    """Whether the event is taken out of the calendar."""
    next_one: Occurrence | None = None
    """What comes next, told in the reader's own time zone where that is another one."""
    reader_zone: str | None = None
    reply_to: str | None = None
    """The host's address, where it is known."""
    mail_id: str | None = None


class _Texts(Struct, frozen=True, kw_only=True):
    subjects: Mapping[News, str]
    openings: Mapping[News, str]
    when: str
    was: str
    whenever: str
    yours: str
    join: str
    passcode: str
    page: str
    answer: str
    answers: Mapping[Answer, str]
    note: str


_TEXTS: Final[Mapping[Locale, _Texts]] = {
    "en": _Texts(
        subjects={
            News.INVITED: "{host} invites you: {title}",
            News.CHANGED: "Changed: {title}",
            News.CANCELLED: "Cancelled: {title}",
            News.UNINVITED: "No longer invited: {title}",
            News.HANDED_OVER: "{former} hands over to you: {title}",
            News.ASSIGNED: "You are the host now: {title}",
            News.REASSIGNED: "Handed over to {host}: {title}",
        },
        openings={
            News.INVITED: "{host} invites you to the meeting “{title}”.",
            News.CHANGED: "The meeting “{title}” of {host} has changed.",
            News.CANCELLED: "The meeting “{title}” of {host} does not take place.",
            News.UNINVITED: "{host} has taken back your invitation to the meeting “{title}”.",
            News.HANDED_OVER: "{former} has handed the meeting “{title}” over to you. You are its host now.",
            News.ASSIGNED: "An administrator has handed the meeting “{title}” of {former} over to you. "
            "You are its host now.",
            News.REASSIGNED: "An administrator has handed your meeting “{title}” over to {host}. "
            "You are its co-host now.",
        },
        when="When: {when}",
        was="Before: {when}",
        whenever="When: whenever you like, by the link below.",
        yours="In your time zone: {when}",
        join="Join:",
        passcode="Passcode: {passcode}",
        page="The meeting’s page:",
        answer="Will you come?",
        answers={Answer.ACCEPTED: "Yes", Answer.TENTATIVE: "Maybe", Answer.DECLINED: "No"},
        note="{host} learns of answers that are given by these links or in Parley, not of those in a calendar program.",
    ),
    "de": _Texts(
        subjects={
            News.INVITED: "{host} lädt dich ein: {title}",
            News.CHANGED: "Geändert: {title}",
            News.CANCELLED: "Abgesagt: {title}",
            News.UNINVITED: "Nicht mehr eingeladen: {title}",
            News.HANDED_OVER: "{former} übergibt dir: {title}",
            News.ASSIGNED: "Du bist jetzt Host: {title}",
            News.REASSIGNED: "An {host} übergeben: {title}",
        },
        openings={
            News.INVITED: "{host} lädt dich zur Besprechung „{title}“ ein.",
            News.CHANGED: "Die Besprechung „{title}“ von {host} hat sich geändert.",
            News.CANCELLED: "Die Besprechung „{title}“ von {host} findet nicht statt.",
            News.UNINVITED: "{host} hat deine Einladung zur Besprechung „{title}“ zurückgenommen.",
            News.HANDED_OVER: "{former} hat dir die Besprechung „{title}“ übergeben. Du bist jetzt ihr Host.",
            News.ASSIGNED: "Die Administration hat dir die Besprechung „{title}“ von {former} übergeben. "
            "Du bist jetzt ihr Host.",
            News.REASSIGNED: "Die Administration hat deine Besprechung „{title}“ an {host} übergeben. "
            "Du bist jetzt ihr Co-Host.",
        },
        when="Wann: {when}",
        was="Vorher: {when}",
        whenever="Wann: jederzeit, über den Link unten.",
        yours="In deiner Zeitzone: {when}",
        join="Teilnehmen:",
        passcode="Kenncode: {passcode}",
        page="Seite der Besprechung:",
        answer="Kommst du?",
        answers={Answer.ACCEPTED: "Ja", Answer.TENTATIVE: "Vielleicht", Answer.DECLINED: "Nein"},
        note="{host} erfährt von Antworten über diese Links oder in Parley, nicht von denen im Kalenderprogramm.",
    ),
}
WITHDRAWN: Final = frozenset({News.CANCELLED, News.UNINVITED})
"""News after which the meeting is no more for whom they are told."""


def compose(news: News, told: Told) -> Mail:
    """The mail that tells ``news``."""
    texts = _TEXTS[told.locale]
    names = {"host": told.host, "former": told.former_host, "title": told.title}
    body = MailBody()
    body.say(filled(texts.openings[news], names))
    when = _when(news, told, texts)
    if when:
        body.say("\n".join(when))
    if news not in WITHDRAWN:
        if told.description:
            body.say(told.description)
        body.link(texts.join, told.link)
        if told.passcode is not None:
            body.say(filled(texts.passcode, {"passcode": told.passcode}))
        if told.meeting_page is not None:
            body.link(texts.page, told.meeting_page)
        if told.answer_page is not None:
            page = told.answer_page
            body.links(texts.answer, {label: f"{page}&answer={answer}" for answer, label in texts.answers.items()})
            body.say(filled(texts.note, names))
    return Mail(
        to=told.to,
        subject=filled(texts.subjects[news], names),
        text=body.text(),
        html=body.html(told.locale),
        calendar=_calendar(told),
        sender_name=told.sender_name,
        reply_to=told.reply_to,
        id=told.mail_id,
    )


def _when(news: News, told: Told, texts: _Texts) -> list[str]:
    former = told.former if told.former != told.schedule else None
    lines = []
    if told.schedule is not None:
        lines.append(filled(texts.when, {"when": when_in_words(told.schedule, told.locale)}))
    elif former is not None and news not in WITHDRAWN:
        lines.append(texts.whenever)
    if former is not None:
        lines.append(filled(texts.was, {"when": when_in_words(former, told.locale)}))
    other_zone = told.schedule is not None and told.reader_zone not in (None, told.schedule.time_zone)
    if told.next_one is not None and told.reader_zone is not None and other_zone:
        lines.append(filled(texts.yours, {"when": span_in_words(told.next_one, told.reader_zone, told.locale)}))
    return lines


def when_in_words(schedule: Schedule, locale: Locale) -> str:
    """A schedule such as "Monday, 7 December 2026, 09:00–09:45 (Europe/Berlin), every week on Monday"."""
    start, zone = local_time_of(schedule.start), zone_of(schedule.time_zone)
    ends_at = moment_of(start, zone) // 1000 + schedule.duration_minutes * 60
    end = datetime.fromtimestamp(ends_at, tz=zone).replace(tzinfo=None)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{day_in_words(end.date(), locale)}, {end:%H:%M}"
    said = f"{day_in_words(start.date(), locale)}, {start:%H:%M}–{until} ({schedule.time_zone})"
    rule = rule_in_words(schedule, locale)
    return said if rule is None else f"{said}, {rule}"


def span_in_words(occurrence: Occurrence, time_zone: str, locale: Locale) -> str:
    """One occurrence such as "Monday, 7 December 2026, 09:00–09:45 (Europe/Berlin)"."""
    minutes = (occurrence.end - occurrence.start) // 60_000
    local = datetime.fromtimestamp(occurrence.start // 1000, tz=zone_of(time_zone)).replace(tzinfo=None)
    once = Schedule(start=local.isoformat(), time_zone=time_zone, duration_minutes=minutes)
    return when_in_words(once, locale)


def _calendar(told: Told) -> CalendarPart | None:
    if told.event is None:
        return None
    method = Method.CANCEL if told.is_withdrawn else Method.REQUEST
    return CalendarPart(text=calendar_of([told.event], method=method), method=method.value)
