"""The link in an invitation's mail: a page that shows it, and answers with a press of a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.doubles.mailed_invitation import mailed_invitation
from tests.e2e.person import Person
from tests.platform_process import Platform


def test_a_mails_link_shows_the_invitation_and_answers_it(
    person: Callable[..., Person], platform: Platform, artefacts: Path
) -> None:
    with mailed_invitation(platform) as invited:
        link = f"{platform.url}/invitation#token={invited.token}"
        page = person("Ida", phone=True).page
        page.goto(f"{link}&answer=accepted")
        expect(page.get_by_role("heading", name="Plan")).to_be_visible()
        expect(page.get_by_role("status")).to_have_text("You have not answered yet.")
        assert invited.token not in page.url
        page.screenshot(path=artefacts / "invitation.png")
        page.get_by_role("button", name="Maybe").click()
        expect(page.get_by_role("status")).to_have_text("You have answered: maybe.")
        assert invited.answers() == ["tentative"]
        assert invited.host.delete(f"{invited.invitees}/{invited.address}").status_code in (200, 204)
    page.goto(f"{platform.url}/")
    page.goto(link)
    expect(page.get_by_text("This invitation is no longer open")).to_be_visible()
