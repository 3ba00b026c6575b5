"""One real platform for the tests that only ask it something, and a page that stands in for the built one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.platform_process import Platform


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the one that Vite builds: these tests are about how it is served."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>Parley</title>")
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets").mkdir()
    (folder / "assets" / "index-3fA9.js").write_text("export {};")
    return folder


@pytest.fixture(scope="session")
def platform(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(data=tmp_path_factory.mktemp("data"), web=page) as running:
        yield running


@pytest.fixture
def client(platform: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.url, timeout=30) as client:
        yield client
