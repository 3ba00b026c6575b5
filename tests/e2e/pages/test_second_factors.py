"""Second factors and passkeys in a real browser, with Chromium's virtual authenticator (WebAuthn Level 3, 11)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages.test_account_pages import open_account, sign_in
from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(120)


def code_of_app(secret: str, *, steps: int = 0) -> str:
    """What an authenticator app shows (RFC 6238), so many steps of 30 s from now."""
    counter = (int(time.time() // 30) + steps).to_bytes(8, "big")
    mac = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, hashlib.sha1)
    number = int.from_bytes(mac[mac[-1] & 15 :][:4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


@contextmanager
def authenticator(page: Page) -> Iterator[Callable[[str], None]]:
    """A device that has passkeys and knows its owner, who has it "in hand" unless told that it is "away"."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def put(where: str) -> None:
        presence = {"authenticatorId": made["authenticatorId"], "enabled": where == "in hand"}
        devtools.send("WebAuthn.setAutomaticPresenceSimulation", presence)

    yield put
    devtools.detach()


def enrol_app(page: Page) -> tuple[str, list[str]]:
    """Sets up an authenticator app on the page of one's security: its secret, and the recovery codes."""
    page.get_by_role("button", name="Set up authenticator app").click()
    page.get_by_role("img", name=re.compile("QR code")).wait_for()
    secret = page.locator("code").inner_text().replace(" ", "")
    code = page.get_by_label("Code that the app shows")
    expect(code).to_be_focused()
    page.keyboard.type(code_of_app(secret, steps=-40))
    page.keyboard.press("Enter")
    page.get_by_text("This code is not right").wait_for()
    code.fill(code_of_app(secret))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Keep these recovery codes")
    codes = dialog.get_by_role("listitem")
    expect(codes).to_have_count(10)
    shown = codes.all_inner_texts()
    dialog.get_by_role("button", name="Done").click()
    dialog.get_by_text("Keep the codes first").wait_for()
    page.keyboard.press("Escape")
    dialog.get_by_text("I have kept them").click()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()
    return secret, shown


def change_address(page: Page, platform: Platform, email: str, *, recovery_code: str) -> None:
    """Is asked who is there, gives a wrong recovery code first, and is not asked to do anything again then."""
    page.goto(f"{platform.url}/account/profile")
    page.get_by_role("button", name="Change address").click()
    page.get_by_label("New e-mail address").fill(email)
    page.get_by_role("form", name="Change address").get_by_role("button", name="Change address").click()
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    dialog.get_by_role("button", name="Use a recovery code instead").click()
    expect(dialog.get_by_label("Recovery code")).to_be_focused()
    page.keyboard.type("aaaa-bbbb-cccc-dddd")
    page.keyboard.press("Enter")
    dialog.get_by_text("This recovery code is not right").wait_for()
    dialog.get_by_label("Recovery code").fill(recovery_code)
    page.keyboard.press("Enter")
    page.get_by_text(f"Your address is {email} now").wait_for()


def test_from_a_password_alone_to_none_at_all(person: Callable[..., Person], platform: Platform) -> None:
    someone, elsewhere = person("Katherine"), person("Katherine", phone=True)
    email = f"katherine-{id(someone)}@example.test"
    someone.register()
    sign_in(elsewhere.page, platform, email)
    elsewhere.page.get_by_text("Hello, Katherine").wait_for()

    page = someone.page
    open_account(page, "Katherine", "Security")
    secret, codes = enrol_app(page)
    assert len(set(codes)) == 10
    page.get_by_text("10 codes are left").wait_for()

    # Whoever knows the password alone does not come in any more, and is told so.
    someone.sign_out()
    sign_in(page, platform, email)
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.keyboard.type(code_of_app(secret, steps=-40))
    page.keyboard.press("Enter")
    page.get_by_text("This code is not right").wait_for()
    page.get_by_label("Code", exact=True).fill(code_of_app(secret, steps=1))
    page.keyboard.press("Enter")
    page.get_by_text("Hello, Katherine").wait_for()

    with authenticator(page) as put:
        open_account(page, "Katherine", "Security")
        page.get_by_role("button", name="Add a passkey").click()
        page.get_by_label("Name of the passkey").fill("My laptop")
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("Passkey “My laptop” was added").wait_for()
        expect(page.get_by_role("list", name="Passkeys").get_by_role("listitem")).to_contain_text("Never used yet")
        put("away")
        someone.sign_out()
        button = page.get_by_role("button", name="Sign in with a passkey")
        button.wait_for()
        put("in hand")
        button.click()
        page.get_by_text("Hello, Katherine").wait_for()
        # With a browser that offers passkeys where the address goes, it is chosen there.
        with page.expect_response("**/v1/auth/passkeys/login"):
            someone.sign_out()
        page.get_by_text("Hello, Katherine").wait_for()
        open_account(page, "Katherine", "Security")
        expect(page.get_by_role("list", name="Passkeys").get_by_role("listitem")).to_contain_text("Last used")

    # The session that was opened by the password alone is asked for more before what is dangerous.
    change_address(elsewhere.page, platform, f"johnson-{id(someone)}@example.test", recovery_code=codes[0])
