"""API keys: their form, and what they may be given."""

from __future__ import annotations

import os
import re

import pytest
from auth_service.domain.api_keys import ID_BYTES, SECRET_BYTES, SecretKey, check_grant, decode_key
from hypothesis import given
from hypothesis import strategies as st

from contracts.access_control import PERMISSIONS_OF_ROLE, Permission, PlatformRole
from functions.serverless.problems import InvalidFieldError

KEY = SecretKey(public=os.urandom(ID_BYTES), secret=os.urandom(SECRET_BYTES))


def test_key_is_recognised_by_its_form() -> None:
    assert re.fullmatch(r"parley_[a-z2-7]{72}", KEY.encode())
    assert decode_key(KEY.encode()) == KEY


@given(st.integers(0, 78), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_key_with_one_wrong_character_is_none(position: int, character: str) -> None:
    text = KEY.encode()
    wrong = text[:position] + character + text[position + 1 :]
    assert (decode_key(wrong) is None) == (wrong != text)


@given(st.text(max_size=100))
def test_other_texts_are_no_keys(text: str) -> None:
    assert decode_key(text) is None
    assert decode_key(f"parley_{text}") is None
    assert decode_key(KEY.encode().upper()) is None


def test_key_does_not_show_its_secret() -> None:
    shown = f"{KEY!r} {KEY.id}"
    assert KEY.encode() not in shown
    assert KEY.secret.hex() not in shown


def test_nobody_gives_what_they_do_not_have() -> None:
    organiser = PERMISSIONS_OF_ROLE[PlatformRole.ORGANISER]
    check_grant(frozenset({Permission.MEETINGS_CREATE}), organiser, field="permissions")
    with pytest.raises(InvalidFieldError, match="not yours to give"):
        check_grant(frozenset({Permission.USERS_READ}), organiser, field="permissions")
    with pytest.raises(InvalidFieldError, match="people's accounts"):
        check_grant(frozenset({Permission.ACCOUNT_READ}), frozenset(Permission), field="permissions")
