"""Looking into a live meeting: the page with graphs, and what people in the meeting are told of connections."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.person import PATIENCE_MS, Person
from tests.platform_process import Platform

MakePerson = Callable[..., Person]

pytestmark = pytest.mark.timeout(240)

_NAMELESS = """
() => [...document.querySelectorAll("button, a, summary, [role=img], table, input")]
  .filter((element) => element.checkVisibility() && !element.closest("[aria-hidden=true]"))
  .filter((element) => {
    const named = element.getAttribute("aria-label") || element.getAttribute("aria-labelledby");
    return !named && !element.textContent.trim() && !(element.labels?.length > 0);
  })
  .map((element) => element.outerHTML.slice(0, 120))
"""
"""What a screen reader could not name."""
_TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _is_usable(page: Page) -> None:
    assert page.evaluate(_NAMELESS) == []
    assert page.evaluate(_TOO_WIDE) <= 0, "nothing lies outside the window"


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("button", name=f"Details of {name}"))


GRAPHS = {
    "Bit rate": r"Sends: .*; Receives: now [\d.]+ [kM]bit.s, .*; Path carries: now [\d.]+ [kM]bit.s, ",
    "Loss": r"Of what is sent: .*; Of what is received: now [\d.]+ ?%, ",
    "Round trip": r"Round trip: now \d+ ms, ",
}
"""By title: what is said of the lines of somebody who watches."""


def _has_all_graphs_of(page: Page, name: str) -> None:
    details = page.get_by_role("region", name=f"Details of {name}")
    for title, lines in GRAPHS.items():
        expect(details.get_by_role("img", name=re.compile(rf"^{title}\. {lines}"))).to_be_visible(timeout=PATIENCE_MS)


def test_a_host_and_administrators_look_into_a_meeting_and_nobody_else_does(
    person: MakePerson, platform: Platform, boss: Person
) -> None:
    ada, ben, eve = person("Ada"), person("Ben"), person("Eve", phone=True)
    ada.register()
    ada.open(f"{platform.url}/live")
    expect(ada.page.get_by_text("Nobody is in a meeting")).to_be_visible()
    ada.open(platform.url)
    link = ada.create_meeting("Weekly planning")
    ben.join(link)
    looking: Any = ada.page.context.new_page()
    looking.set_default_timeout(PATIENCE_MS)
    ada.join(link)
    ben.sees_picture("Ada")

    ben.page.get_by_role("button", name=re.compile("^Connection of Ada: .*Show details$")).click()
    dialog = ben.page.get_by_role("dialog", name="Ada’s connection")
    expect(dialog.get_by_role("row", name=re.compile(r"^Camera VP8 \d.* [kM]bit.s .*\d+ × \d+"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    ben.screenshot("connection-details-desktop")
    ben.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    looking.goto(f"{platform.url}/live")
    looking.get_by_role("link", name="Look into Weekly planning").click()
    room_url = re.compile(r"/live/[a-z-]+$")
    looking.wait_for_url(room_url)
    sends = re.compile(r"Sends [1-9]\d* kbit/s|Sends [\d.]+ Mbit/s")
    expect(_row(looking, "Ben")).to_contain_text(sends)
    looking.get_by_role("button", name="Details of Ben").focus()
    looking.keyboard.press("Enter")
    layers = looking.get_by_role("img", name=re.compile(r"^Ada: Camera\. Sent: now Layer [123]"))
    expect(layers).to_be_visible()
    _has_all_graphs_of(looking, "Ben")
    looking.locator("figure").filter(has=layers).get_by_text("Numbers").click()
    numbers = looking.get_by_role("table", name="Ada: Camera")
    expect(numbers.get_by_role("cell", name=re.compile("Layer [123]")).first).to_be_visible()
    expect(looking.get_by_text(re.compile(r"Receiving: stands, UDP, IPv4"))).to_be_visible()
    _is_usable(looking)
    looking.screenshot(path=str(platform.data / "logs" / "live-meeting-desktop.png"), full_page=True)

    boss.open(looking.url)
    boss.page.get_by_role("button", name="Details of Ben").click()
    _has_all_graphs_of(boss.page, "Ben")

    eve.register()
    eve.open(looking.url)
    eve.sees_heading("This is for others to see")
    _is_usable(eve.page)
