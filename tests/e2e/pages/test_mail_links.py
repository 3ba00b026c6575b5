"""Accounts by mail in a real browser: mails that were really sent by SMTP, and where the addresses in them lead."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.doubles.inbox import text_of
from tests.e2e.pages.test_accessibility import violations
from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(120)
MakePerson = Callable[..., Person]
PASSWORD = "a long enough password"
ANOTHER = "quite another long one"

ME = """async () => {
  const headers = { "Content-Type": "application/json" };
  const session = await (await fetch("/v1/auth/refresh", { method: "POST", body: "{}", headers })).json();
  const claims = JSON.parse(atob(session.access_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  return { ...session.user, isVerified: claims.email_verified };
}"""
"""Who is signed in, by the cookie that no script can read."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """As `make run`, with accounts that are confirmed by mail."""
    data = tmp_path_factory.mktemp("mailing-platform")
    with Platform(data=data, environ={"PARLEY_AUTH_MAIL": "smtp"}) as running:
        yield running


class Post:
    """The platform's mailbox, as somebody reads it who gets each mail once."""

    def __init__(self, platform: Platform) -> None:
        self._address = f"http://localhost:{platform.mailbox_port}"
        self._read: set[str] = set()

    def next(self, to: str) -> EmailMessage:
        """The first mail to an address that has not been read, once it is there."""
        until = time.monotonic() + 60
        row = re.compile(rf'<td>{re.escape(to)}<td><a href="/([0-9-]+)">')
        while time.monotonic() < until:
            for name in reversed(row.findall(httpx.get(self._address).text)):
                if name not in self._read:
                    self._read.add(name)
                    source = httpx.get(f"{self._address}/{name}/source").content
                    message = message_from_bytes(source, policy=default)
                    assert isinstance(message, EmailMessage)
                    return message
            time.sleep(0.05)
        raise AssertionError(f"no mail has come to {to}")


@pytest.fixture
def post(platform: Platform) -> Post:
    return Post(platform)


def link_of(message: EmailMessage) -> str:
    """The address that a mail's link leads to; as plain text it says the same."""
    [link] = re.findall(r'<a href="([^"]+)">', text_of(message, "html"))
    assert unescape(link) in text_of(message)
    return unescape(link)


def new_address() -> str:
    return f"{secrets.token_hex(6)}@example.org"


def ask_to_register(page: Page, platform: Platform, email: str) -> None:
    page.goto(f"{platform.url}/register")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_focused()


def is_registered(ada: Person, platform: Platform, post: Post, email: str) -> None:
    """Ada has an account, and is signed in."""
    ask_to_register(ada.page, platform, email)
    follow(ada.page, link_of(post.next(email)), "Finish your account")
    enter(ada.page, "Password", PASSWORD, "Create account")
    ada.page.get_by_text("Hello, Ada").wait_for()


def follow(page: Page, link: str, heading: str) -> None:
    """Opens an address of a mail, whose secret does not stay where others see it."""
    page.goto(link)
    page.get_by_role("heading", name=heading, level=1).wait_for()
    page.wait_for_url(lambda address: "#" not in address)


def enter(page: Page, label: str, value: str, action: str) -> None:
    """By the keyboard, into the field that has the focus anyway."""
    field = page.get_by_label(label, exact=True)
    expect(field).to_be_focused()
    field.fill("")
    page.keyboard.type(value)
    page.keyboard.press("Enter")


def finds(page: Page, heading: str) -> None:
    """Something is over: its heading has the focus, so that it is read out."""
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_focused()


def signs_in(someone: Person, email: str, password: str) -> None:
    someone.sign_in(email, password)
    someone.page.get_by_text("Hello, Ada").wait_for()


def is_refused(someone: Person, email: str, password: str) -> None:
    someone.sign_in(email, password)
    someone.page.get_by_role("alert").get_by_text("is not right").wait_for()


def test_an_address_is_confirmed_by_the_link_in_its_mail(
    person: MakePerson, platform: Platform, post: Post, artefacts: Path
) -> None:
    ada, email = person("Ada", phone=True), new_address()
    page = ada.page
    mistyped = new_address()
    ask_to_register(page, platform, mistyped)
    found = violations(page, "registration mailed")
    page.get_by_role("button", name="Use another address").click()
    address = page.get_by_label("E-mail address")
    expect(address).to_be_focused()
    address.fill(email)
    page.get_by_role("button", name="Create account").click()
    page.get_by_text(f"a link to {email}").wait_for()

    link = link_of(post.next(email))
    follow(page, link, "Finish your account")
    found += violations(page, "confirm-registration")
    enter(page, "Password", "not the one that was chosen", "Create account")
    page.get_by_text("This is not the password that you chose").wait_for()
    found += violations(page, "a wrong password")
    page.screenshot(path=artefacts / "confirm-registration.png")
    enter(page, "Password", PASSWORD, "Create account")
    page.get_by_text("Hello, Ada").wait_for()
    me = page.evaluate(ME)
    assert (me["email"], me["isVerified"]) == (email, True)

    follow(page, link, "Finish your account")
    enter(page, "Password", PASSWORD, "Create account")
    finds(page, "This link is not valid any more")
    page.get_by_role("link", name="Back to home", exact=True).wait_for()
    found += violations(page, "a link that was used")
    assert found == []


def test_a_forgotten_password_is_replaced_by_the_link_in_a_mail(
    person: MakePerson, platform: Platform, post: Post, artefacts: Path
) -> None:
    ada, email = person("Ada"), new_address()
    page = ada.page
    is_registered(ada, platform, post, email)
    ada.sign_out()
    page.goto(f"{platform.url}/sign-in")
    page.get_by_role("link", name="Forgotten password?").click()
    enter(page, "E-mail address", "", "Send link")
    page.get_by_text("Give your e-mail address").wait_for()
    found = violations(page, "forgotten-password")
    enter(page, "E-mail address", email, "Send link")
    finds(page, "Look into your mail")
    found += violations(page, "a link on its way")

    link = link_of(post.next(email))
    follow(page, link, "Choose a new password")
    found += violations(page, "reset-password")
    page.screenshot(path=artefacts / "reset-password.png")
    enter(page, "New password", "short", "Save password")
    page.get_by_text("at least 10 characters").last.wait_for()
    enter(page, "New password", "password123", "Save password")
    page.get_by_text("among those that are guessed first").wait_for()
    enter(page, "New password", ANOTHER, "Save password")
    finds(page, "Your password was changed")
    found += violations(page, "a password that was changed")
    assert "was changed" in post.next(email)["Subject"]
    page.get_by_role("link", name="Sign in").click()
    is_refused(ada, email, PASSWORD)
    signs_in(ada, email, ANOTHER)
    follow(page, link, "Choose a new password")
    enter(page, "New password", PASSWORD, "Save password")
    finds(page, "This link is not valid any more")
    page.get_by_role("link", name="Ask for a new link").click()
    page.get_by_role("heading", name="Forgotten password").wait_for()
    assert found == []


def test_a_changed_address_is_told_to_both_and_brought_back_by_the_old_one(
    person: MakePerson, platform: Platform, post: Post, artefacts: Path
) -> None:
    thief, owner = person("Ada"), person("Ada", phone=True)
    old, new = new_address(), new_address()
    is_registered(thief, platform, post, old)
    page = thief.page
    page.goto(f"{platform.url}/account/profile")
    page.get_by_role("button", name="Change address").click()
    page.get_by_label("New e-mail address").fill(new)
    page.get_by_role("form", name="Change address").get_by_role("button", name="Change address").click()
    page.get_by_text(f"Look into the mail of {new}").wait_for()
    link = link_of(post.next(new))

    elsewhere = owner.page
    follow(elsewhere, link, "Sign in first")
    found = violations(elsewhere, "confirm-email, signed out")
    follow(page, link, "Confirm your new address")
    found += violations(page, "confirm-email")
    page.get_by_role("button", name="Use this address").click()
    finds(page, "Your address was changed")
    page.get_by_text(f"You sign in with {new}").wait_for()
    found += violations(page, "an address that was changed")

    told = post.next(old)
    assert new in text_of(told)
    follow(elsewhere, link_of(told), "Bring your old address back")
    found += violations(elsewhere, "undo-email")
    elsewhere.screenshot(path=artefacts / "undo-email.png")
    enter(elsewhere, "New password", ANOTHER, "Bring it back")
    finds(elsewhere, "Your old address is back")
    found += violations(elsewhere, "an address that is back")
    is_refused(owner, new, PASSWORD)
    is_refused(owner, old, PASSWORD)
    signs_in(owner, old, ANOTHER)
    assert elsewhere.evaluate(ME)["email"] == old
    page.goto(f"{platform.url}/account/profile")
    page.get_by_text("You have been signed out").wait_for()
    assert found == []


def test_who_confirms_an_address_signed_out_comes_back_to_it_after_signing_in(
    person: MakePerson, platform: Platform, post: Post
) -> None:
    ada = person("Ada")
    page, old, new = ada.page, new_address(), new_address()
    is_registered(ada, platform, post, old)
    page.goto(f"{platform.url}/account/profile")
    page.get_by_role("button", name="Change address").click()
    page.get_by_label("New e-mail address").fill(new)
    page.get_by_role("form", name="Change address").get_by_role("button", name="Change address").click()
    page.get_by_text(f"Look into the mail of {new}").wait_for()
    ada.sign_out()
    page.goto(f"{platform.url}/confirm-email")
    page.get_by_role("heading", name="This link is not whole").wait_for()
    follow(page, link_of(post.next(new)), "Sign in first")  # the same page: nothing is loaded for it
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("E-mail address").fill(old)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Use this address").click()
    finds(page, "Your address was changed")
    assert page.evaluate(ME)["email"] == new
