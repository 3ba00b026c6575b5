"""Devices and networks: enough for people to know their own, and not more."""

from __future__ import annotations

import pytest
from auth_service.domain.devices import Device, device_of, network_of
from hypothesis import given
from hypothesis import strategies as st

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        (None, None, None),
        ("", None, None),
        (f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome", "Windows"),
        (f"{MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge", "Windows"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari", "macOS"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari", "iPhone"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Safari/604.1", "Chrome", "iPhone"),
        (f"{MOZILLA} (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome", "Android"),
        (f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) Chrome/140.0 Safari/537.36", "Chrome", "ChromeOS"),
        ("curl/8.5.0", "curl", None),
        ("<script>alert(1)</script>", None, None),
    ],
)
def test_device_is_named_by_browser_and_system(user_agent: str | None, browser: str | None, system: str | None) -> None:
    assert device_of(user_agent) == Device(browser=browser, system=system)


@given(st.text(max_size=2000))
def test_any_header_gives_a_known_name_or_none(text: str) -> None:
    device = device_of(text)
    assert device.browser is None or len(device.browser) < 20


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (None, None),
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
    ],
)
def test_network_hides_the_household(address: str | None, network: str | None) -> None:
    assert network_of(address) == network
