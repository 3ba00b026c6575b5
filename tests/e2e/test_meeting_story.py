"""A meeting from its plan to what remains of it, as its host and somebody with a mail see it."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.doubles.mailed_invitation import html_in, mail_to
from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(240)


def test_a_meeting_is_planned_answered_to_held_and_looked_back_at(
    person: Callable[..., Person], platform: Platform
) -> None:
    ada, ben = person("Ada"), person("Ben", phone=True)
    ada.register()
    address = f"ben-{secrets.token_hex(4)}@example.test"
    link = _plan(ada, "Review", address)
    invited = ada.page.get_by_role("list", name="Invited people").get_by_role("listitem")
    expect(invited).to_contain_text("Not answered")
    ada.page.get_by_role("button", name="Prepare a poll").click()
    ada.writes_poll("Shall we go on?", "Yes", "No")
    ada.page.get_by_role("button", name="Save").click()
    prepared = ada.page.get_by_role("list", name="Prepared polls").get_by_role("listitem")
    expect(prepared).to_contain_text("Shall we go on?")

    # The mail as a mail program shows it; what is pressed there is the mail's own link.
    ben.page.set_content(html_in(mail_to(platform, address)))
    ben.page.get_by_role("link", name="Yes", exact=True).click()
    ben.sees_heading("Review")
    ben.page.get_by_role("button", name="Accept").click()
    expect(ben.page.get_by_role("status")).to_have_text("You have accepted.")
    ada.page.reload()
    expect(invited).to_contain_text("Accepted")

    ada.join(link)
    ben.page.get_by_role("link", name="Open the meeting").click()
    ben.knock()
    ada.press("People")
    ada.page.get_by_role("button", name="Let Ben in").click()
    ada.sees_picture("Ben")
    ben.sees_picture("Ada")

    ben.press("Chat")
    ben.write("Here I am")
    ada.press("Chat")
    expect(ada.page.get_by_role("log").get_by_text("Here I am")).to_be_visible()
    ben.page.get_by_role("button", name="Close").click()
    ada.press("Polls")
    ada.page.get_by_role("button", name="Ask everybody: Shall we go on?").click()
    ben.press("Polls")
    ben.page.get_by_role("button", name="Yes: 0 votes").click()
    expect(ada.page.get_by_role("button", name="Yes: 1 vote")).to_be_visible()
    ada.end_for_everyone()
    for someone in (ada, ben):
        someone.sees_heading("The meeting has ended")

    _look_back(ada, link)


def _plan(host: Person, title: str, address: str) -> str:
    """Plans a meeting for the next half hour, whose guests wait, with one who is invited; its link."""
    page = host.page
    page.get_by_role("link", name="Schedule", exact=True).click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Waiting room").click()
    page.get_by_role("option", name="Guests wait to be let in").click()
    page.get_by_role("button", name="Schedule meeting").click()
    host.sees_heading(title)
    return page.url.replace("/meetings/", "/m/")


def _look_back(host: Person, link: str) -> None:
    """What the meeting's page has of the time that people met: who was there, what was written, what was asked."""
    page = host.page
    host.look_back(link)
    rows = page.get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="Ada")).to_contain_text("Host")
    expect(rows.filter(has_text="Ben")).to_contain_text("Guest")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    people = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    told = [(each["name"], each["guest"], each["role"]) for each in people]
    assert sorted(told) == [("Ada", "no", "host"), ("Ben", "yes", "guest")]
    assert all(each["joined_at"] < each["left_at"] for each in people), people
    page.get_by_role("link", name="Chat").click()
    expect(page.get_by_role("list", name="Chat").get_by_role("listitem")).to_contain_text("Here I am")
    page.get_by_role("link", name="The meeting").click()
    page.get_by_role("list", name="Prepared polls").get_by_role("link", name="Asked").click()
    host.sees_heading("Shall we go on?")
    page.get_by_text("1 person voted").wait_for()
