"""The mails of reminders, in English and German."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from functions.serverless.mails import Mail
from meetings_service.domain.invitation_mails import span_in_words
from meetings_service.domain.mail_body import MailBody, filled
from meetings_service.domain.recurrence import Occurrence
from meetings_service.domain.rule_words import Locale

_TEXTS: Final[Mapping[Locale, Mapping[str, str]]] = {
    "en": {
        "subject": "In {soon}: {title}",
        "opening": "The meeting “{title}” of {host} begins in {soon}.",
        "own": "Your meeting “{title}” begins in {soon}.",
        "when": "When: {when}",
        "join": "Join:",
        "passcode": "Passcode: {passcode}",
        "day": "a day",
        "days": "{number} days",
        "hour": "an hour",
        "hours": "{number} hours",
        "minute": "a minute",
        "minutes": "{number} minutes",
    },
    "de": {
        "subject": "In {soon}: {title}",
        "opening": "Die Besprechung „{title}“ von {host} beginnt in {soon}.",
        "own": "Deine Besprechung „{title}“ beginnt in {soon}.",
        "when": "Wann: {when}",
        "join": "Teilnehmen:",
        "passcode": "Kenncode: {passcode}",
        "day": "einem Tag",
        "days": "{number} Tagen",
        "hour": "einer Stunde",
        "hours": "{number} Stunden",
        "minute": "einer Minute",
        "minutes": "{number} Minuten",
    },
}


class Reminder(Struct, frozen=True, kw_only=True):
    """What a mail reminds of. ``host`` None: of one's own meeting."""

    to: str
    locale: Locale
    host: str | None
    title: str
    occurrence: Occurrence
    time_zone: str
    """The reader's, if it is known, else the meeting's."""
    link: str
    passcode: str | None = None
    sender_name: str | None = None
    reply_to: str | None = None
    mail_id: str | None = None


def compose(reminder: Reminder, *, now: int) -> Mail:
    """The mail. ``now`` in milliseconds since the epoch."""
    texts = _TEXTS[reminder.locale]
    soon = until_in_words(reminder.occurrence.start - now, reminder.locale)
    names = {"title": reminder.title, "soon": soon, "host": reminder.host or ""}
    body = MailBody()
    body.say(filled(texts["own" if reminder.host is None else "opening"], names))
    when = span_in_words(reminder.occurrence, reminder.time_zone, reminder.locale)
    body.say(filled(texts["when"], {"when": when}))
    body.link(texts["join"], reminder.link)
    if reminder.passcode is not None:
        body.say(filled(texts["passcode"], {"passcode": reminder.passcode}))
    return Mail(
        to=reminder.to,
        subject=filled(texts["subject"], names),
        text=body.text(),
        html=body.html(reminder.locale),
        sender_name=reminder.sender_name,
        reply_to=reminder.reply_to,
        id=reminder.mail_id,
    )


def until_in_words(milliseconds: int, locale: Locale) -> str:
    """A time until something: in begun minutes up to an hour and a half, then in hours, and from a day on in days.

    Mails leave up to a minute late: who wants to be told ten minutes before is told of ten.
    """
    texts = _TEXTS[locale]
    minutes = max(1, math.ceil(milliseconds / 60_000))
    hours = round(minutes / 60)
    if hours >= 24:
        unit, number = "day", round(hours / 24)
    elif minutes == 60 or hours >= 2:
        unit, number = "hour", hours
    else:
        unit, number = "minute", minutes
    return texts[unit] if number == 1 else filled(texts[f"{unit}s"], {"number": str(number)})
