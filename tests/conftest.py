"""What holds for all tests."""

from __future__ import annotations

import pytest

from tests.platform_process import ROOT

BROWSER_TESTS = ROOT / "tests" / "e2e"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests run last, whatever order was asked for.

    Playwright's synchronous interface keeps an event loop running in the main thread while its browser is open, and
    asynchronous tests could start none of their own there.
    """
    items.sort(key=lambda item: item.path.is_relative_to(BROWSER_TESTS))
