"""Mails, before anybody sends them (`functions.serverless.mailers`)."""

from __future__ import annotations

from msgspec import Struct


class CalendarPart(Struct, frozen=True, kw_only=True):
    """An iCalendar of a mail (RFC 6047). ``method``: that of the calendar."""

    text: str
    method: str


class Mail(Struct, frozen=True, kw_only=True):
    """A mail to be sent."""

    to: str
    subject: str
    text: str
    html: str
    calendar: CalendarPart | None = None
    sender_name: str | None = None
    """Stands before the sender's address; None: what the sender is called anyway."""
    reply_to: str | None = None
    """Where an answer goes; None: to the sender."""
    id: str | None = None
    """Letters, digits and hyphens that name the mail: sent once more, it has the same Message-ID to be known by."""
