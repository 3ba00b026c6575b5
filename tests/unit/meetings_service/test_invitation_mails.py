"""The mails of invitations."""

from __future__ import annotations

import pytest
from meetings_service.domain.icalendar import Event, Person
from meetings_service.domain.invitation_mails import WITHDRAWN, Told, compose, when_in_words
from meetings_service.domain.notices import News
from meetings_service.domain.recurrence import Occurrence
from meetings_service.domain.rule_words import Locale
from meetings_service.domain.schedule import Schedule
from msgspec.structs import replace

from functions.serverless.mailers import message_of
from functions.serverless.mails import Mail
from tests.doubles.calendar_reader import read_calendar

LINK = "https://meet.example/m/abcd-efgh-jkmn"
PAGE = "https://meet.example/invitation#token=abc"
MEETING_PAGE = "https://meet.example/meetings/abcd-efgh-jkmn"
SCHEDULE = Schedule(
    start="2026-12-07T09:00:00", time_zone="Europe/Berlin", duration_minutes=45, rule="FREQ=WEEKLY;COUNT=4"
)
TOLD = Told(
    to="bob@example.org",
    locale="en",
    host="Ada <b>",
    title="Plan {when} & <i>more</i>",
    description="Line one\nLine <two>",
    link=LINK,
    schedule=SCHEDULE,
    answer_page=PAGE,
    event=Event(
        uid="abcd-efgh-jkmn@meet.example",
        sequence=1,
        stamp=1_796_000_000_000,
        title="Plan",
        description="",
        link=LINK,
        schedule=SCHEDULE,
        organizer=Person(address="parley@meet.example", name="Ada"),
        attendees=(Person(address="bob@example.org"),),
    ),
)
TO_INVITED = tuple(news for news in News if news not in {News.HANDED_OVER, News.ASSIGNED, News.REASSIGNED})


def _told(news: News, locale: Locale) -> Mail:
    return compose(news, replace(TOLD, locale=locale, is_withdrawn=news in WITHDRAWN))


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("news", TO_INVITED)
def test_every_mail_says_the_same_as_text_and_as_html_and_loads_nothing(news: News, locale: Locale) -> None:
    mail = _told(news, locale)
    assert "Plan {when} & <i>more</i>" in mail.subject
    assert "Plan {when} & <i>more</i>" in mail.text
    assert "<i>" not in mail.html
    assert "<b>" not in mail.html
    assert "src=" not in mail.html
    assert mail.html.count("<p>") == len(mail.text.strip().split("\n\n"))
    is_on = news in {News.INVITED, News.CHANGED}
    assert (LINK in mail.text) == is_on
    assert mail.text.count(PAGE) == mail.html.count(PAGE) == (3 if is_on else 0)
    assert mail.calendar is not None
    assert mail.calendar.method == ("REQUEST" if is_on else "CANCEL")
    assert read_calendar(mail.calendar.text)["METHOD"] == mail.calendar.method
    assert message_of(mail, sender="Parley <parley@meet.example>").as_bytes()


@pytest.mark.parametrize(
    ("news", "locale", "subject", "opening"),
    [
        (News.HANDED_OVER, "en", "<i>Al</i> hands over to you: ", "<i>Al</i> has handed the meeting “P{lan”"),
        (News.ASSIGNED, "en", "You are the host now: ", "An administrator has handed the meeting “P{lan” of <i>Al</i>"),
        (News.REASSIGNED, "en", "Handed over to Ada <b>: ", "An administrator has handed your meeting “P{lan” over to"),
        (News.HANDED_OVER, "de", "<i>Al</i> übergibt dir: ", "<i>Al</i> hat dir die Besprechung „P{lan“ übergeben."),
        (News.ASSIGNED, "de", "Du bist jetzt Host: ", "Die Administration hat dir die Besprechung „P{lan“ von <i>Al"),
        (News.REASSIGNED, "de", "An Ada <b> übergeben: ", "Die Administration hat deine Besprechung „P{lan“ an Ada"),
    ],
)
def test_another_host_is_told_with_the_meetings_page_and_without_a_calendar(
    news: News, locale: Locale, subject: str, opening: str
) -> None:
    bare = {"answer_page": None, "event": None, "meeting_page": MEETING_PAGE, "former_host": "<i>Al</i>"}
    mail = compose(news, replace(TOLD, locale=locale, title="P{lan", **bare))
    assert mail.subject == f"{subject}P{{lan"
    assert mail.text.startswith(opening)
    assert "Europe/Berlin" in mail.text
    for address in (LINK, MEETING_PAGE):
        assert f"\n{address}\n" in mail.text
        assert f'href="{address}"' in mail.html
    assert mail.html.count("<p>") == len(mail.text.strip().split("\n\n"))
    assert "<i>" not in mail.html
    assert mail.calendar is None


def test_what_was_is_told_where_it_changed() -> None:
    former = replace(SCHEDULE, start="2026-12-07T08:00:00")
    mail = compose(News.CHANGED, replace(TOLD, former=former))
    when = "Monday, 7 December 2026, {}–{} (Europe/Berlin), every week on Monday, 4 times"
    assert f"When: {when.format('09:00', '09:45')}\nBefore: {when.format('08:00', '08:45')}" in mail.text
    assert "Before:" not in compose(News.CHANGED, replace(TOLD, former=SCHEDULE)).text


def test_a_meeting_without_a_time_has_no_calendar_and_a_passcode_is_told() -> None:
    mail = compose(News.INVITED, replace(TOLD, schedule=None, event=None, answer_page=None, passcode="12{34"))
    assert mail.calendar is None
    assert "Passcode: 12{34" in mail.text
    assert "When" not in mail.text


def test_times_over_midnight_and_over_a_clock_change_are_those_of_the_clocks() -> None:
    night = Schedule(start="2026-03-28T23:30:00", time_zone="Europe/Berlin", duration_minutes=240)
    said = "Samstag, 28. März 2026, 23:30–Sonntag, 29. März 2026, 04:30 (Europe/Berlin)"
    assert when_in_words(night, "de") == said


def test_a_reader_elsewhere_is_told_their_own_time() -> None:
    first = Occurrence(start=1_796_630_400_000, end=1_796_633_100_000, occurrence="2026-12-07T09:00:00")
    mail = compose(News.INVITED, replace(TOLD, next_one=first, reader_zone="America/New_York"))
    assert "In your time zone: Monday, 7 December 2026, 03:00–03:45 (America/New_York)" in mail.text
    assert (
        "In your time zone"
        not in compose(News.INVITED, replace(TOLD, next_one=first, reader_zone=SCHEDULE.time_zone)).text
    )


def test_a_meeting_that_has_lost_its_time_leaves_the_calendar_and_can_be_joined() -> None:
    mail = compose(News.CHANGED, replace(TOLD, schedule=None, former=SCHEDULE, is_withdrawn=True, answer_page=None))
    assert "When: whenever you like" in mail.text
    assert "Before: Monday, 7 December 2026" in mail.text
    assert LINK in mail.text
    assert mail.calendar is not None
    assert mail.calendar.method == "CANCEL"
