"""Shared notes in the page: two people write at once, a host locks them, and they are read afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.person import Person

pytestmark = pytest.mark.timeout(240)


def notes_of(someone: Person) -> Locator:
    return someone.page.get_by_role("textbox", name="The shared notes")


def open_notes(someone: Person) -> None:
    someone.press("More")
    someone.page.get_by_role("menuitem", name="Shared notes").click()


def _lets_write(host: Person, guest: Person) -> None:
    """Guests read the notes alone, until a host lets one of them write."""
    expect(guest.page.get_by_text("You may read the notes, not write in them.")).to_be_visible()
    expect(notes_of(guest)).not_to_be_editable()
    host.press("People")
    host.page.get_by_role("button", name=f"Options for {guest.name}").click()
    host.page.get_by_role("menuitem", name="Let write in the notes").click()
    expect(notes_of(guest)).to_be_editable()
    open_notes(host)


def put_in(someone: Person, text: str) -> None:
    """At the end and at once: a browser's own way of pasting many lines takes it long, and knows a greatest length."""
    notes_of(someone).evaluate(
        "(area, text) => { area.value += text; area.dispatchEvent(new Event('input', { bubbles: true })); }", text
    )


def saved(someone: Person) -> None:
    expect(someone.page.get_by_text("All is saved")).to_be_visible()


def test_two_people_write_notes_together_and_one_reads_them_later(person: Callable[..., Person]) -> None:
    ada, ben = person("Ada"), person("Ben", phone=True)
    ada.register()
    link = ada.create_meeting("Weekly planning")
    for someone in (ada, ben):
        someone.join(link, camera=False)
        open_notes(someone)
    notes_of(ada).press_sequentially("Agenda\n- budget\n")
    expect(notes_of(ben)).to_have_value("Agenda\n- budget\n")
    _lets_write(ada, ben)

    # Each goes on where they are, however the other's words push them about.
    notes_of(ada).press("Control+Home")
    notes_of(ben).press("Control+End")
    for word in ("Weekly ", "planning: "):
        notes_of(ada).press_sequentially(word)
        notes_of(ben).press_sequentially(f"- {word.strip(' :')} \N{ROCKET}\n")
    whole = "Weekly planning: Agenda\n- budget\n- Weekly \N{ROCKET}\n- planning \N{ROCKET}\n"
    for someone in (ada, ben):
        expect(notes_of(someone)).to_have_value(whole)
        saved(someone)
    ada.screenshot("notes-desktop")
    ben.screenshot("notes-phone")

    ada.page.get_by_text("Participants may write in the shared notes").click()
    expect(ben.page.get_by_text("The notes are locked")).to_be_visible()
    expect(notes_of(ben)).not_to_be_editable()
    ben.screenshot("notes-locked-phone")
    notes_of(ada).press("Control+End")
    notes_of(ada).press_sequentially("Done.")
    expect(notes_of(ben)).to_have_value(f"{whole}Done.")
    saved(ada)

    ada.page.get_by_role("button", name="Close").click()
    ada.end_for_everyone()
    ada.sees_heading("The meeting has ended")
    _reads_later(ada, link, f"{whole}Done.")


def test_a_long_text_arrives_whole_and_what_is_too_much_can_be_copied(person: Callable[..., Person]) -> None:
    ada, ben = person("Ada"), person("Ben", phone=True)
    ada.register()
    link = ada.create_meeting("Minutes")
    for someone in (ada, ben):
        someone.join(link, camera=False)
        someone.press("More")
        someone.page.get_by_role("menuitem", name="Shared notes").click()
    long = "".join(f"{number:04} \N{ROCKET}\n" for number in range(1_600))
    put_in(ada, long)
    expect(notes_of(ben)).to_have_value(long)
    saved(ada)

    # No more than fits can be typed or pasted: but others may have been faster.
    put_in(ada, "y" * 20_000)
    kept = ada.page.get_by_role("textbox", name="What was not taken into the notes")
    expect(kept).to_have_value("y" * 20_000)
    expect(ada.page.get_by_role("alert").get_by_text("The notes are full")).to_be_visible()
    expect(notes_of(ada)).to_have_value(long)
    notes_of(ada).press("Control+End")
    notes_of(ada).press_sequentially("Done.")
    expect(notes_of(ben)).to_have_value(f"{long}Done.")
    expect(kept).to_have_value("y" * 20_000)
    ada.screenshot("notes-taken-back-desktop")
    ada.press("Discard it")
    expect(kept).to_have_count(0)


def _reads_later(host: Person, link: str, whole: str) -> None:
    page = host.page
    host.look_back(link)
    page.get_by_role("link", name="Notes", exact=True).click()
    expect(page.get_by_role("region", name="Notes")).to_have_text(whole)
    host.screenshot("notes-history-desktop")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as text").click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == whole
