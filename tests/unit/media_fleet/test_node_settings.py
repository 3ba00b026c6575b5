"""The node's settings."""

from __future__ import annotations

import pytest

from media_fleet.settings import Settings, SettingsError

NEEDED = {
    "PARLEY_NODE_ID": "node-1",
    "PARLEY_NODE_REDIS_URL": "redis://:secret@127.0.0.1:6379/0",
    "PARLEY_NODE_ADVERTISED_ADDRESSES": "192.0.2.1, 2001:db8::1",
}


def test_the_needed_settings_are_enough() -> None:
    settings = Settings.from_environ(NEEDED | {"PATH": "/bin", "PARLEY_GATEWAY_ID": "other"})
    assert settings.advertised_addresses == ("192.0.2.1", "2001:db8::1")
    assert settings.bind_addresses == ("0.0.0.0", "::")
    assert settings.consent_timeout_ms == 15_000


def test_numbers_are_read() -> None:
    assert Settings.from_environ(NEEDED | {"PARLEY_NODE_UDP_PORT": "5004"}).udp_port == 5004


@pytest.mark.parametrize(("given", "most"), [({}, None), ({"PARLEY_NODE_MAX_COMPOSITES": "0"}, 0)])
def test_there_may_be_no_composites_at_all_and_unless_told_as_many_as_processors(
    given: dict[str, str], most: int | None
) -> None:
    assert Settings.from_environ(NEEDED | given).max_composites == most


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PARLEY_NODE_MAX_COMPOSITES", "-1"),
        ("PARLEY_NODE_MAX_COMPOSITES", "many"),
        ("PARLEY_NODE_PORTS", "1"),
        ("PARLEY_NODE_UDP_PORT", "65536"),
        ("PARLEY_NODE_TCP", "true"),
        ("PARLEY_NODE_LAST_N_AUDIO", "-1"),
        ("PARLEY_NODE_LAST_N_VIDEO", "some"),
        ("PARLEY_NODE_TCP_PORT", "-1"),
        ("PARLEY_NODE_UDP_PORT", "many"),
        ("PARLEY_NODE_CONSENT_TIMEOUT_MS", "60000"),
        ("PARLEY_NODE_ADVERTISED_ADDRESSES", "media.example"),
        ("PARLEY_NODE_ADVERTISED_ADDRESSES", ""),
        ("PARLEY_NODE_BIND_ADDRESSES", "192.0.2.1,localhost"),
        ("PARLEY_NODE_BIND_ADDRESSES", "192.0.2.1,192.0.2.2"),
        ("PARLEY_NODE_BIND_ADDRESSES", ","),
        ("PARLEY_NODE_REDIS_URL", "http://x"),
        ("PARLEY_NODE_ID", "a b"),
        ("PARLEY_NODE_THREADS", "65"),
        ("PARLEY_NODE_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_its_name(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        Settings.from_environ(NEEDED | {key: value})


@pytest.mark.parametrize("key", sorted(NEEDED))
def test_a_missing_setting_is_named(key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        Settings.from_environ({k: v for k, v in NEEDED.items() if k != key})


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Settings.from_environ(NEEDED))
