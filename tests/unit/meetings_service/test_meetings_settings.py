"""The meeting service's settings: what stops the start, and that no secret is shown."""

from __future__ import annotations

import pytest
from meetings_service.settings import MeetingsSettings

from functions.serverless.settings import SettingsError

GIVEN = {
    "PARLEY_MEETINGS_TABLE": "t",
    "PARLEY_MEETINGS_SIGNING_SECRET": "s",
    "PARLEY_MEETINGS_SEALING_SECRET": "s",
    "PARLEY_MEETINGS_ISSUER": "https://meet.test/v1/meetings",
    "PARLEY_MEETINGS_AUTH_ISSUER": "https://meet.test/v1/auth",
    "PARLEY_MEETINGS_AUTH_JWKS_URL": "https://meet.test/v1/auth/.well-known/jwks.json",
    "PARLEY_MEETINGS_PUBLIC_URL": "https://meet.test",
    "PARLEY_MEETINGS_GATEWAY_URL": "wss://meet.test",
    "PARLEY_MEETINGS_RECORDINGS_BUCKET": "recordings",
    "PARLEY_MEETINGS_REDIS_URL": "rediss://:hunter2@redis.test:6379/0",
}


def test_ice_servers_are_given_as_json() -> None:
    servers = '[{"urls": ["turn:turn.test:3478"], "username": "u", "credential": "hunter2"}]'
    settings = MeetingsSettings.from_environ(GIVEN | {"PARLEY_MEETINGS_ICE_SERVERS": servers})
    assert settings.ice_servers[0].urls == ("turn:turn.test:3478",)
    assert MeetingsSettings.from_environ(GIVEN).ice_servers == ()


def test_secrets_are_not_shown() -> None:
    servers = '[{"urls": ["turn:turn.test:3478"], "username": "u", "credential": "hunter2"}]'
    settings = MeetingsSettings.from_environ(GIVEN | {"PARLEY_MEETINGS_ICE_SERVERS": servers})
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.ice_servers)


@pytest.mark.parametrize("name", list(GIVEN))
def test_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        MeetingsSettings.from_environ({key: value for key, value in GIVEN.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_MEETINGS_REDIS_URL", "http://hunter2"),
        ("PARLEY_MEETINGS_ICE_SERVERS", "hunter2"),
        ("PARLEY_MEETINGS_ICE_SERVERS", '[{"urls": ["hunter2:x"]}]'),
        ("PARLEY_MEETINGS_TURN_URLS", '["turn:hunter2"]'),
        ("PARLEY_MEETINGS_HUNTER", "hunter2"),
        ("PARLEY_MEETINGS_AUTH_JWKS_URL", "file:///etc/hunter2"),
    ],
)
def test_bad_variable_is_named_and_its_value_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        MeetingsSettings.from_environ(GIVEN | {name: value})
    assert "hunter2" not in str(caught.value)
