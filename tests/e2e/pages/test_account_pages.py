"""One's own account and logging in, in a real browser: what its owner changes, sees and ends there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(120)
PASSWORD = "a long enough password"
ANOTHER = "quite another long one"


def sign_in(page: Page, platform: Platform, email: str, password: str = PASSWORD) -> None:
    """With the keyboard alone: no field needs a pointer, and their order is that of the page."""
    page.goto(f"{platform.url}/sign-in")
    enter(page, email, password)


def enter(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fills in the form that the page shows."""
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def open_account(page: Page, name: str, section: str) -> None:
    """By the menu in the header, and the navigation beside the page."""
    page.get_by_role("button", name=f"Account of {name}").click()
    page.get_by_role("menuitem", name="Your account").click()
    page.get_by_role("navigation", name="Your account").get_by_role("link", name=section).click()
    page.get_by_role("heading", name=section, level=1).wait_for()


def test_an_owner_changes_name_language_address_and_takes_their_data_and_the_account_away(
    person: Callable[..., Person], platform: Platform
) -> None:
    someone = person("Ada")
    someone.register()
    page = someone.page
    open_account(page, "Ada", "Profile")
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_role("button", name="English", exact=False).last.click()
    page.get_by_role("option", name="Deutsch").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Konto von Ada Lovelace").wait_for()
    page.get_by_role("button", name="Sprache").first.click()
    page.get_by_role("menuitemradio", name="English").click()

    page.get_by_role("button", name="Change address").click()
    page.get_by_label("New e-mail address").fill(f"lovelace-{id(someone)}@example.test")
    page.get_by_role("form", name="Change address").get_by_role("button", name="Change address").click()
    page.get_by_text(f"Your address is lovelace-{id(someone)}@example.test now").wait_for()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download a copy").click()
    copy = json.loads(Path(download.value.path()).read_text())
    assert copy["account"]["account"]["display_name"] == "Ada Lovelace"
    assert copy["meetings"] == []

    page.get_by_role("button", name="Delete account…").click()
    page.get_by_label(re.compile("to confirm")).fill("somebody@example.test")
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_text("This is not the address of your account").wait_for()
    page.get_by_label(re.compile("to confirm")).fill(f"lovelace-{id(someone)}@example.test")
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_text("Your account was deleted").wait_for()
    sign_in(page, platform, f"lovelace-{id(someone)}@example.test")
    page.get_by_role("alert").get_by_text("is not right").wait_for()


def test_a_session_is_ended_from_another_browser_and_a_new_password_ends_the_rest(
    person: Callable[..., Person], platform: Platform
) -> None:
    here, there = person("Grace"), person("Grace", phone=True)
    email = f"grace-{id(here)}@example.test"
    here.register()
    sign_in(there.page, platform, email)
    there.page.get_by_text("Hello, Grace").wait_for()

    open_account(here.page, "Grace", "Sessions")
    rows = here.page.get_by_role("list", name="Sessions").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("This device")
    rows.nth(1).get_by_role("button", name=re.compile("^Sign out")).click()
    expect(rows).to_have_count(1)
    there.page.get_by_role("button", name="Account of Grace").click()
    there.page.get_by_role("menuitem", name="Your account").click()
    there.page.get_by_role("link", name="Sessions").click()
    there.page.wait_for_url("**/sign-in?next=%2Faccount*")
    expect(there.page.get_by_role("status").filter(has_text="You have been signed out")).to_be_visible()
    enter(there.page, email)
    there.page.wait_for_url("**/account/sessions")
    there.page.reload()
    there.page.wait_for_url("**/account/sessions")
    here.page.get_by_role("link", name="Security").click()
    here.page.get_by_role("button", name="Change password").click()
    here.page.get_by_label("Current password").fill(PASSWORD)
    here.page.get_by_label("New password").fill("password123")
    here.page.get_by_role("button", name="Save").click()
    here.page.get_by_text("among those that are guessed first").wait_for()
    here.page.get_by_label("New password").fill(ANOTHER)
    here.page.get_by_role("button", name="Save").click()
    here.page.get_by_text("Your password was changed").wait_for()
    there.page.goto(f"{platform.url}/account/sessions")
    there.page.wait_for_url("**/sign-in?next=*")
    expect(there.page.get_by_text("You have been signed out")).to_be_visible()
    there.page.reload()
    there.page.get_by_label("E-mail address").wait_for()
    expect(there.page.get_by_text("You have been signed out")).to_have_count(0)
    sign_in(there.page, platform, email, ANOTHER)
    there.page.get_by_text("Hello, Grace").wait_for()


def test_whoever_was_given_a_password_chooses_their_own_before_they_come_in(
    person: Callable[..., Person], platform: Platform
) -> None:
    boss, someone = person("boss"), person("Joan")
    boss.page.goto(f"{platform.url}/sign-in")
    boss.page.get_by_role("button", name="Continue with Example").click()
    boss.page.locator("[name=login]").fill("boss@example.org")
    boss.page.locator("[name=password]").fill("any")
    boss.page.get_by_role("button", name="Sign-in").click()
    boss.page.get_by_role("button", name="Continue").click()
    boss.page.get_by_text("Hello, boss").wait_for()
    token = boss.page.evaluate(
        """async () => (await (await fetch("/v1/auth/refresh", { method: "POST", body: "{}",
          headers: { "Content-Type": "application/json" } })).json()).access_token"""
    )
    body = {"email": "joan@example.test", "display_name": "Joan", "password": "given by the boss"}
    made = httpx.post(f"{platform.url}/v1/auth/users", json=body, headers={"Authorization": f"Bearer {token}"})
    assert made.status_code == 201, made.text

    page = someone.page
    sign_in(page, platform, "joan@example.test", "given by the boss")
    page.get_by_role("heading", name="Choose a password of your own").wait_for()
    expect(page.get_by_label("New password")).to_be_focused()
    page.keyboard.type("given by the boss")
    page.keyboard.press("Enter")
    page.get_by_text("Choose another one").wait_for()
    page.get_by_label("New password").fill(ANOTHER)
    page.keyboard.press("Enter")
    page.get_by_text("Hello, Joan").wait_for()

    suspended = httpx.post(
        f"{platform.url}/v1/auth/users/{made.json()['id']}/suspend", headers={"Authorization": f"Bearer {token}"}
    )
    assert suspended.status_code == 200, suspended.text
    sign_in(page, platform, "joan@example.test", ANOTHER)
    page.get_by_role("alert").get_by_text("Your account is suspended").wait_for()


def test_an_account_elsewhere_is_connected_and_disconnected(person: Callable[..., Person], platform: Platform) -> None:
    someone = person("Emmy")
    someone.register()
    page = someone.page
    open_account(page, "Emmy", "Connected accounts")
    page.get_by_role("button", name="Connect Example").click()
    page.locator("[name=login]").fill("emmy@example.net")
    page.locator("[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Example is connected").wait_for()
    page.get_by_text("emmy@example.net").wait_for()
    page.get_by_role("button", name="Disconnect Example").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Disconnect").click()
    page.get_by_text("Nothing is connected yet").wait_for()


def test_guessing_is_told_how_long_to_wait(person: Callable[..., Person], platform: Platform) -> None:
    page = person("Mallory").page
    page.goto(f"{platform.url}/sign-in")
    page.get_by_label("E-mail address").fill("victim@example.test")
    page.get_by_label("Password", exact=True).fill("a guess")
    slowed = page.get_by_role("alert").get_by_text("Too many attempts")
    wrong = page.get_by_role("alert").get_by_text("is not right")
    for _ in range(8):
        with page.expect_response("**/v1/auth/login") as answer:
            page.get_by_role("button", name="Sign in", exact=True).click()
        if answer.value.status == 429:
            break
        wrong.wait_for()
    slowed.wait_for()
    page.get_by_text("You can try again now").wait_for()
