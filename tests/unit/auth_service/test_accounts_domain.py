"""Addresses, names and passwords: in which form they are kept, and which are refused."""

from __future__ import annotations

import pytest
from auth_service.domain.accounts import (
    MAX_FORMER_ADDRESSES,
    UNDO_S,
    Account,
    addresses_of,
    change_address,
    normalise_email,
    normalise_password,
    preferred_locale,
    undo_change,
    user_id,
)
from auth_service.errors import TooManyChangesError
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


def test_password_is_the_same_from_every_keyboard() -> None:
    assert normalise_password("Cafe\u0301 au lait") == normalise_password("Café au lait")
    assert normalise_password(" Case and  Spaces stay ") == " Case and  Spaces stay "


def test_user_ids_are_plain_and_long_enough() -> None:
    assert user_id(b"\x00" * 16) == "u_" + "a" * 26
    assert len({user_id(bytes([n]) * 16) for n in range(256)}) == 256


NOW = 1_800_000_000
ADA = Account(id="u_1", email="ada@a.example", display_name="Ada", created_at=NOW * 1000)


def changed(account: Account, *addresses: str) -> Account:
    for address in addresses:
        account = change_address(account, address, change_id=f"to {address}", now=NOW)
    return account


def test_old_address_is_kept_for_a_week_and_comes_back() -> None:
    moved = changed(ADA, "ada@b.example")
    assert addresses_of(moved) == {"ada@a.example", "ada@b.example"}
    assert undo_change(moved, "to ada@b.example", now=NOW + UNDO_S - 1) == ADA
    assert undo_change(moved, "to ada@b.example", now=NOW + UNDO_S) is None
    assert undo_change(moved, "another", now=NOW) is None


def test_first_of_two_who_fight_over_an_account_wins() -> None:
    """A thief changes the address twice, and undoes the second change; the owner undoes the first one."""
    stolen = changed(ADA, "eve@e.example", "eve@f.example")
    back = undo_change(stolen, "to eve@f.example", now=NOW)
    assert back is not None
    assert undo_change(back, "to eve@e.example", now=NOW) == ADA
    own = undo_change(stolen, "to eve@e.example", now=NOW)
    assert own == ADA
    assert undo_change(own, "to eve@f.example", now=NOW) is None


def test_number_of_changes_is_bounded_and_old_ones_make_room() -> None:
    often = changed(ADA, *(f"ada@{n}.example" for n in range(MAX_FORMER_ADDRESSES)))
    with pytest.raises(TooManyChangesError):
        changed(often, "ada@z.example")
    later = change_address(often, "ada@z.example", change_id="x", now=NOW + UNDO_S)
    assert len(later.former_addresses) == 1


@pytest.mark.parametrize(
    ("header", "locale"),
    [(None, "en"), ("", "en"), ("de", "de"), ("fr, de-CH;q=0.8, en;q=0.7", "de"), ("EN-us", "en"), ("*", "en")],
)
def test_language_is_the_first_that_is_known(header: str | None, locale: str) -> None:
    assert preferred_locale(header) == locale
