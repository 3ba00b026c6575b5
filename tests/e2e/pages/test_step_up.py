"""Step-up by password in a real browser: who was logged in a while ago is asked once more, and only then."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages.test_account_pages import PASSWORD, open_account
from tests.e2e.person import Person
from tests.platform_process import Platform

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.timeout(120)
QUESTION = "Confirm that it is you"


def table_of(platform: Platform) -> tuple[DynamoDBClient, str]:
    """The authentication service's own table on this platform."""
    commands = [Path(f"/proc/{process}/cmdline").read_text().split("\0") for process in platform.children()]
    port = next(
        words[words.index("infra.local.aws_server") + 1] for words in commands if "infra.local.aws_server" in words
    )
    url = f"http://127.0.0.1:{port}"
    stack: Any = httpx.get(f"{url}/parley/stack").json()
    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return client, stack["AuthTableName"]


def an_hour_goes_by(platform: Platform, email: str) -> None:
    """Makes the last proof of all of somebody's sessions an hour old, as if they had stayed logged in."""
    client, table = table_of(platform)
    sessions = [
        item
        for page in client.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
        if item.get("gsi1sk", {}).get("S", "").startswith("SESSION#")
    ]
    accounts = [
        item
        for page in client.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
        if item.get("email", {}).get("S") == email and item["sk"]["S"] == "ACCOUNT"
    ]
    assert len(accounts) == 1
    own = [each for each in sessions if each["gsi1pk"] == accounts[0]["pk"]]
    assert own
    for item in own:
        client.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET proven_at = :then",
            ExpressionAttributeValues={":then": {"N": str(int(time.time()) - 3600)}},
        )


def ask_for_another_address(page: Page, email: str) -> Locator:
    """Fills in a new address with the keyboard, and gives the dialog that asks who is there."""
    page.get_by_role("button", name="Change address").click()
    page.get_by_label("New e-mail address").fill(email)
    page.keyboard.press("Enter")
    return page.get_by_role("dialog", name=QUESTION)


@pytest.mark.parametrize("phone", [False, True])
def test_who_logged_in_a_while_ago_gives_the_password_once_before_what_is_dangerous(
    person: Callable[..., Person], platform: Platform, *, phone: bool
) -> None:
    someone = person("Hedy", phone=phone)
    someone.register()
    page = someone.page
    email = f"hedy-{id(someone)}@example.test"
    an_hour_goes_by(platform, email)
    page.goto(f"{platform.url}/account/profile")
    dialog = ask_for_another_address(page, f"lamarr-{id(someone)}@example.test")
    password = dialog.get_by_label("Your password", exact=True)
    expect(password).to_be_focused()

    # Who thinks better of it has changed nothing, and finds what they had written.
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("New e-mail address")).to_have_value(f"lamarr-{id(someone)}@example.test")

    page.get_by_role("form", name="Change address").get_by_role("button", name="Change address").click()
    expect(password).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_text("Give your password.").wait_for()
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    dialog.get_by_text("This is not your password.").wait_for()
    expect(password).to_have_attribute("type", "password")
    expect(password).to_have_attribute("autocomplete", "current-password")
    someone.screenshot(f"step-up-{'phone' if phone else 'desktop'}")
    password.fill(PASSWORD)
    with page.expect_response("**/v1/auth/me/email") as changed:
        page.keyboard.press("Enter")
    assert changed.value.status == 200
    page.get_by_text(f"Your address is lamarr-{id(someone)}@example.test now").wait_for()
    expect(dialog).to_be_hidden()

    # What comes within the next minutes is done without a question.
    with page.expect_download():
        page.get_by_role("button", name="Download a copy").click()
    expect(page.get_by_role("dialog", name=QUESTION)).to_be_hidden()


def test_a_deletion_that_was_not_confirmed_by_the_password_deletes_nothing(
    person: Callable[..., Person], platform: Platform
) -> None:
    someone = person("Lise")
    someone.register()
    page = someone.page
    email = f"lise-{id(someone)}@example.test"
    open_account(page, "Lise", "Profile")
    an_hour_goes_by(platform, email)
    page.get_by_role("button", name="Delete account…").click()
    page.get_by_label(re.compile("to confirm")).fill(email)
    page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog", name=QUESTION)
    dialog.get_by_label("Your password", exact=True).fill("a guess")
    dialog.get_by_role("button", name="Confirm").click()
    dialog.get_by_text("This is not your password.").wait_for()
    page.keyboard.press("Escape")
    page.goto(f"{platform.url}/account/profile")
    expect(page.get_by_label("Your name")).to_have_value("Lise")
