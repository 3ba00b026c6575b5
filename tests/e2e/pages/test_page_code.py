"""What a browser loads: a place's own code, named by the HTML, so that all of it is fetched at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.person import Person
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(120)

_LOADED = """
() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname)
  .filter((path) => path.startsWith("/assets/"))
"""


def _loaded(page: Page) -> list[str]:
    paths: list[str] = page.evaluate(_LOADED)
    return paths


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/", "Meet in your browser"),
        ("/register", "Meet in your browser"),
        ("/m/abc-defg-hjk", "This meeting does not exist"),
    ],
)
def test_nothing_is_loaded_that_the_html_has_not_named(
    person: Callable[..., Person], platform: Platform, path: str, heading: str
) -> None:
    someone = person("Ada")
    answer = someone.page.goto(platform.url + path)
    assert answer is not None
    someone.sees_heading(heading)
    loaded = _loaded(someone.page)
    assert loaded
    html = answer.text()
    assert [name for name in loaded if name not in html] == []


def test_who_signs_in_loads_no_meeting(person: Callable[..., Person], platform: Platform) -> None:
    someone = person("Ada")
    someone.open(platform.url)
    someone.sees_heading("Meet in your browser")
    assert [name for name in _loaded(someone.page) if "MeetingPage" in name] == []
    someone.open(f"{platform.url}/m/abc-defg-hjk")
    someone.sees_heading("This meeting does not exist")
    assert [name for name in _loaded(someone.page) if "MeetingPage" in name] != []
