"""The organisation's settings in a real browser: what new meetings are like, and how long is kept what they leave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages.test_accessibility import violations
from tests.e2e.pages.test_admin_pages import open_section
from tests.e2e.person import PATIENCE_MS, Person

pytestmark = pytest.mark.timeout(180)
MakePerson = Callable[..., Person]
MOST = "Most participants"
HISTORY = "Days of chat, notes, attendance and polls"


@pytest.fixture
def settings(boss: Person) -> Iterator[Locator]:
    """The form, for an administrator. Afterwards everything is as it was: other tests make meetings, too."""
    open_section(boss.page, "Organisation")
    form = boss.page.get_by_role("form", name="Organisation settings")
    form.wait_for()
    yield form
    boss.page.reload()
    form.wait_for()
    form.get_by_label(MOST).fill("")
    form.get_by_label(HISTORY).fill("")
    for name in ("Microphones are off when people come in", "1 day before"):
        box = form.get_by_role("switch", name=name).or_(form.get_by_role("checkbox", name=name))
        if box.is_checked():
            form.get_by_text(name).click()
    save(boss.page)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The settings are changed").first.wait_for()


def test_new_meetings_are_as_the_organisation_says(settings: Locator) -> None:
    page = settings.page
    settings.get_by_label(MOST).fill("1")
    settings.get_by_label(HISTORY).fill("4000")
    page.get_by_role("button", name="Save").click()
    settings.get_by_text("A number from 2 to 2000.").wait_for()
    settings.get_by_text("A number from 1 to 3650.").wait_for()
    settings.get_by_label(MOST).fill("42")
    settings.get_by_label(HISTORY).fill("400")
    settings.get_by_text("Microphones are off when people come in").click()
    settings.get_by_text("1 day before").click()
    save(page)
    page.reload()
    settings.wait_for()
    expect(settings.get_by_label(MOST)).to_have_value("42")
    expect(settings.get_by_label(HISTORY)).to_have_value("400")
    expect(settings.get_by_role("checkbox", name="1 day before")).to_be_checked()

    page.goto(re.sub(r"/admin.*", "/meetings/new", page.url))
    page.get_by_label(MOST).wait_for()
    expect(page.get_by_label(MOST)).to_have_value("42")
    expect(page.get_by_role("switch", name="Microphones are off when people come in")).to_be_checked()
    expect(page.get_by_role("checkbox", name="1 day before")).to_be_checked()
    page.go_back()
    settings.wait_for()


def test_what_another_administrator_has_changed_meanwhile_is_told(settings: Locator) -> None:
    page = settings.page
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label(HISTORY).fill("30", timeout=PATIENCE_MS)
    save(other)
    other.close()

    settings.get_by_label(MOST).fill("7")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Somebody else has changed these settings meanwhile").wait_for()
    page.get_by_role("button", name="Show them as they are now").click()
    expect(settings.get_by_label(HISTORY)).to_have_value("30", timeout=PATIENCE_MS)
    expect(settings.get_by_label(MOST)).to_have_value("")
    settings.get_by_label(MOST).fill("7")
    save(page)


def test_the_settings_have_no_barriers(settings: Locator) -> None:
    assert violations(settings.page, "organisation") == []
