"""What axe-core finds on the pages: nothing, light and dark, on desktop and phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.person import Person
from tests.platform_process import ROOT, Platform

pytestmark = pytest.mark.timeout(240)
MakePerson = Callable[..., Person]

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
_RUN = """
async () => {
  // Two pictures later everything has the colours and the size that were just asked for.
  for (let picture = 0; picture < 2; picture += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
  const { violations } = await axe.run({ exclude: ["[data-live-announcer]"] }, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}\\n${node.failureSummary}`));
}
"""
"""But for React Aria's announcer, which says once what something was called that may be gone."""
_WAYS = [("light", 1280, 800), ("dark", 390, 844)]


def violations(page: Page, where: str) -> list[str]:
    """What axe-core finds on what is shown, with its place."""
    found: list[str] = []
    for scheme, width, height in _WAYS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": height})
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE.read_text())
        answer: list[str] = page.evaluate(_RUN)
        found += [f"{where}, {scheme}: {each}" for each in answer]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})
    return found


def look(page: Page, platform: Platform, places: dict[str, str]) -> list[str]:
    """Opens each path, waits for its heading, and looks."""
    found: list[str] = []
    for path, heading in places.items():
        page.goto(platform.url + path)
        page.get_by_role("heading", name=heading).first.wait_for()
        found += violations(page, path)
    return found


def test_pages_for_everybody_have_no_barriers(person: MakePerson, platform: Platform) -> None:
    places = {
        "/": "Meet in your browser",
        "/sign-in": "Meet in your browser",
        "/register": "Meet in your browser",
        "/forgotten-password": "Forgotten password",
        "/nowhere": "There is nothing here",
        "/m/abc-defg-hjk": "This meeting does not exist",
    }
    page = person("Ada").page
    found = look(page, platform, places)
    # Of the references a few entries: one module makes all, and axe-core takes half a minute for each.
    for service, word in {"auth": "passkey", "meetings": "webhook"}.items():
        page.goto(f"{platform.url}/v1/{service}/reference")
        page.get_by_label("Filter").fill(word)
        page.get_by_role("status").get_by_text(" of ").wait_for()
        page.evaluate("() => document.querySelectorAll('[hidden]').forEach((element) => element.remove())")
        found += violations(page, f"{service}'s reference")
    assert found == []


def test_ones_own_pages_have_no_barriers(person: MakePerson, platform: Platform) -> None:
    ada = person("Ada")
    ada.register()
    link = ada.create_meeting("Weekly planning")
    places = {
        "/": "Your meetings",
        "/meetings/new": "Schedule a meeting",
        "/meetings/abcd-efgh-jkmn": "This meeting does not exist",
        "/?list=past": "Your meetings",
        "/?list=hosted": "Your meetings",
        "/?list=invited": "Your meetings",
        "/recordings": "Recordings",
        "/recordings/rec_none": "This recording does not exist",
        "/account/profile": "Profile",
        "/account/security": "Security",
        "/account/sessions": "Sessions",
        "/account/connections": "Connected accounts",
        "/account/calendar": "Calendar and mails",
        "/live": "Live meetings",
        "/admin": "This is for administrators",
    }
    found = look(ada.page, platform, places)
    ada.page.goto(link.replace("/m/", "/meetings/"))
    ada.page.get_by_text("Nobody is invited yet").wait_for()
    found += violations(ada.page, "a meeting's page")
    ada.page.get_by_role("link", name="Change", exact=True).click()
    ada.page.get_by_label("Description").wait_for()
    found += violations(ada.page, "changing a meeting")
    assert found == []


def test_a_meeting_and_what_it_leaves_behind_have_no_barriers(person: MakePerson) -> None:
    ada = person("Ada")
    ada.register()
    link = ada.create_meeting("Weekly planning")
    ada.open(link)
    ada.page.get_by_role("button", name="Join now").wait_for()
    found = violations(ada.page, "before a meeting")
    ada.join(link)
    write_notes(ada, "Most of this is taken out again, and those who run the meeting read it all the same.")
    found += violations(ada.page, "in a meeting's notes")
    ada.page.get_by_role("button", name="Close").click()
    found += violations(ada.page, "in a meeting")
    ada.press("Chat")
    found += violations(ada.page, "in a meeting's chat")
    ada.leave()
    awaits_kept_notes(ada, link)
    ada.join(link, camera=False)
    write_notes(ada, "Short.")
    ada.page.get_by_role("button", name="Close").click()
    ada.end_for_everyone()
    ada.sees_heading("The meeting has ended")
    assert found + looks_back(ada, link) == []


def write_notes(someone: Person, text: str) -> None:
    """Opens the notes, and has them say this and nothing else."""
    someone.press("More")
    someone.page.get_by_role("menuitem", name="Shared notes").click()
    someone.page.get_by_role("textbox", name="The shared notes").fill(text)
    someone.page.get_by_text("All is saved").wait_for()


def awaits_kept_notes(someone: Person, link: str) -> None:
    """Waits until the history has the notes, which is half a minute after they were written at the latest."""
    page = someone.page
    page.goto(link.replace("/m/", "/meetings/") + "/sessions/1/notes")
    for _ in range(60):
        notes, nothing = page.get_by_role("region", name="Notes"), page.get_by_text("Nothing was noted")
        notes.or_(nothing).wait_for()
        if notes.is_visible():
            return
        page.wait_for_timeout(1_000)  # between two questions
        page.reload()
    raise AssertionError("the notes were not kept")


def looks_back(host: Person, link: str) -> list[str]:
    """What axe-core finds on what a meeting has left behind, earlier notes among it."""
    page = host.page
    host.look_back(link)
    page.get_by_role("table").wait_for()
    found = violations(page, "who was there")
    page.get_by_role("link", name="Notes", exact=True).click()
    expect(page.get_by_role("region", name="Notes", exact=True)).to_have_text("Short.")
    expect(page.get_by_role("region", name="Earlier text")).to_contain_text("taken out again")
    return found + violations(page, "the notes of a meeting")


def test_what_is_prepared_has_no_barriers(person: MakePerson) -> None:
    ada = person("Ada")
    ada.register()
    link, page = ada.create_meeting("Weekly planning"), ada.page
    page.goto(link.replace("/m/", "/meetings/"))
    page.get_by_role("button", name="Prepare a poll").click()
    found = violations(page, "preparing a poll")
    ada.writes_poll("Shall we go on?", "Yes", "No")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("list", name="Prepared polls").wait_for()
    page.get_by_role("button", name="Plan breakout rooms").click()
    page.get_by_role("textbox", name="Room 2").wait_for()
    found += violations(page, "planning breakout rooms")
    ada.screenshot("planning-breakouts-desktop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("list", name="Planned breakout rooms").wait_for()
    found += violations(page, "what is prepared")
    ada.screenshot("prepared-desktop")
    ada.join(link)
    ada.press("Polls")
    page.get_by_role("button", name="Ask everybody: Shall we go on?").wait_for()
    found += violations(page, "in a meeting's polls")
    ada.screenshot("prepared-polls-desktop")
    ada.press("More")
    page.get_by_role("menuitem", name="Breakout rooms").click()
    page.get_by_role("button", name="Open the planned rooms").wait_for()
    found += violations(page, "in a meeting's breakout rooms")
    ada.screenshot("planned-breakouts-desktop")
    assert found == []


def test_the_administrators_pages_have_no_barriers(boss: Person, platform: Platform) -> None:
    page = boss.page
    places = {
        "/admin/users": "Users",
        "/admin/service-accounts": "Service accounts",
        "/admin/audit": "Audit log",
        "/admin/audit/meetings": "Audit log",
        "/admin/usage": "Usage",
        "/admin/facts": "Set aside",
        "/live": "Live meetings",
    }
    found = look(page, platform, places)
    page.goto(f"{platform.url}/admin/users")
    page.get_by_role("link", name="boss").click()
    page.get_by_role("list", name="Sessions").wait_for()
    found += violations(page, "a user")
    for path, button in {"/admin/users": "New user", "/admin/service-accounts": "New service account"}.items():
        page.goto(platform.url + path)
        page.get_by_role("button", name=button).click()
        page.get_by_role("dialog", name=button).wait_for()
        found += violations(page, button)
    assert found == []


def test_axe_finds_barriers_where_there_are_some(person: MakePerson, platform: Platform) -> None:
    page: Any = person("Ada").page
    page.goto(platform.url)
    page.get_by_role("heading", name="Meet in your browser").wait_for()
    page.evaluate("() => document.querySelector('main').insertAdjacentHTML('beforeend', '<input><img src=data:,>')")
    assert {each.split(": ")[1] for each in violations(page, "/")} >= {"label", "image-alt"}
