"""Refresh tokens: rotation, the grace for a lost answer, and the end of a session whose token comes twice."""

from __future__ import annotations

import base64

import pytest
from auth_service.domain import sessions
from auth_service.domain.devices import Device
from auth_service.domain.security_events import Origin
from auth_service.domain.sessions import (
    Lifetimes,
    RefreshToken,
    Repeated,
    Reused,
    Rotated,
    Session,
    decode_refresh_token,
    open_session,
)
from auth_service.errors import SessionExpiredError
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

NOW = 1_800_000_000
LIFETIMES = Lifetimes(idle_s=1000, max_s=3000, grace_s=10)
HOME = Origin(address="192.0.2.77", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
AWAY = Origin(address="2001:db8:1:2::3", user_agent="curl/8.0")
FIRST = RefreshToken(family=b"f" * 16, secret=b"0" * 32)


def secret(number: int) -> bytes:
    return number.to_bytes(32, "big")


def started() -> Session:
    return open_session("u_1", FIRST, epoch=0, origin=HOME, now=NOW, lifetimes=LIFETIMES)


def refresh(
    session: Session, token: RefreshToken, *, new_secret: bytes, now: float, lifetimes: Lifetimes, epoch: int = 0
) -> Rotated | Repeated | Reused:
    return sessions.refresh(
        session, token, new_secret=new_secret, epoch=epoch, origin=AWAY, now=now, lifetimes=lifetimes
    )


def rotated(session: Session, token: RefreshToken, number: int, now: float) -> tuple[Session, RefreshToken]:
    outcome = refresh(session, token, new_secret=secret(number), now=now, lifetimes=LIFETIMES)
    assert isinstance(outcome, Rotated)
    return outcome.session, outcome.token


def test_token_is_read_back_as_it_was_written() -> None:
    assert decode_refresh_token(FIRST.encode()) == FIRST
    assert len(FIRST.encode()) == 64


@pytest.mark.parametrize("text", ["", "x", "a" * 63, "a" * 65, "ä" * 64, "=" * 64, "a" * 62 + "==", "+/" * 32])
def test_text_that_never_was_a_token_is_refused(text: str) -> None:
    with pytest.raises(SessionExpiredError):
        decode_refresh_token(text)


def test_session_keeps_no_token_in_the_clear() -> None:
    session, token = rotated(started(), FIRST, 7, NOW + 1)
    shown = repr(session)
    for part in (token.secret, token.family, FIRST.secret):
        for form in (part.hex(), base64.b64encode(part).decode()[:20], repr(part)[2:-1]):
            assert form not in shown
    assert secret(7).hex() not in repr(token)


def test_each_use_gives_a_new_token_of_the_same_session() -> None:
    session, token = rotated(started(), FIRST, 1, NOW + 5)
    assert token != FIRST
    assert token.session_id == FIRST.session_id == session.id
    session, later = rotated(session, token, 2, NOW + 50)
    assert later.secret == secret(2)


def test_lost_answer_is_given_again_for_a_moment() -> None:
    session, token = rotated(started(), FIRST, 1, NOW + 5)
    again = refresh(session, FIRST, new_secret=secret(99), now=NOW + 14, lifetimes=LIFETIMES)
    assert again == Repeated(token=token)


def test_old_token_is_reuse_after_the_grace() -> None:
    session, _ = rotated(started(), FIRST, 1, NOW + 5)
    assert isinstance(refresh(session, FIRST, new_secret=secret(2), now=NOW + 15, lifetimes=LIFETIMES), Reused)


def test_token_before_the_last_is_reuse_even_in_the_grace() -> None:
    session, token = rotated(started(), FIRST, 1, NOW + 1)
    session, _ = rotated(session, token, 2, NOW + 2)
    assert isinstance(refresh(session, FIRST, new_secret=secret(3), now=NOW + 3, lifetimes=LIFETIMES), Reused)


def test_guessed_secret_of_a_known_family_is_reuse() -> None:
    guess = RefreshToken(family=FIRST.family, secret=b"?" * 32)
    assert isinstance(refresh(started(), guess, new_secret=secret(1), now=NOW, lifetimes=LIFETIMES), Reused)


def test_ended_session_gives_nothing() -> None:
    with pytest.raises(SessionExpiredError):
        refresh(replace(started(), ended_at=NOW), FIRST, new_secret=secret(1), now=NOW, lifetimes=LIFETIMES)


def test_session_of_an_earlier_epoch_gives_nothing() -> None:
    with pytest.raises(SessionExpiredError):
        refresh(started(), FIRST, new_secret=secret(1), now=NOW, lifetimes=LIFETIMES, epoch=1)
    lifted = replace(started(), epoch=1)
    assert isinstance(refresh(lifted, FIRST, new_secret=secret(1), now=NOW, lifetimes=LIFETIMES, epoch=1), Rotated)


def test_session_knows_device_and_network_of_its_last_use_and_no_more() -> None:
    session = started()
    assert (session.device, session.network) == (Device(browser="Firefox", system="Linux"), "192.0.2.0/24")
    session, _ = rotated(session, FIRST, 1, NOW + 5)
    assert (session.device, session.network) == (Device(browser="curl"), "2001:db8:1::/48")
    assert "192.0.2.77" not in repr(started())
    assert "rv:140" not in repr(started())


def test_session_ends_when_it_is_idle_and_at_its_greatest_age() -> None:
    session, token = started(), FIRST
    assert session.expires_at == NOW + 1000
    for step in range(1, 4):
        session, token = rotated(session, token, step, NOW + 900 * step)
    assert session.expires_at == NOW + 3000
    with pytest.raises(SessionExpiredError):
        refresh(session, token, new_secret=secret(9), now=NOW + 3000, lifetimes=LIFETIMES)
    with pytest.raises(SessionExpiredError):
        refresh(started(), FIRST, new_secret=secret(9), now=NOW + 1000, lifetimes=LIFETIMES)


def test_sealed_secret_opens_with_the_last_token_only() -> None:
    session, token = rotated(started(), FIRST, 1, NOW)
    assert session.sealed_secret is not None
    assert session.sealed_secret != token.secret.hex()
    other = RefreshToken(family=b"g" * 16, secret=b"1" * 32)
    forged = replace(session, last_hash=other.secret_hash)
    again = refresh(forged, other, new_secret=secret(2), now=NOW, lifetimes=LIFETIMES)
    assert isinstance(again, Repeated)
    assert again.token.secret != token.secret


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=30))
def test_only_the_last_two_tokens_ever_give_anything(uses: list[tuple[int, int]]) -> None:
    """Bearers with tokens of any age, at any times: none but the present token, or for a moment the last, is served."""
    session, tokens, now = started(), [FIRST], float(NOW)
    for number, (wait, age) in enumerate(uses):
        now += wait
        index = max(0, len(tokens) - 1 - age)
        outcome = refresh(session, tokens[index], new_secret=secret(number), now=now, lifetimes=LIFETIMES)
        match outcome:
            case Rotated():
                assert index == len(tokens) - 1
                session = outcome.session
                tokens.append(outcome.token)
            case Repeated():
                assert index == len(tokens) - 2
                assert outcome.token == tokens[-1]
                assert now < session.used_at + LIFETIMES.grace_s
            case _:
                assert index < len(tokens) - 1
