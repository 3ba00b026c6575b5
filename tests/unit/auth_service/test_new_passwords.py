"""New passwords: long enough and not among those that are guessed first, and nothing else is asked of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from auth_service.adapters.passwords import Passwords
from auth_service.errors import WeakPasswordError
from auth_service.new_passwords import NewPasswords

NEW = NewPasswords(passwords=Passwords(memory_kib=8, time_cost=1, parallelism=1), min_length=10, site="meet.acme.test")


def hashed(password: str) -> str:
    return NEW.hash(password, email="lovelace@analytical.example", display_name="Augusta Byron")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "x7!Kq9#Lm",
        "👩‍🚀" * 3,
        "ssssssssssssss",
        "1234567890",
        "qwertyuiop",
        "password1234",
        "Passw0rd!Passw0rd!",
        "lovelace@analytical.example",
        "analytical1",
        "augusta2024",
        "ü" * 200,
    ],
)
def test_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        hashed(password)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "пароль пароль", "ada liest gern abends", "kzqw vbnt plmx", "x7!Kq9#LmZ"],
)
def test_no_rules_of_composition(password: str) -> None:
    assert hashed(password).startswith("$argon2id$")


def test_lists_are_loaded_when_a_password_is_chosen_and_not_before() -> None:
    """The cold start of the function does not pay for them."""
    code = "import sys; import auth_service.new_passwords, auth_service.registration; print('zxcvbn' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "False"
