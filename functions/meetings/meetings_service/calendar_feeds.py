"""Calendars that programs subscribe to: all of somebody's meetings behind an address that nobody can guess."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from contracts.access_token import AccessClaims
from functions.serverless.problems import NotFoundError, UnavailableError
from functions.serverless.rate_limits import Quota, RateLimitedError
from functions.serverless.redis_limits import Limits
from meetings_service.adapters.contacts import Contacts
from meetings_service.adapters.feeds import Feed, Feeds
from meetings_service.adapters.lists import Entry, Lists
from meetings_service.domain.answering import standing, standing_occurrences
from meetings_service.domain.icalendar import Event, Method, Person, calendar_of
from meetings_service.domain.meetings import Answer

PAST_MS: Final = 30 * 86_400_000
"""So far back a feed goes."""
READINGS: Final = Quota(name="feed", limit=120, window_s=3_600)
"""How often one feed is read, by all programs that have it."""
SECRET_BYTES: Final = 24
_ENDING: Final = ".ics"
_ATTEMPTS: Final = 5


class Told(Struct, frozen=True, kw_only=True):
    """A calendar, and the entity tag of this state of it."""

    text: str
    tag: str


class CalendarFeeds:
    """``page``: the platform's one address; ``site``: its host name; ``sender``: the organiser's address in calendars.

    ``clock``: seconds since the epoch. ``randomness``: so many octets that nobody can guess.
    """

    def __init__(
        self,
        *,
        feeds: Feeds,
        lists: Lists,
        contacts: Contacts,
        limits: Limits,
        page: str,
        site: str,
        sender: str,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._feeds = feeds
        self._lists = lists
        self._contacts = contacts
        self._limits = limits
        self._page = page.rstrip("/")
        self._site = site
        self._sender = sender
        self._clock = clock
        self._randomness = randomness

    def of(self, user: AccessClaims) -> Feed | None:
        """Somebody's feed; None: they have none."""
        return self._feeds.of(user.sub)

    def address(self, feed: Feed) -> str:
        """Where programs read a feed."""
        return f"{self._page}/v1/meetings/calendar/{feed.secret}{_ENDING}"

    def make(self, user: AccessClaims) -> Feed:
        """A feed with a new address. The former one opens nothing any more."""
        self._contacts.note(user)
        for _ in range(_ATTEMPTS):
            secret = base64.urlsafe_b64encode(self._randomness(SECRET_BYTES)).decode()
            feed = Feed(user_id=user.sub, name=user.name, secret=secret, created_at=int(self._clock()))
            if self._feeds.set(feed, self._feeds.of(user.sub)):
                return feed
        raise UnavailableError("The address is being changed from elsewhere, too. Please try again.")

    def revoke(self, user: AccessClaims) -> None:
        """Takes the feed away, if there is one."""
        feed = self._feeds.of(user.sub)
        if feed is not None:
            self._feeds.remove(feed)

    def read(self, name: str) -> Told:
        """The calendar with an address: what is to come and what was in the last month, whole series among it.

        What its owner has declined is not in it, and neither is what was cancelled.

        Raises:
            NotFoundError: there is none (any more).
            RateLimitedError: it is read too often.
        """
        feed = self._feeds.find(name.removesuffix(_ENDING)) if name.endswith(_ENDING) else None
        if feed is None:
            raise NotFoundError("There is no such calendar.")
        standing_of_it = self._limits.count(READINGS, feed.secret)
        if not standing_of_it.allowed:
            message = "This calendar is read too often."
            raise RateLimitedError(message, retry_after_s=standing_of_it.reset_s)
        now = int(self._clock())
        entries = self._lists.agenda(feed.user_id, since=now * 1000 - PAST_MS)
        own_address = self._contacts.find(feed.user_id).address
        events = list(self._events(entries, own_address))
        text = calendar_of(events, method=Method.PUBLISH, name=f"{feed.name} (Parley)")
        self._feeds.note_reading(feed, now)
        return Told(text=text, tag=f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"')

    def _events(self, entries: list[Entry], own_address: str | None) -> Iterator[Event]:
        for entry in sorted(entries, key=lambda each: each.meeting.id):
            meeting, invitee = entry.meeting, entry.invitee
            said = Answer.ACCEPTED if invitee is None else standing(meeting, invitee)
            if meeting.schedule is None or meeting.cancelled_at is not None or said is Answer.DECLINED:
                continue
            address = None if invitee is None else invitee.address or own_address
            name = None if invitee is None else invitee.name
            single = [] if invitee is None else standing_occurrences(meeting, invitee)
            yield Event(
                uid=f"{meeting.id}@{self._site}",
                sequence=meeting.sequence,
                stamp=meeting.changed_at or meeting.created_at,
                title=meeting.title,
                description=meeting.description,
                link=f"{self._page}/m/{meeting.id}",
                schedule=meeting.schedule,
                organizer=Person(address=self._sender, name=meeting.host_name),
                attendees=() if address is None else (Person(address=address, name=name, answer=said),),
                answers=() if address is None else tuple((each.occurrence, each.answer) for each in single),
            )
