"""The authentication service's settings: what stops the start, and that the text names the variable."""

from __future__ import annotations

import pytest
from auth_service.settings import AuthSettings

from functions.serverless.settings import SettingsError

GIVEN = {
    "PARLEY_AUTH_TABLE": "t",
    "PARLEY_AUTH_SIGNING_SECRET": "s",
    "PARLEY_AUTH_SEALING_SECRET": "k",
    "PARLEY_AUTH_ISSUER": "https://meet.test/v1/auth",
    "PATH": "/bin",
    "PARLEY_MEETINGS_TABLE": "of the other service",
}


def test_defaults_are_owasps() -> None:
    settings = AuthSettings.from_environ(GIVEN)
    assert (settings.argon2_memory_kib, settings.argon2_time_cost, settings.argon2_parallelism) == (19_456, 2, 1)
    assert settings.secure_cookies


def test_cookies_are_not_secure_without_https() -> None:
    assert not AuthSettings.from_environ(GIVEN | {"PARLEY_AUTH_ISSUER": "http://localhost:8080/v1/auth"}).secure_cookies


def test_administrators_are_user_ids() -> None:
    one = f"u_{'a2' * 13}"
    assert AuthSettings.from_environ(GIVEN).administrators == ()
    settings = AuthSettings.from_environ(GIVEN | {"PARLEY_AUTH_ADMINISTRATORS": f'["{one}"]'})
    assert settings.administrators == (one,)


@pytest.mark.parametrize(
    "name", ["PARLEY_AUTH_TABLE", "PARLEY_AUTH_SIGNING_SECRET", "PARLEY_AUTH_SEALING_SECRET", "PARLEY_AUTH_ISSUER"]
)
def test_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        AuthSettings.from_environ({key: value for key, value in GIVEN.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_AUTH_TABEL", "typo"),
        ("PARLEY_AUTH_REFRESH_GRACE_S", "soon"),
        ("PARLEY_AUTH_REFRESH_GRACE_S", "-1"),
        ("PARLEY_AUTH_ARGON2_TIME_COST", "2.5"),
        ("PARLEY_AUTH_ISSUER", "ftp://x"),
        ("PARLEY_AUTH_ADMINISTRATORS", '["ada@example.org"]'),
        ("PARLEY_AUTH_ADMINISTRATORS", "u_x"),
    ],
)
def test_bad_variable_is_named_and_its_value_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        AuthSettings.from_environ(GIVEN | {name: value})
    assert value not in str(caught.value)
