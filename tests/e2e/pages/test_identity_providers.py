"""Signing in at a real OpenID provider, in a real browser: from the page, through the provider's pages, and back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(120)


def test_page_sends_people_to_the_provider_and_takes_them_back(
    person: Callable[..., Person], platform: Platform
) -> None:
    someone = person("Ada")
    page = someone.page
    page.goto(f"{platform.url}/sign-in?next=/live")
    page.get_by_role("button", name="Continue with Example").click()
    page.locator("[name=login]").fill("ada@example.org")
    page.locator("[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{platform.url}/live")
    page.get_by_role("button", name="Account of ada").wait_for()


def test_page_tells_why_nobody_was_let_in_and_links_what_its_owner_has_proven(
    person: Callable[..., Person], platform: Platform
) -> None:
    someone = person("Grace")
    page = someone.page
    page.goto(f"{platform.url}/register")
    page.get_by_label("Your name").fill("Grace")
    page.get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    page.get_by_text("Hello, Grace").wait_for()
    someone.sign_out()
    page.goto(f"{platform.url}/sign-in")
    page.get_by_role("button", name="Continue with Example").click()
    page.locator("[name=login]").fill("grace@example.org")
    page.locator("[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("alert").get_by_text("There is an account with your e-mail address already").wait_for()
    someone.screenshot("account-exists")
    page.get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Link them").click()
    page.wait_for_url(f"{platform.url}/")
    identities = page.evaluate(
        """async () => {
          const session = await (await fetch("/v1/auth/refresh", { method: "POST", body: "{}",
            headers: { "Content-Type": "application/json" } })).json();
          return (await (await fetch("/v1/auth/identities",
            { headers: { Authorization: `Bearer ${session.access_token}` } })).json()).items.map(({ email }) => email);
        }"""
    )
    assert identities == ["grace@example.org"]
