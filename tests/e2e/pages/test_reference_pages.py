"""The references of both APIs in a real browser: they ask no other host for anything, and their filter runs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(120)


def test_a_developer_finds_a_route_by_what_it_is_about(person: Callable[..., Person], platform: Platform) -> None:
    page = person("Grace").page
    asked, told = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.goto(f"{platform.url}/v1/auth/reference")
    contents = page.get_by_role("navigation", name="Contents")
    page.keyboard.press("/")
    expect(page.get_by_label("Filter")).to_be_focused()
    page.keyboard.type("weak_password register")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d of \d+$"))
    expect(contents.get_by_role("link", name="POST /auth/register", exact=True)).to_be_visible()
    expect(contents.get_by_role("link", name="GET /auth/me", exact=True)).to_be_hidden()
    expect(page.locator("section#me")).to_be_hidden()
    register = page.locator("section#register")
    register.get_by_text("Problems:").click()
    # Where a link leads to what the filter leaves out, that is shown.
    register.get_by_role("link", name="rate_limited").click()
    expect(page.locator("#code-rate_limited").locator("..")).to_be_in_viewport()
    expect(page.locator("section#me")).to_be_visible()
    page.get_by_role("link", name="the OpenAPI 3.1.0 document").click()
    page.wait_for_url("**/v1/auth/openapi.json")
    assert told == []
    assert {url.removeprefix(platform.url).partition("#")[0] for url in asked if not url.startswith("data:")} <= {
        "/v1/auth/reference",
        "/v1/auth/openapi.json",
        "/favicon.ico",
    }


def test_an_administrator_finds_the_references_beside_the_service_accounts(boss: Person, platform: Platform) -> None:
    page = boss.page
    for name, title in {"Accounts and access": "authentication", "Meetings and live rooms": "meeting"}.items():
        page.goto(f"{platform.url}/admin/service-accounts")
        page.get_by_role("link", name=name).click()
        page.get_by_role("heading", name=f"Parley {title} service").wait_for()


def test_a_reference_fits_on_a_phone(person: Callable[..., Person], platform: Platform) -> None:
    page = person("Grace", phone=True).page
    for service in ("auth", "meetings"):
        page.goto(f"{platform.url}/v1/{service}/reference")
        for details in page.locator("details").all()[:6]:
            details.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
