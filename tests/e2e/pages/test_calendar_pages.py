"""One's calendar in the page: its address, how mails are written, and what is at the same time as what one plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.doubles.calendar_reader import read_calendar
from tests.e2e.pages.test_accessibility import violations
from tests.e2e.pages.test_meeting_pages import api_of, choose, make
from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(240)
MakePerson = Callable[..., Person]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def ada(person: MakePerson) -> Person:
    someone = person("Ada")
    someone.register()
    return someone


def tomorrow_at_nine(page: Page) -> datetime:
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    return (datetime.now(ZoneInfo(zone)) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


def planned(start: datetime) -> dict[str, str | int]:
    return {"start": f"{start:%Y-%m-%dT%H:%M:%S}", "time_zone": str(start.tzinfo), "duration_minutes": 60}


def test_a_calendar_is_given_an_address_which_is_replaced_and_taken_away(ada: Person, platform: Platform) -> None:
    page = ada.page
    start = tomorrow_at_nine(page)
    with api_of(page, platform) as api:
        make(api, title="Stand-up", schedule=planned(start))
    page.goto(f"{platform.url}/account/calendar")
    page.get_by_role("button", name="Create an address").click()
    content = page.get_by_role("group", name="Your meetings in your calendar")
    expect(content).to_be_focused()
    address = page.get_by_label("Address of your calendar")
    first = address.input_value()
    page.get_by_role("button", name="Copy address").click()
    page.wait_for_function("async (url) => (await navigator.clipboard.readText()) === url", arg=first)
    read = read_calendar(httpx.get(first).text)
    assert [str(event["SUMMARY"]) for event in read.walk("VEVENT")] == ["Stand-up"]
    choose(page, "Language of these mails", "Deutsch")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Mails are written like this from now on").wait_for()
    found = violations(page, "/account/calendar")
    ada.screenshot("calendar-desktop")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.screenshot(path=ada._artefacts / "calendar-phone.png", full_page=True)
    assert found == []

    page.get_by_role("button", name="Get another address").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Get another address").click()
    page.get_by_text("Your calendar has another address now").wait_for()
    second = address.input_value()
    assert second != first
    assert [httpx.get(url).status_code for url in (first, second)] == [404, 200]
    page.get_by_role("button", name="Remove the address").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove the address").click()
    page.get_by_role("button", name="Create an address").wait_for()
    expect(content).to_be_focused()
    assert httpx.get(second).status_code == 404
    page.reload()
    expect(page.get_by_role("button", name="Language of these mails")).to_contain_text("Deutsch")


def test_whoever_plans_is_told_what_else_is_at_that_time(ada: Person, platform: Platform) -> None:
    page = ada.page
    start = tomorrow_at_nine(page)
    with api_of(page, platform) as api:
        make(api, title="Stand-up", schedule=planned(start))
    page.goto(f"{platform.url}/meetings/new")
    page.get_by_label("Title").fill("Review")
    page.get_by_label("Day", exact=True).fill(f"{start:%Y-%m-%d}")
    page.get_by_label("Time", exact=True).fill("09:30")
    hint = page.get_by_role("status").filter(has_text="You have other meetings at this time")
    expect(hint).to_contain_text("Stand-up")
    assert violations(page, "planning at a time that is taken") == []
    ada.screenshot("conflicts-desktop")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    ada.screenshot("conflicts-phone")
    page.get_by_label("Time", exact=True).fill("10:00")
    expect(hint).to_have_count(0)
    page.get_by_label("Time", exact=True).fill("09:15")
    expect(hint).to_be_visible()
    page.get_by_role("button", name="Schedule meeting").click()
    ada.sees_heading("Review")
    page.get_by_role("link", name="Change", exact=True).click()
    expect(hint.get_by_role("listitem")).to_have_count(1)
