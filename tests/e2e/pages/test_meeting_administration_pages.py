"""What administrators see of the meeting service: usage, facts that were set aside, and its audit log."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from contracts.facts import FACTS_FUNCTION
from tests.e2e.pages.test_accessibility import violations
from tests.e2e.pages.test_meeting_pages import api_of, make
from tests.e2e.pages.test_recording_pages import both
from tests.e2e.person import PATIENCE_MS, Person
from tests.integration.platform.test_recordings import until
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(240)
MakePerson = Callable[..., Person]


def tell(platform: Platform, *facts: dict[str, Any]) -> None:
    """Reports facts of rooms, as the gateways do."""
    platform.invoke(FACTS_FUNCTION, {"facts": facts})


def test_usage_is_shown_by_day_and_by_host_and_downloaded(boss: Person, person: MakePerson, platform: Platform) -> None:
    ada, page = person("Ada"), boss.page
    ada.register()
    with api_of(ada.page, platform) as api:
        host = api.get("/v1/auth/me").json()["id"]
    link = ada.create_meeting("Review")
    before = f"{datetime.now(UTC):%Y-%m}"
    ada.join(link)
    months = {before, f"{datetime.now(UTC):%Y-%m}"}  # it may turn while she joins
    ada.end_for_everyone()
    with api_of(page, platform) as api:

        def month_counted() -> str | None:
            for month in months:
                counted = api.get("/v1/meetings/usage/hosts", params={"month": month, "limit": 100}).json()["items"]
                if any(each["user_id"] == host and each["meetings"] > 0 for each in counted):
                    return month
            return None

        month = until(month_counted, "the meeting counts")
    page.goto(f"{platform.url}/admin/users")
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Usage").click()
    page.get_by_role("heading", name="Usage", level=1).wait_for()
    page.goto(f"{platform.url}/admin/usage?month={month}")
    hosts = page.get_by_role("table", name="Who hosted how much")
    hosts.get_by_role("row").filter(has_text="Ada").first.wait_for()
    expect(page.get_by_role("img", name="At once")).to_be_visible()
    numbers = page.get_by_role("figure").filter(has_text="Meetings held")
    numbers.get_by_text("Numbers").click()
    expect(numbers.get_by_role("row")).to_have_count(31)
    both(boss, "usage")
    found = violations(page, "usage")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
        page.get_by_role("menuitem", name="By day, as CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == 30
    assert int(rows[-1]["meetings"]) + int(rows[-2]["meetings"]) > 0, "it began today, or a moment before midnight"
    page.get_by_role("button", name="Time").click()
    page.get_by_role("option", name="The last 12 months").click()
    expect(numbers.get_by_role("row")).to_have_count(13)
    assert found == []


def test_a_fact_that_was_set_aside_is_looked_at_tried_again_and_discarded(boss: Person, platform: Platform) -> None:
    page = boss.page
    with api_of(page, platform) as api:
        meeting = make(api, title="Review")["id"]
    marker = f"strange_{uuid.uuid4().hex}"
    tell(platform, {"meeting_id": meeting, "version": 3, "event": {"type": marker, "text": "a secret"}})
    page.goto(f"{platform.url}/admin/facts")
    row = page.get_by_role("list", name="Facts that were set aside").get_by_role("listitem").filter(has_text=marker)
    row.get_by_role("button", expanded=False).click()
    expect(row.get_by_role("region")).to_contain_text(marker)
    expect(row.get_by_role("region")).not_to_contain_text("a secret")
    row.get_by_role("button", name="Try again").click()
    row.get_by_text("It could not be taken").wait_for()
    row.get_by_text("once", exact=True).wait_for()
    both(boss, "set-aside")
    found = violations(page, "facts that were set aside")
    row.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    page.get_by_text("The fact is discarded").wait_for()
    expect(row).to_have_count(0)
    assert found == []


def test_the_audit_log_of_meetings_stands_beside_that_of_accounts(
    boss: Person, person: MakePerson, platform: Platform
) -> None:
    ada, page = person("Ada"), boss.page
    ada.register()
    with api_of(ada.page, platform) as api:
        meeting = make(api, title="Review")["id"]
        assert api.post(f"/v1/meetings/{meeting}/cancel").status_code == 200
    page.goto(f"{platform.url}/admin/audit")
    page.get_by_role("navigation", name="Logs").get_by_role("link", name="Meetings").click()
    event = page.get_by_role("listitem").filter(has_text=f"Ada cancelled meeting {meeting}")
    event.wait_for(timeout=2 * PATIENCE_MS)
    event.get_by_role("button").click()
    event.get_by_text("meeting_id").wait_for()
    both(boss, "audit-of-meetings")
    found = violations(page, "the audit log of meetings")
    page.get_by_role("button", name="Event").click()
    page.get_by_role("option", name="Audit log read").click()
    expect(page.get_by_role("listitem").filter(has_text="boss read the audit log of meetings").first).to_be_visible()
    expect(event).to_have_count(0)
    page.get_by_role("navigation", name="Logs").get_by_role("link", name="Accounts").click()
    expect(page.get_by_role("listitem").filter(has_text="Ada registered").first).to_be_visible()
    assert found == []
