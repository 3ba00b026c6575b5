"""The administrators' pages in a real browser: users, service accounts, the audit log, and who sees none of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages.test_account_pages import open_account
from tests.e2e.pages.test_second_factors import enrol_app
from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(120)
OWN = "quite another long one"
MakePerson = Callable[..., Person]


def open_section(page: Page, name: str) -> None:
    """By the menu in the header, and the navigation beside the page."""
    page.get_by_role("button", name="Account of boss").click()
    page.get_by_role("menuitem", name="Administration").click()
    page.get_by_role("navigation", name="Administration").get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, level=1).wait_for()


def confirm(page: Page, action: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()


def row_of(page: Page, email: str) -> Locator:
    return page.get_by_role("table", name="Users").get_by_role("row").filter(has_text=email)


def test_an_administrator_makes_finds_suspends_and_deletes_a_user(
    boss: Person, person: MakePerson, platform: Platform
) -> None:
    page, email = boss.page, f"hopper-{id(boss)}@example.test"
    open_section(page, "Users")
    page.get_by_role("button", name="New user").click()
    page.get_by_label("Name", exact=True).fill("Grace Hopper")
    page.get_by_label("E-mail address").fill(email)
    given = page.get_by_label("First password").input_value()
    page.get_by_role("button", name="Create user").click()
    page.get_by_role("dialog", name="Grace Hopper has an account").get_by_text(given).wait_for()
    page.get_by_role("button", name="Done", exact=True).click()

    page.get_by_label("Search by name or address").fill(f"-{id(boss)}@")
    expect(page.get_by_role("status").get_by_text("1 user", exact=True)).to_be_visible()
    expect(row_of(page, email)).to_contain_text("Invited")
    page.get_by_role("link", name="Grace Hopper").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Grace Hopper", level=1).wait_for()
    page.get_by_label("Name", exact=True).fill("Grace B. Hopper")
    page.get_by_role("button", name="Role").click()
    page.get_by_role("option", name="Organiser").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Grace B. Hopper", level=1).wait_for()

    grace = person("Grace")
    grace.sign_in(email, given)
    grace.page.get_by_label("New password").fill(OWN)
    grace.page.keyboard.press("Enter")
    grace.page.get_by_text("Hello, Grace B. Hopper").wait_for()
    page.reload()
    expect(page.get_by_role("list", name="Sessions").get_by_role("listitem")).to_have_count(1)

    page.get_by_role("button", name="Suspend…").click()
    confirm(page, "Suspend")
    page.get_by_text("Cannot sign in").wait_for()
    page.get_by_text("Signed in nowhere").wait_for()
    grace.sign_in(email, OWN)
    grace.page.get_by_role("alert").get_by_text("Your account is suspended").wait_for()
    page.get_by_role("button", name="Let in again").click()
    page.get_by_text("Grace B. Hopper can sign in again").wait_for()
    grace.sign_in(email, OWN)
    grace.page.get_by_text("Hello, Grace B. Hopper").wait_for()

    page.get_by_role("link", name="Events of this account").click()
    events = page.get_by_role("listitem")
    expect(events.filter(has_text="boss suspended Grace B. Hopper")).to_have_count(1)
    expect(events.filter(has_text="boss changed the role of Grace B. Hopper from Member to Organiser")).to_have_count(1)
    page.go_back()
    page.get_by_role("button", name="Delete…").click()
    confirm(page, "Delete account")
    page.get_by_text("The account of Grace B. Hopper is deleted").wait_for()
    grace.sign_in(email, OWN)
    grace.page.get_by_role("alert").get_by_text("is not right").wait_for()


def test_the_audit_log_is_narrowed_and_taken_along(boss: Person, person: MakePerson) -> None:
    ida = person("Ida")
    ida.register()
    page = boss.page
    open_section(page, "Audit log")
    events = page.get_by_role("listitem").filter(has=page.locator("time"))
    kind = page.get_by_role("button", name="Event", exact=False).first
    kind.click()
    page.get_by_role("option", name="Registered", exact=True).click()
    expect(kind).to_be_focused()  # the list gives it back when it has closed, and takes it from whoever types
    expect(events.filter(has_not_text="registered")).to_have_count(0)
    person_filter = page.get_by_role("combobox", name="Person")
    person_filter.press_sequentially(f"ida-{id(ida)}@")
    page.get_by_role("option", name="Ida").click()
    expect(events).to_have_count(1)
    expect(events).to_contain_text("Ida registered")
    events.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(events.get_by_role("link", name="Ida").first).to_be_visible()
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="As CSV").click()
    with Path(download.value.path()).open(newline="") as table:
        entries = list(csv.DictReader(table))
    assert [entry["event"] for entry in entries] == ["registered"]
    page.get_by_role("button", name="Remove all filters").click()
    expect(events.filter(has_text="boss read the audit log").first).to_be_visible()


def test_a_key_is_shown_once_works_and_is_revoked(boss: Person, platform: Platform) -> None:
    page, name = boss.page, f"Calendar {id(boss)}"
    open_section(page, "Service accounts")
    page.get_by_role("button", name="New service account").click()
    page.get_by_role("button", name="Create service account").click()
    expect(page.get_by_text("Choose at least one.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("dialog").get_by_text("Read users").first.click()
    expect(page.get_by_role("checkbox", name="Read users")).to_be_checked()
    page.get_by_role("button", name="Create service account").click()
    page.get_by_role("heading", name=name, level=1).wait_for()
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Create key").click()
    page.get_by_role("button", name="Copy the key").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('parley_')")
    key: str = page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Your new key")).to_be_visible()
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_text(key)).to_have_count(0)

    def exchange() -> httpx.Response:
        grant = {"grant_type": "client_credentials", "client_secret": key}
        return httpx.post(f"{platform.url}/v1/auth/token", data=grant)

    token = exchange().json()["access_token"]
    users = httpx.get(f"{platform.url}/v1/auth/users", headers={"Authorization": f"Bearer {token}"})
    assert users.status_code == 200, users.text
    page.reload()
    expect(page.get_by_role("list", name="API keys")).to_contain_text("Last used")
    page.get_by_role("button", name=re.compile("^Revoke key")).click()
    confirm(page, "Revoke key")
    expect(page.get_by_role("list", name="API keys")).to_contain_text("Revoked")
    assert exchange().json()["code"] == "invalid_client"


def test_members_see_no_administration_and_are_told_so(person: MakePerson, platform: Platform) -> None:
    mia = person("Mia", phone=True)
    mia.register()
    mia.page.get_by_role("button", name="Account of Mia").click()
    mia.page.get_by_role("menuitem", name="Live meetings").wait_for()
    expect(mia.page.get_by_role("menuitem", name="Administration")).to_have_count(0)
    for path in ("/admin", "/admin/users", "/admin/service-accounts/sa_x"):
        mia.open(platform.url + path)
        mia.sees_heading("This is for administrators")


def test_lost_factors_are_reset(boss: Person, person: MakePerson, platform: Platform) -> None:
    lise = person("Lise")
    lise.register()
    open_account(lise.page, "Lise", "Security")
    enrol_app(lise.page)
    page = boss.page
    open_section(page, "Users")
    page.get_by_label("Search by name or address").fill(f"-{id(lise)}@")
    expect(page.get_by_role("status").get_by_text("1 user", exact=True)).to_be_visible()
    page.get_by_role("link", name="Lise").click()
    expect(page.get_by_role("definition").filter(has_text="Authenticator app")).to_be_visible()
    page.get_by_role("button", name="Reset…").click()
    confirm(page, "Reset second factors")
    page.get_by_text("The second factors of Lise are removed").wait_for()
    expect(page.get_by_role("button", name="Reset…")).to_have_count(0)
    page.get_by_text("Signed in nowhere").wait_for()
    lise.sign_in(f"lise-{id(lise)}@example.test", "a long enough password")
    lise.page.get_by_text("Hello, Lise").wait_for()
