"""Password hashes: what they hold, when they are renewed, and that nobody's costs what anybody's does."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from auth_service.adapters import passwords as adapter
from auth_service.adapters.passwords import Passwords


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(memory_kib=64, time_cost=1, parallelism=1)


def test_hash_is_argon2id_with_the_parameters_asked_for(passwords: Passwords) -> None:
    parameters = extract_parameters(passwords.hash("secret"))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (64, 1, 1)


def test_only_the_right_password_matches(passwords: Passwords) -> None:
    stored = passwords.hash("secret")
    assert passwords.matches("secret", stored)
    assert not passwords.matches("Secret", stored)
    assert not passwords.matches("", stored)


def test_two_hashes_of_one_password_differ(passwords: Passwords) -> None:
    assert passwords.hash("secret") != passwords.hash("secret")


def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not passwords.matches("", None)
    assert not passwords.matches("secret", None)


def test_nobodys_password_is_checked_with_the_same_work(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[tuple[int, int]] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, stored: str | bytes, password: str | bytes) -> bool:
        parameters = extract_parameters(str(stored))
        checked.append((parameters.memory_cost, parameters.time_cost))
        return verify(self, stored, password)

    stored = passwords.hash("secret")
    monkeypatch.setattr(PasswordHasher, "verify", counting)
    passwords.matches("wrong", stored)
    passwords.matches("wrong", None)
    assert checked == [(64, 1), (64, 1)]


@pytest.mark.parametrize(
    ("former", "made_up"),
    [
        ((64, 1), [(192, 2), (128, 1)]),
        ((128, 2), [(192, 1), (128, 1)]),
        ((190, 3), []),
        ((192, 3), []),
        ((256, 4), []),
        (None, [(192, 3)]),
    ],
)
def test_a_wrong_password_costs_as_much_where_the_hash_has_former_parameters(
    former: tuple[int, int] | None, made_up: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = "broken"
    if former is not None:
        stored = Passwords(memory_kib=former[0], time_cost=former[1], parallelism=1).hash("secret")
    present = Passwords(memory_kib=192, time_cost=3, parallelism=1)
    done: list[tuple[int, int]] = []

    def counting(_secret: bytes, _salt: bytes, time_cost: int, memory_cost: int, *_: object) -> bytes:
        done.append((memory_cost, time_cost))
        return b""

    monkeypatch.setattr(adapter, "hash_secret_raw", counting)
    assert not present.matches("wrong", None)
    assert done == [], "nobody's hash has today's parameters"
    assert not present.matches("wrong", stored)
    assert done == made_up
    assert all(memory * passes + former[0] * former[1] <= 192 * 3 for memory, passes in done if former)


def test_hash_with_lower_parameters_is_outdated(passwords: Passwords) -> None:
    stored = passwords.hash("secret")
    raised = Passwords(memory_kib=128, time_cost=1, parallelism=1)
    assert raised.matches("secret", stored)
    assert raised.is_outdated(stored)
    assert not passwords.is_outdated(stored)


def test_broken_stored_hash_matches_nothing(passwords: Passwords) -> None:
    assert not passwords.matches("secret", "not a hash")
