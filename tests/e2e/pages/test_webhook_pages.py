"""The pages about webhooks in a real browser, with a real receiver: made, tried, changed, deleted; and the log."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.doubles.webhook_receiver import Receiver, receiving
from tests.e2e.pages.test_accessibility import violations
from tests.e2e.pages.test_admin_pages import confirm, open_section
from tests.e2e.person import PATIENCE_MS, Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(180)
MakePerson = Callable[..., Person]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def choose(scope: Locator | Page, *events: str) -> None:
    """Ticks events by their words."""
    for event in events:
        scope.get_by_text(event).click()
        expect(scope.get_by_role("checkbox", name=event)).to_be_checked()


def make(page: Page, url: str, *events: str, description: str = "") -> str:
    """Makes a webhook; gives the secret as it stands in the clipboard."""
    page.get_by_role("button", name="New webhook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill(url)
    dialog.get_by_label("Description").fill(description)
    choose(dialog, *events)
    dialog.get_by_role("button", name="Create webhook").click()
    return take_secret(page)


def take_secret(page: Page) -> str:
    """Copies the secret that is shown, and closes its window."""
    dialog = page.get_by_role("dialog", name="The webhook’s secret")
    shown = dialog.get_by_role("textbox", name="Secret").inner_text()
    dialog.get_by_role("button", name="Copy the secret").click()
    page.wait_for_function("async (secret) => (await navigator.clipboard.readText()) === secret", arg=shown)
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_text(shown)).to_have_count(0)
    return shown


def send_test(page: Page, receiver: Receiver) -> None:
    before = receiver.types.count("webhook.test")
    page.get_by_role("button", name="Send a test").click()
    receiver.wait_for(lambda got: [message.type for message in got].count("webhook.test") > before)


def test_a_webhook_is_made_tried_changed_and_deleted(boss: Person, receiver: Receiver) -> None:
    page = boss.page
    open_section(page, "Webhooks")
    page.get_by_role("button", name="New webhook").click()
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_text("Give an address that begins with https://.")).to_be_visible()
    expect(page.get_by_text("Choose at least one.")).to_be_visible()
    page.get_by_label("Address").fill("http://nobody:secret@example.org/")
    choose(page.get_by_role("dialog"), "A meeting starts")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_text("An address with a password in it is not used.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()

    first = make(page, receiver.url, "A meeting starts", "A meeting ends", description="Signs on the doors")
    page.get_by_role("heading", name=receiver.url, level=1).wait_for()
    send_test(page, receiver)
    page.get_by_text("The test message was taken (status 200)").wait_for()
    assert receiver.got[-1].is_signed_with(first)

    page.get_by_role("button", name="Replace the secret…").click()
    confirm(page, "Replace the secret")
    second = take_secret(page)
    assert second != first
    page.get_by_text("messages are signed with the former secret as well").wait_for()
    send_test(page, receiver)
    assert receiver.got[-1].is_signed_with(first)
    assert receiver.got[-1].is_signed_with(second)

    receiver.status = 500
    send_test(page, receiver)
    page.get_by_role("alertdialog").get_by_text("The test message was not taken: status 500").wait_for()
    receiver.status = 200

    page.get_by_role("button", name="Turn off…").click()
    confirm(page, "Turn off")
    page.get_by_text("Nothing is put down for it while it is off.").wait_for()
    page.get_by_role("link", name="Webhooks").first.click()
    page.get_by_text("Given up: message of").first.wait_for()
    row = page.get_by_role("list", name="Webhooks").get_by_role("listitem").filter(has_text=receiver.url)
    expect(row).to_contain_text("Off")
    expect(row).to_contain_text("Signs on the doors")
    expect(row).to_contain_text("2 events")
    expect(row).to_contain_text("Given up: message of")
    row.get_by_role("link").click()
    page.get_by_role("button", name="Turn on").click()
    page.get_by_text("Messages are sent at once.").wait_for()

    page.get_by_role("button", name="Delete…").click()
    confirm(page, "Delete webhook")
    page.get_by_role("heading", name="Webhooks", level=1).wait_for()
    expect(page.get_by_text(receiver.url)).to_have_count(0)


def test_what_somebody_else_has_changed_meanwhile_is_told(boss: Person, receiver: Receiver) -> None:
    page = boss.page
    open_section(page, "Webhooks")
    make(page, receiver.url, "A meeting starts")
    page.get_by_role("heading", name=receiver.url, level=1).wait_for()
    other = page.context.new_page()
    other.goto(page.url)
    form = other.get_by_role("form", name="What it is told, and where")
    form.get_by_label("Description").fill("From elsewhere", timeout=PATIENCE_MS)
    form.get_by_role("button", name="Save").click()
    other.get_by_text("The webhook is changed").wait_for()
    other.close()

    form = page.get_by_role("form", name="What it is told, and where")
    expect(form.get_by_role("button", name="Save")).to_be_disabled()
    choose(form, "A meeting ends")
    form.get_by_role("button", name="Save").click()
    page.get_by_text("Somebody else has changed this webhook meanwhile").wait_for()
    page.get_by_role("button", name="Show it as it is now").click()
    page.get_by_text("From elsewhere").wait_for()
    expect(form.get_by_label("Description")).to_have_value("From elsewhere")
    expect(form.get_by_role("checkbox", name="A meeting ends")).not_to_be_checked()
    choose(form, "A meeting ends")
    form.get_by_role("button", name="Save").click()
    page.get_by_text("The webhook is changed").wait_for()
    page.reload()
    form.wait_for()
    expect(form.get_by_role("checkbox", name="A meeting ends")).to_be_checked()


def deliveries(page: Page) -> Locator:
    """The lines of the log, each with the time of its message at the end."""
    return page.get_by_role("list", name="Deliveries").get_by_role("listitem").filter(has=page.get_by_role("button"))


def look_until(page: Page, seen: Locator, count: int) -> None:
    """Looks again until so many are there: a receiver has a message a moment before the log knows."""
    for _ in range(20):
        with contextlib.suppress(AssertionError):
            expect(seen).to_have_count(count, timeout=1_000)
            return
        page.get_by_role("button", name="Look again").click()
    expect(seen).to_have_count(count)


def test_the_log_tells_what_became_of_messages_and_sends_them_again(boss: Person, receiver: Receiver) -> None:
    page = boss.page
    open_section(page, "Webhooks")
    make(page, receiver.url, "A meeting is created")
    page.get_by_role("heading", name=receiver.url, level=1).wait_for()
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_text("What this webhook is told appears here.").wait_for()
    receiver.status = 500
    send_test(page, receiver)
    lines = deliveries(page)
    lines.first.wait_for()
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("status 500")

    lines.get_by_role("button", name="Test message").focus()
    page.keyboard.press("Enter")
    attempts = lines.get_by_role("list", name="Attempts").get_by_role("listitem")
    attempts.first.wait_for()
    expect(attempts).to_have_count(1)
    expect(attempts).to_contain_text("noted")
    sent = receiver.got[-1]
    expect(lines).to_contain_text(sent.id)
    assert json.loads(lines.get_by_role("region", name="Message").inner_text()) == sent.json()

    receiver.status = 202
    lines.get_by_role("button", name="Send again").click()
    attempts.nth(1).wait_for()
    expect(attempts.last).to_contain_text("status 202")
    expect(lines.get_by_role("button", name="Test message")).to_contain_text("Delivered")
    assert [message.id for message in receiver.got] == [sent.id] * 2

    receiver.status = 500
    for count in (1, 2):
        send_test(page, receiver)
        lines.nth(count).wait_for()
    page.get_by_role("button", name="State").click()
    page.get_by_role("option", name="Given up").click()
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(lines).to_have_count(2, timeout=PATIENCE_MS)
    receiver.status = 200
    page.get_by_role("button", name="Send failed ones again…").click()
    page.get_by_label("Since").fill("")
    expect(page.get_by_role("dialog").get_by_role("button", name="Send again")).to_be_disabled()
    page.get_by_label("Since").fill(f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}")
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    page.get_by_text("2 messages are sent again").wait_for()
    look_until(page, page.get_by_text("No message of the last 30 days is in this state."), 1)
    page.get_by_role("button", name="State").click()
    page.get_by_role("option", name="Delivered").click()
    look_until(page, lines, 3)


def test_the_pages_about_webhooks_have_no_barriers(boss: Person, platform: Platform, receiver: Receiver) -> None:
    page = boss.page
    open_section(page, "Webhooks")
    found = violations(page, "webhooks")
    page.get_by_role("button", name="New webhook").click()
    page.get_by_role("dialog", name="New webhook").wait_for()
    found += violations(page, "a new webhook")
    page.get_by_role("button", name="Cancel").click()
    make(page, receiver.url, "A meeting starts")
    page.get_by_role("heading", name=receiver.url, level=1).wait_for()
    found += violations(page, "a webhook")
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_text("What this webhook is told appears here.").wait_for()
    found += violations(page, "a webhook that was told nothing")
    send_test(page, receiver)
    deliveries(page).get_by_role("button", name="Test message").click()
    page.get_by_role("list", name="Attempts").wait_for()
    found += violations(page, "a delivery")
    page.get_by_role("button", name="Send failed ones again…").click()
    page.get_by_role("dialog").wait_for()
    found += violations(page, "sending again")
    page.goto(f"{platform.url}/admin/webhooks/wh_none")
    page.get_by_text("This webhook does not exist").wait_for()
    found += violations(page, "no webhook")
    assert found == []
