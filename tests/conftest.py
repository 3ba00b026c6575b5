"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.platform_process import ROOT

if TYPE_CHECKING:
    from tests.doubles.trace_collector import Collector

BROWSER_TESTS = ROOT / "tests" / "e2e"

# How long examples take says how busy the machine is, and nothing of what a test claims.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where a platform's services tell what each part of a trace took, and what coming in took a browser."""
    from tests.doubles.trace_collector import collecting  # few tests need it

    with collecting() as collector:
        yield collector


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests run last, whatever order was asked for.

    Playwright's synchronous interface keeps an event loop running in the main thread while its browser is open, and
    asynchronous tests could start none of their own there.
    """
    items.sort(key=lambda item: item.path.is_relative_to(BROWSER_TESTS))
