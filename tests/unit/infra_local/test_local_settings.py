"""The local platform's settings."""

from __future__ import annotations

import pytest

from infra.local.errors import SettingsError
from infra.local.settings import LocalSettings


def test_without_any_variable_the_platform_is_for_this_machine() -> None:
    settings = LocalSettings.from_environ({})
    assert settings.url == "http://localhost:8080"
    assert settings.bind_address == "127.0.0.1"
    assert settings.media_bind_addresses == ("0.0.0.0",)
    assert (settings.gateway_port, settings.media_port) == (8081, 8082)


@pytest.mark.parametrize(
    ("host", "url", "bind_address"),
    [
        ("192.0.2.7", "https://192.0.2.7:8080", "0.0.0.0"),
        ("meet.example", "https://meet.example:8080", "0.0.0.0"),
        ("2001:db8::7", "https://[2001:db8::7]:8080", "::"),
    ],
)
def test_with_a_host_the_platform_is_for_others_over_https(host: str, url: str, bind_address: str) -> None:
    settings = LocalSettings.from_environ({"PARLEY_HOST": host})
    assert settings.url == url
    assert settings.bind_address == bind_address
    assert settings.media_bind_addresses == ("0.0.0.0", "::")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PARLEY_PORT", "eighty"),
        ("PARLEY_PORT", "0"),
        ("PARLEY_MEDIA_PORT", "65536"),
        ("PARLEY_GATEWAY_PORT", ""),
        ("PARLEY_HOST", "a b"),
        ("PARLEY_HOTS", "192.0.2.7"),
        ("PARLEY_NONSENSE_ID", "x"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        LocalSettings.from_environ({variable: value})


def test_the_services_variables_are_theirs() -> None:
    environ = {"PARLEY_NODE_LOG_LEVEL": "debug", "PARLEY_GATEWAY_GRACE_MS": "1", "PARLEY_GATEWAY_PORT": "9001"}
    assert LocalSettings.from_environ(environ).gateway_port == 9001


def test_variables_of_other_programs_do_not_matter() -> None:
    assert LocalSettings.from_environ({"PORT": "1", "HOST": "x", "PARLEYVOUS": "y"}) == LocalSettings()


def test_behind_a_proxy_the_platform_has_its_address_and_is_reached_by_it_alone() -> None:
    settings = LocalSettings.from_environ({"PARLEY_HOST": "meet.example", "PARLEY_PROXY": "on"})
    assert settings.url == "https://meet.example"
    assert settings.bind_address == "127.0.0.1"
    assert settings.media_bind_addresses == ("0.0.0.0", "::")
