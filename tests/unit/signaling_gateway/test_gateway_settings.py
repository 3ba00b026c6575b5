"""The gateway's settings."""

from __future__ import annotations

import pytest

from signaling_gateway.settings import GatewaySettings, SettingsError

LEAST = {
    "PARLEY_GATEWAY_MEETINGS_ISSUER": "https://parley.test/v1/meetings",
    "PARLEY_GATEWAY_MEETINGS_JWKS_URL": "https://parley.test/jwks.json",
}


def test_the_least_settings_have_defaults_for_the_rest() -> None:
    settings = GatewaySettings.from_environ({**LEAST, "PATH": "/bin", "PARLEY_NODE_ID": "x"})
    assert (settings.port, settings.grace_ms, settings.allowed_origins) == (8081, 30_000, ())


def test_values_are_cast() -> None:
    settings = GatewaySettings.from_environ(
        {
            **LEAST,
            "PARLEY_GATEWAY_PORT": "9000",
            "PARLEY_GATEWAY_ALLOWED_ORIGINS": "https://a.test, https://b.test",
            "PARLEY_GATEWAY_REGIONS": "eu-west, us-east",
            "PARLEY_GATEWAY_TLS_CERTIFICATE": "/c.pem",
            "PARLEY_GATEWAY_TLS_KEY": "/k.pem",
        }
    )
    assert settings.port == 9000
    assert settings.allowed_origins == ("https://a.test", "https://b.test")
    assert settings.regions == ("eu-west", "us-east")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PARLEY_GATEWAY_PORT", "many"),
        ("PARLEY_GATEWAY_PORT", "65536"),
        ("PARLEY_GATEWAY_GRACE_MS", "-1"),
        ("PARLEY_GATEWAY_ID", "a b"),
        ("PARLEY_GATEWAY_REDIS_URL", "http://x"),
        ("PARLEY_GATEWAY_MEETINGS_JWKS_URL", "file:///etc/passwd"),
        ("PARLEY_GATEWAY_SURPRISE", "1"),
        ("PARLEY_GATEWAY_TURN_URLS", "turn:turn.test"),
        ("PARLEY_GATEWAY_TURN_URLS", '["https://turn.test"]'),
        ("PARLEY_GATEWAY_TURN_URLS", '["turn:turn.test>"]'),
        ("PARLEY_GATEWAY_TLS_KEY", "/k.pem"),
    ],
)
def test_a_bad_or_unknown_setting_stops_the_start_with_its_key(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        GatewaySettings.from_environ({**LEAST, key: value})


def test_turn_servers_take_a_secret() -> None:
    urls = {**LEAST, "PARLEY_GATEWAY_TURN_URLS": '["turn:turn.test:3478","turns:turn.test:443?transport=tcp"]'}
    settings = GatewaySettings.from_environ({**urls, "PARLEY_GATEWAY_TURN_SECRET": "s" * 16})
    assert settings.turn_urls == ("turn:turn.test:3478", "turns:turn.test:443?transport=tcp")
    with pytest.raises(SettingsError, match="PARLEY_GATEWAY_TURN_SECRET"):
        GatewaySettings.from_environ({**urls, "PARLEY_GATEWAY_TURN_SECRET": "s" * 15})


@pytest.mark.parametrize("key", LEAST)
def test_a_missing_setting_stops_the_start_with_its_key(key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        GatewaySettings.from_environ({name: value for name, value in LEAST.items() if name != key})


def test_secrets_in_addresses_do_not_print() -> None:
    settings = GatewaySettings.from_environ({**LEAST, "PARLEY_GATEWAY_REDIS_URL": "redis://:hidden@redis.test"})
    assert "hidden" not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        GatewaySettings.from_environ({**LEAST, "PARLEY_GATEWAY_REDIS_URL": "http://:hidden@redis.test"})
    assert "hidden" not in str(refused.value)
