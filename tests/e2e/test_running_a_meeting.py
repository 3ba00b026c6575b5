"""What hosts do with a meeting in the page, and what the others see of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.person import Person

MakePerson = Callable[..., Person]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def host(person: MakePerson) -> Person:
    ada = person("Ada")
    ada.register()
    return ada


@pytest.fixture
def link(host: Person) -> str:
    return host.create_meeting("Weekly planning")


def test_a_guest_waits_in_the_lobby_and_is_let_in(host: Person, link: str, person: MakePerson) -> None:
    guest, other = person("Ben"), person("Cleo", phone=True)
    host.join(link)
    host.press("People")
    host.page.get_by_role("button", name="Host controls").click()
    host.page.get_by_text("Newcomers wait in the lobby").click()
    host.screenshot("host-controls-desktop")
    host.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    guest.knock(link)
    guest.screenshot("lobby-desktop")
    other.knock(link)
    host.page.get_by_role("button", name="Send Cleo away").click()
    other.sees_heading("You were not let in")
    other.screenshot("not-let-in-phone")
    host.page.get_by_role("button", name="Let Ben in").click()
    host.sees_picture("Ben")
    guest.sees_picture("Ada")


def test_hands_polls_and_private_messages(host: Person, link: str, person: MakePerson) -> None:
    ben, cleo = person("Ben"), person("Cleo", phone=True)
    for someone in (host, ben, cleo):
        someone.join(link)
    ben.press("Raise hand")
    cleo.press("Raise hand")
    host.press("People")
    expect(host.page.get_by_role("img", name="Hand raised, number 2")).to_be_visible()
    host.screenshot("raised-hands-desktop")
    host.page.get_by_role("button", name="Options for Ben").click()
    host.page.get_by_role("menuitem", name="Lower hand").click()
    expect(ben.page.get_by_role("button", name="Raise hand")).to_be_visible()
    ben.press("Chat")
    ben.page.get_by_role("button", name="To").click()
    ben.page.get_by_role("option", name="Ada").click()
    ben.write("only for Ada")
    host.press("Chat")
    expect(host.page.get_by_role("log").get_by_text("only for Ada")).to_be_visible()
    host.write("for everyone")
    cleo.press("Chat")
    expect(cleo.page.get_by_role("log").get_by_text("for everyone")).to_be_visible()
    expect(cleo.page.get_by_text("only for Ada")).to_have_count(0)
    cleo.page.get_by_role("button", name="Close").click()
    host.asks("Lunch?", "Now", "Later")
    cleo.press("Polls")
    cleo.page.get_by_role("button", name="Later: 0 votes").click()
    expect(host.page.get_by_role("button", name="Later: 1 vote")).to_be_visible()
    cleo.screenshot("poll-phone")


def test_a_cohost_is_made_and_asks_to_unmute(host: Person, link: str, person: MakePerson) -> None:
    ben, cleo = person("Ben"), person("Cleo")
    for someone in (host, ben, cleo):
        someone.join(link)
    host.press("People")
    host.page.get_by_role("button", name="Options for Ben").click()
    host.page.get_by_role("menuitem", name="Make co-host").click()
    cleo.press("Turn off microphone")
    ben.press("People")
    ben.waits_for_track("Cleo", "microphone", muted=True)
    ben.page.get_by_role("button", name="Options for Cleo").click()
    ben.page.get_by_role("menuitem", name="Ask to unmute").click()
    cleo.page.get_by_role("button", name="Unmute", exact=True).click()
    ben.waits_for_track("Cleo", "microphone", muted=False)
    ben.page.get_by_role("button", name="Options for Cleo").click()
    ben.page.get_by_role("menuitem", name="Spotlight for everybody").click()
    expect(host.tile("Cleo")).to_have_attribute("data-place", "main")


def test_who_joins_at_once_is_seen_and_heard(host: Person, link: str, person: MakePerson) -> None:
    host.join(link)
    guest = person("Ben")
    guest.open(link)
    guest.page.get_by_label("Your name").fill("Ben")
    guest.page.get_by_role("button", name="Join now").click()
    host.sees_picture("Ben")
    host.hears("Ben")


def test_the_device_menus_show_each_kind_its_own(host: Person, link: str) -> None:
    host.join(link)
    host.press("More")
    devices = host.page.evaluate(
        "navigator.mediaDevices.enumerateDevices().then((all) => all.map((one) => [one.kind, one.label]))"
    )
    for title, kind in (("Microphone", "audioinput"), ("Camera", "videoinput"), ("Speaker", "audiooutput")):
        section = host.page.get_by_role("group", name=title, exact=True)
        shown = section.get_by_role("menuitemradio").all_text_contents()
        labels = {label for each, label in devices if each == kind}
        assert labels <= set(shown), (title, shown, labels)
        assert not set(shown) & {label for each, label in devices if each != kind} - labels


def test_a_meeting_that_ended_meanwhile_says_so(host: Person, link: str, person: MakePerson) -> None:
    host.join(link)
    guest = person("Ben")
    guest.open(link)
    guest.page.get_by_label("Your name").fill("Ben")
    host.end_for_everyone()
    host.sees_heading("The meeting has ended")
    guest.page.get_by_role("button", name="Join now").click()
    guest.sees_heading("This meeting has ended")


def test_breakout_rooms_part_and_bring_back(host: Person, link: str, person: MakePerson) -> None:
    ben, cleo = person("Ben"), person("Cleo", phone=True)
    host.page.goto(link.replace("/m/", "/meetings/"))
    host.page.get_by_role("button", name="Plan breakout rooms").click()
    host.page.get_by_role("button", name="Save").click()
    expect(host.page.get_by_role("list", name="Planned breakout rooms").get_by_role("listitem")).to_have_count(2)
    for someone in (host, ben, cleo):
        someone.join(link)
    for someone in (ben, cleo):
        someone.sees_picture("Ada")
    host.press("More")
    host.page.get_by_role("menuitem", name="Breakout rooms").click()
    host.page.get_by_role("button", name="Open the planned rooms").click()
    expect(ben.page.get_by_text("You are in Room 1").first).to_be_visible()
    expect(cleo.page.get_by_text("You are in Room 2").first).to_be_visible()
    for name in ("Ada", "Cleo"):
        ben.sees_no_tile(name)
    ben.press("Chat")
    ben.write("only in one")
    host.page.get_by_role("button", name="Go to Room 1").click()
    ben.sees_picture("Ada")
    ben.hears("Ada")
    host.sees_picture("Ben")
    host.page.get_by_label("Message to all rooms").fill("Two minutes")
    host.page.get_by_role("button", name="Send to all rooms").click()
    host.screenshot("breakout-rooms-desktop")
    cleo.press("Chat")
    expect(cleo.page.get_by_role("log").get_by_text("Two minutes")).to_be_visible()
    expect(cleo.page.get_by_text("only in one")).to_have_count(0)
    cleo.page.get_by_role("button", name="Close").click()
    cleo.screenshot("breakout-room-phone")
    host.page.get_by_role("button", name="Close now").click()
    for someone in (host, ben):
        someone.sees_picture("Cleo")
    cleo.sees_picture("Ben")
    cleo.hears("Ben")
