"""Addresses, names and passwords: in which form they are kept, and which are refused."""

from __future__ import annotations

import pytest
from auth_service.domain.accounts import check_new_password, normalise_email, normalise_password, user_id
from auth_service.errors import WeakPasswordError
from hypothesis import given
from hypothesis import strategies as st

from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError


@pytest.mark.parametrize(
    ("given_address", "kept"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  Ada.Lovelace+parley@EXAMPLE.org ", "ada.lovelace+parley@example.org"),
        ("ada@localhost", "ada@localhost"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ａｄａ@example.org", "ada@example.org"),
    ],
)
def test_address_is_kept_in_one_form(given_address: str, kept: str) -> None:
    assert normalise_email(given_address) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "ada@exam ple.org",
        "ada@example..org",
        "ada@-example.org",
        "ada@example.org.",
        "ada@@example.org",
        "ada\n@example.org",
        "ada\x00@example.org",
        "ada@example.org\r\nBcc: eve@example.org",
        "ädä@example.org",
        f"{'a' * 65}@example.org",
        f"ada@{'a' * 64}.org",
        f"ada@{'a.' * 130}org",
        "ada@[127.0.0.1]",
        '"ada lovelace"@example.org',
    ],
)
def test_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidFieldError):
        normalise_email(text)


@given(st.text(max_size=300))
def test_any_text_is_an_address_in_its_one_form_or_refused(text: str) -> None:
    try:
        address = normalise_email(text)
    except InvalidFieldError:
        return
    assert normalise_email(address) == address
    assert len(address) <= 254


@given(st.text(max_size=100))
def test_any_text_is_a_name_in_its_one_form_or_refused(text: str) -> None:
    try:
        name = normalise_line(text, field="display_name")
    except InvalidFieldError:
        return
    assert name
    assert normalise_line(name, field="display_name") == name
    assert "\n" not in name


@pytest.mark.parametrize("password", ["", "1234567", "ssssssssssssss", "👩‍🚀" * 2])
def test_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        check_new_password(password)


@pytest.mark.parametrize("password", ["12345678", "correct horse battery staple", "пароль пароль", " " * 7 + "x"])
def test_password_needs_length_and_nothing_else(password: str) -> None:
    check_new_password(password)


def test_password_is_the_same_from_every_keyboard() -> None:
    assert normalise_password("Cafe\u0301 au lait") == normalise_password("Café au lait")
    assert normalise_password(" Case and  Spaces stay ") == " Case and  Spaces stay "


def test_user_ids_are_plain_and_long_enough() -> None:
    assert user_id(b"\x00" * 16) == "u_" + "a" * 26
    assert len({user_id(bytes([n]) * 16) for n in range(256)}) == 256
