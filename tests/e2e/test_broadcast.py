"""A meeting that is streamed live: its host starts it in the page, and somebody without an account watches it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages.test_accessibility import violations
from tests.e2e.person import PATIENCE_MS, SHOWS_A_PICTURE, Person

pytestmark = pytest.mark.timeout(420)
MakePerson = Callable[..., Person]

BEGUN_MS = 90_000
"""Until a viewer sees a picture: composed, encoded and cut on a busy machine."""
TRIES = 4
GOES_ON = "(from) => document.querySelector('video').currentTime > from + 1"


def menu(host: Person, item: str) -> None:
    host.page.get_by_role("button", name="More", exact=True).click()
    host.page.get_by_role("menuitem", name=item).click()


def begun(host: Person) -> str:
    """Goes live; on a busy machine a broadcaster may take longer to start than a host is left waiting. The link."""
    dialog = host.page.get_by_role("dialog")
    link = dialog.get_by_text(re.compile(r"/watch/[\w-]{22}$"))
    for _ in range(TRIES):
        dialog.get_by_role("button", name="Go live").click()
        with contextlib.suppress(AssertionError):
            expect(link).to_be_visible(timeout=PATIENCE_MS)
            break
    return link.inner_text()


def plays(page: Page) -> None:
    """Its picture moves on, and is not black."""
    expect(page.get_by_role("status", name="The live stream is playing")).to_be_visible(timeout=BEGUN_MS)
    at = page.evaluate("document.querySelector('video').currentTime")
    page.wait_for_function(GOES_ON, arg=at, timeout=BEGUN_MS)
    page.wait_for_function(f"() => ({SHOWS_A_PICTURE})(document.querySelector('video'))", timeout=BEGUN_MS)


def screenshots(person: Person, name: str) -> None:
    for scheme in ("light", "dark"):
        person.page.emulate_media(color_scheme=scheme)
        for kind, width, height in (("phone", 390, 844), ("desktop", 1280, 800)):
            person.page.set_viewport_size({"width": width, "height": height})
            person.screenshot(f"{name}-{kind}-{scheme}")
    person.page.emulate_media(color_scheme="light")


def test_somebody_without_an_account_watches_a_meeting_until_it_is_stopped(person: MakePerson) -> None:
    ada, viewer = person("Ada"), person("Vera")
    ada.register()
    ada.join(ada.create_meeting("Planning the year"))
    menu(ada, "Stream live")
    dialog = ada.page.get_by_role("dialog")
    expect(dialog.get_by_text("A page where it can be watched")).to_be_visible()
    dialog.get_by_role("button", name="Add a service").click()
    dialog.get_by_label("Server address").fill("https://not.example")
    dialog.get_by_role("button", name="Go live").click()
    expect(dialog.get_by_text("As in rtmps://")).to_be_visible()
    assert violations(ada.page, "the form") == []
    screenshots(ada, "broadcast-form")
    dialog.get_by_role("button", name="Remove service 1").click()
    address = begun(ada)
    expect(ada.page.get_by_text("This meeting is streamed live", exact=True)).to_be_attached()
    viewer.page.goto(address)
    plays(viewer.page)
    screenshots(viewer, "watch-live")
    assert violations(viewer.page, "the page to watch") == []
    assert violations(ada.page, "the broadcast's state") == []
    screenshots(ada, "broadcast-status")

    dialog.get_by_role("button", name="Stop streaming").click()
    dialog.get_by_role("button", name="Stop streaming?").click()
    expect(ada.page.get_by_text("This meeting is streamed live", exact=True)).not_to_be_attached()
    expect(viewer.page.get_by_role("heading", name="The live stream has ended")).to_be_visible(timeout=BEGUN_MS)
    assert violations(viewer.page, "its end") == []
    screenshots(viewer, "watch-ended")
    viewer.page.reload()
    expect(viewer.page.get_by_role("heading", name="The live stream has ended")).to_be_visible(timeout=BEGUN_MS)
