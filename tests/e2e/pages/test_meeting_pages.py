"""Planning meetings and looking after them, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages.test_accessibility import violations
from tests.e2e.person import PATIENCE_MS, Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(240)
MakePerson = Callable[..., Person]


def api_of(page: Page, platform: Platform) -> httpx.Client:
    """The API in the name of who is signed in at a page."""
    token = page.evaluate(
        """async () => (await (await fetch("/v1/auth/refresh", { method: "POST", body: "{}",
          headers: { "Content-Type": "application/json" } })).json()).access_token"""
    )
    return httpx.Client(base_url=platform.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def make(api: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = api.post("/v1/meetings", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def choose(page: Page, label: str, option: str) -> None:
    """Chooses one of a field's list, and waits for the focus, which the list gives back when it has closed."""
    field = page.get_by_role("button", name=label)
    field.click()
    page.get_by_role("option", name=option, exact=True).click()
    expect(field).to_be_focused()


def test_the_start_page_has_what_is_on_to_come_and_past(person: MakePerson, platform: Platform) -> None:
    ada, guest = person("Ada"), person("Gus", phone=True)
    ada.register()
    page = ada.page
    page.get_by_text("Nothing planned").wait_for()

    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    tomorrow = (datetime.now(ZoneInfo(zone)) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    schedule = {"start": f"{tomorrow:%Y-%m-%dT%H:%M:%S}", "time_zone": zone, "duration_minutes": 30}
    with api_of(page, platform) as api:
        make(api, title="Stand-up", schedule={**schedule, "rule": "FREQ=DAILY;COUNT=12"})
    page.reload()
    day = page.get_by_role("region", name="Tomorrow")
    expect(day.get_by_role("listitem")).to_have_count(1)
    expect(day).to_contain_text("9:00")
    expect(page.get_by_role("listitem").filter(has_text="Stand-up")).to_have_count(10)
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("listitem").filter(has_text="Stand-up")).to_have_count(12)

    link = ada.create_meeting("Quick call")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Yours").click()
    expect(page.get_by_role("list", name="Yours").get_by_role("listitem")).to_have_count(2)
    guest.join(link)
    on_now = page.get_by_role("region", name="On now")
    expect(on_now.get_by_role("link", name="Join Quick call")).to_be_visible(timeout=2 * PATIENCE_MS)
    ada.join(link)
    ada.sees_tile("Gus")
    ada.leave()
    page.goto(f"{platform.url}/?list=past")
    expect(page.get_by_role("region", name="Today").get_by_role("listitem")).to_contain_text("Quick call")


def test_a_personal_room_keeps_its_link_until_another_one_is_asked_for(person: MakePerson, platform: Platform) -> None:
    ada = person("Ada")
    ada.register()
    page = ada.page
    page.get_by_role("button", name="Set up your room").click()
    page.get_by_role("button", name="Copy link", exact=True).click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('/m/')")
    link: str = page.evaluate("navigator.clipboard.readText()")
    code = link.rpartition("/")[2]
    page.reload()
    page.get_by_text(code).wait_for()

    page.get_by_role("button", name="Get another link").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Get another link").click()
    page.get_by_text("Your room has another link now").wait_for()
    expect(page.get_by_text(code)).to_have_count(0)

    page.get_by_label("Link or code").fill("nonsense")
    page.get_by_role("button", name="Join", exact=True).click()
    page.get_by_text("neither a meeting link nor a code").wait_for()
    page.get_by_label("Link or code").fill(code)
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_url(re.compile(rf"/m/{code}$"))
    ada.sees_heading("This meeting was cancelled")


def test_a_series_is_planned_in_words_and_people_are_invited(person: MakePerson, platform: Platform) -> None:
    ada = person("Ada")
    ada.register()
    page = ada.page
    page.get_by_role("link", name="Schedule", exact=True).click()
    page.get_by_role("button", name="Schedule meeting").click()
    page.get_by_text("Give the meeting a title").wait_for()
    page.get_by_label("Title").fill("Weekly planning")
    page.get_by_label("Day", exact=True).fill("2035-06-04")  # a Monday
    page.get_by_label("Time", exact=True).fill("09:00")
    choose(page, "Duration", "45 minutes")
    zone = page.get_by_role("combobox", name="Time zone")
    zone.click()  # scrolls to it, which would close an open list
    zone.fill("berlin")
    page.get_by_role("option", name="Europe/Berlin").click()
    zone.press("Tab")  # out of the list, which hides all else as long as it is open
    choose(page, "Repeats", "Custom…")
    page.get_by_text("Wednesday", exact=True).click()
    choose(page, "Ends", "After a number of times")
    page.get_by_label("Times", exact=True).fill("4")
    page.get_by_text("Takes place every week on Monday and Wednesday, 4 times.").wait_for()
    page.get_by_label("E-mail address").fill("bob, carol@example.test")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("bob does not look like an e-mail address").wait_for()
    page.get_by_label("E-mail address").fill("bob@example.test, carol@example.test")
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Passcode").fill("abc")
    page.get_by_role("button", name="Schedule meeting").click()
    page.get_by_text("A passcode has 4 to 32").wait_for()
    page.get_by_label("Passcode").fill("sesame")
    page.get_by_label("Longest time in minutes").fill("90")
    page.get_by_text("1 hour before").click()
    page.get_by_role("button", name="Schedule meeting").click()

    page.get_by_role("heading", name="Weekly planning", level=1).wait_for()
    page.get_by_text("Every week on Monday and Wednesday, 4 times").wait_for()
    page.get_by_text("09:00–09:45").or_(page.get_by_text("9:00–9:45")).wait_for()
    page.get_by_text("sesame").wait_for()
    invited = page.get_by_role("list", name="Invited people").get_by_role("listitem")
    expect(invited).to_have_count(2)
    page.get_by_role("button", name="Options for bob@example.test").click()
    page.get_by_role("menuitem", name="Make co-host").click()
    expect(invited.filter(has_text="Co-host")).to_have_count(1)
    page.get_by_role("button", name="Options for carol@example.test").click()
    page.get_by_role("menuitem", name="Take the invitation back").click()
    expect(invited).to_have_count(1)
    page.get_by_role("link", name="Change", exact=True).click()
    expect(page.get_by_label("Longest time in minutes")).to_have_value("90")
    expect(page.get_by_role("checkbox", name="1 hour before")).to_be_checked()
    expect(page.get_by_role("checkbox", name="1 week before")).not_to_be_checked()


def test_whoever_changes_what_somebody_else_has_changed_is_told(person: MakePerson, platform: Platform) -> None:
    ada = person("Ada")
    ada.register()
    page = ada.page
    schedule = {"start": "2035-06-04T09:00:00", "time_zone": "Europe/Berlin", "duration_minutes": 25}
    with api_of(page, platform) as api:
        rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"
        meeting = make(api, title="Weekly planning", schedule={**schedule, "rule": rule})["id"]
        page.goto(f"{platform.url}/meetings/{meeting}")
        page.get_by_role("link", name="Change", exact=True).click()
        expect(page.get_by_label("Title")).to_have_value("Weekly planning")
        expect(page.get_by_role("checkbox", name="Wednesday")).to_be_checked()
        page.get_by_label("Title").fill("Planning")
        assert api.patch(f"/v1/meetings/{meeting}", json={"description": "Bring numbers"}).status_code == 200
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Somebody else has changed this meeting meanwhile").wait_for()
        page.get_by_role("button", name="Show it as it is now").click()
        expect(page.get_by_label("Description")).to_have_value("Bring numbers")
        page.get_by_label("Title").fill("Planning")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("heading", name="Planning", level=1, exact=True).wait_for()
        page.get_by_text("Bring numbers").wait_for()
        changed = api.get(f"/v1/meetings/{meeting}").json()
        assert changed["schedule"] == {**schedule, "rule": rule, "exceptions": []}


def test_one_time_of_a_series_is_moved_cancelled_and_brought_back(person: MakePerson, platform: Platform) -> None:
    ada = person("Ada")
    ada.register()
    page = ada.page
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    tomorrow = (datetime.now(ZoneInfo(zone)) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    start = f"{tomorrow:%Y-%m-%dT%H:%M:%S}"
    schedule = {"start": start, "time_zone": zone, "duration_minutes": 30, "rule": "FREQ=DAILY;COUNT=8"}
    with api_of(page, platform) as api:
        meeting = make(api, title="Stand-up", schedule=schedule)["id"]
        page.goto(f"{platform.url}/meetings/{meeting}")
        times = page.get_by_role("list", name="Next times").get_by_role("listitem")
        expect(times).to_have_count(5)
        page.get_by_role("button", name="Show more").click()
        expect(times).to_have_count(8)
        expect(page.get_by_role("button", name="Show more")).to_have_count(0)
        times.nth(1).get_by_role("button", name=re.compile("^Cancel")).click()
        page.get_by_role("alertdialog").get_by_role("button", name="Cancel this time").click()
        expect(times.nth(1)).to_contain_text("Cancelled")
        times.nth(0).get_by_role("button", name=re.compile("^Change")).click()
        page.get_by_label("Day, Time").fill(f"{tomorrow:%Y-%m-%d}T10:30")
        page.get_by_label("Title").fill("Late stand-up")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(times.nth(0)).to_contain_text("Late stand-up")
        expect(times.nth(0)).to_contain_text("Moved")
        expect(times).to_have_count(8)
        exceptions = api.get(f"/v1/meetings/{meeting}").json()["schedule"]["exceptions"]
        assert [each["cancelled"] for each in exceptions] == [False, True]
        assert exceptions[0]["start"] == f"{tomorrow:%Y-%m-%d}T10:30:00"
        times.nth(1).get_by_role("button", name=re.compile("after all$")).click()
        expect(times.filter(has_text="Cancelled")).to_have_count(0)
        assert len(api.get(f"/v1/meetings/{meeting}").json()["schedule"]["exceptions"]) == 1


def test_a_host_ends_cancels_and_deletes_a_meeting(person: MakePerson, platform: Platform) -> None:
    ada, gus = person("Ada"), person("Gus")
    ada.register()
    page = ada.page
    link = ada.create_meeting("Quick call")
    gus.join(link)
    page.goto(link.replace("/m/", "/meetings/"))
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete meeting").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete meeting").click()
    page.get_by_text("Somebody is in the meeting. End it first.").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="End for everyone").click()
    page.get_by_role("dialog").get_by_role("button", name="End for everyone").click()
    gus.sees_heading("The meeting has ended")
    expect(page.get_by_role("main").get_by_text("Ended", exact=True)).to_be_visible()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete meeting").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete meeting").click()
    page.get_by_text("The meeting is deleted").wait_for()
    page.wait_for_url(re.compile(r"/$"))
    page.goto(link.replace("/m/", "/meetings/"))
    ada.sees_heading("This meeting does not exist")

    stranger = person("Sam")
    stranger.register()
    with api_of(page, platform) as api:
        meeting = make(api, title="Not for Sam")["id"]
    stranger.page.goto(f"{platform.url}/meetings/{meeting}")
    stranger.sees_heading("Not for Sam")
    expect(stranger.page.get_by_role("link", name="Change", exact=True)).to_have_count(0)
    expect(stranger.page.get_by_text("Invited")).to_have_count(0)


def test_a_host_lets_somebody_back_in_and_gives_the_meeting_away(person: MakePerson, platform: Platform) -> None:
    ada, bob, gus = person("Ada"), person("Bob"), person("Gus")
    for someone in (ada, bob):
        someone.register()
    with api_of(bob.page, platform) as api:
        heir = {"user_id": api.get("/v1/auth/me").json()["id"], "name": "Bob"}
    page = ada.page
    with api_of(page, platform) as api:
        meeting = make(api, title="Workshop")
        assert api.post(f"/v1/meetings/{meeting['id']}/invitees", json=heir).is_success
        gus.join(meeting["join_url"], camera=False)
        expect(gus.page.get_by_role("button", name="Leave")).to_be_visible()
        room = f"/v1/rooms/{meeting['id']}/participants"
        (present,) = api.get(room).json()["items"]
        assert api.post(f"{room}/{present['id']}/remove", json={}).status_code == 204
    gus.sees_heading("You were removed from the meeting")
    page.wait_for_function(
        "async (path) => (await (await fetch(path)).json()).status === 'ended'", arg=f"/v1/meetings/{meeting['id']}"
    )

    page.goto(f"{platform.url}/meetings/{meeting['id']}")
    removed = page.get_by_role("list", name="Removed for good")
    expect(removed).to_contain_text("Gus")
    removed.get_by_role("button", name="Let Gus back in").click()
    page.get_by_text("Gus may come back").wait_for()
    expect(removed).to_have_count(0)
    gus.open(meeting["join_url"])
    gus.page.get_by_role("button", name="Join now").click()
    expect(gus.page.get_by_role("button", name="Leave")).to_be_visible()

    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Give to somebody else").click()
    give = page.get_by_role("dialog").get_by_role("button", name="Give the meeting")
    expect(give).to_be_disabled()
    choose(page, "New host", "Bob")
    assert violations(page, "giving a meeting away") == []
    give.click()
    page.get_by_text("Bob hosts the meeting now").wait_for()
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem", name="Cancel meeting")).to_have_count(0)
    bob.page.goto(f"{platform.url}/meetings/{meeting['id']}")
    bob.page.get_by_role("button", name="More actions").click()
    expect(bob.page.get_by_role("menuitem", name="Cancel meeting")).to_be_visible()


def test_whoever_was_there_reads_what_was_written_but_not_who_was_there(person: MakePerson, platform: Platform) -> None:
    ada, ben = person("Ada"), person("Ben")
    ada.register()
    ben.register()
    link = ada.create_meeting("Review")
    ada.join(link)
    ben.join(link)
    ben.write("Here I am")
    ada.page.get_by_text("Here I am").first.wait_for()
    ada.end_for_everyone()
    ben.sees_heading("The meeting has ended")

    ben.page.goto(f"{platform.url}/?list=past")
    ben.page.get_by_role("link", name="Open Review").click()
    expect(ben.page.get_by_role("list", name="Chat")).to_contain_text("Here I am")
    expect(ben.page.get_by_role("link", name="Attendance")).to_have_count(0)
