"""What the invited answer in the page: on the start page, and on the meeting's own, to all of it or to one time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages.test_accessibility import violations
from tests.e2e.pages.test_meeting_pages import api_of, make
from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(240)
MakePerson = Callable[..., Person]


def say(place: Page | Locator, page: Page, answer: str) -> None:
    """Opens the answer that stands in a row, and gives another one."""
    place.get_by_role("button", name=re.compile("your answer to")).click()
    page.get_by_role("menuitemradio", name=answer).click()


def test_the_invited_answer_to_a_series_and_to_one_time_of_it(person: MakePerson, platform: Platform) -> None:
    ada, ben = person("Ada"), person("Ben")
    ada.register()
    ben.register()
    page = ben.page
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    tomorrow = (datetime.now(ZoneInfo(zone)) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    schedule = {"start": f"{tomorrow:%Y-%m-%dT%H:%M:%S}", "time_zone": zone, "duration_minutes": 30}
    with api_of(ada.page, platform) as host, api_of(page, platform) as guest:
        meeting = make(host, title="Stand-up", schedule={**schedule, "rule": "FREQ=DAILY;COUNT=7"})["id"]
        me = guest.get("/v1/auth/me").json()["id"]
        invitees = f"/v1/meetings/{meeting}/invitees"
        assert host.post(invitees, json={"user_id": me, "name": "Ben"}).status_code == 200

        page.reload()
        rows = page.get_by_role("listitem").filter(has_text="Stand-up")
        expect(rows.nth(0)).to_contain_text("Not answered")
        say(rows.nth(0), page, "Decline")
        expect(rows.nth(0)).to_contain_text("Declined")
        expect(rows.nth(1)).to_contain_text("Not answered")
        # The row shows the answer before the service has it.
        page.get_by_text("Your answer is sent").wait_for()
        ben.screenshot("answers-start-page-desktop")

        page.goto(f"{platform.url}/meetings/{meeting}")
        page.get_by_text("You have not answered yet.").wait_for()
        times = page.get_by_role("list", name="Next times").get_by_role("listitem")
        expect(times).to_have_count(5)
        expect(times.nth(0)).to_contain_text("Declined")
        expect(times.get_by_role("button", name=re.compile("^(Change|Cancel) "))).to_have_count(0)
        page.get_by_role("button", name="Accept", exact=True).click()
        page.get_by_text("You have accepted.").wait_for()
        expect(times.filter(has_text="Accepted")).to_have_count(5)
        say(times.nth(2), page, "Maybe")
        expect(times.nth(2)).to_contain_text("Maybe")
        expect(times.filter(has_text="Accepted")).to_have_count(4)
        assert violations(page, "an invited person's meeting") == []
        ben.screenshot("answers-meeting-desktop")
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=ben._artefacts / "answers-meeting-phone.png", full_page=True)
        page.goto(platform.url)
        expect(rows.nth(2)).to_contain_text("Maybe")
        ben.screenshot("answers-start-page-phone")

        [told] = host.get(invitees).json()["items"]
        assert told["answer"] == "accepted"
        assert [each["answer"] for each in told["occurrence_answers"]] == ["tentative"]
