"""The page in Firefox, in a meeting with people at Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.doubles.firefox import Firefox, FirefoxPage, firefox
from tests.e2e.person import RECEIVED, SHOWS_A_PICTURE, Person

MakePerson = Callable[..., Person]

pytestmark = [pytest.mark.interop, pytest.mark.timeout(240)]

_VIDEO: Final = """(name) => [...document.querySelectorAll("[data-testid=tile]")]
  .find((tile) => tile.getAttribute("aria-label") === name)?.querySelector("video")"""


class PersonAtFirefox:
    """Someone who does in Firefox what `Person` does in Chromium, as far as it is asked here."""

    def __init__(self, portal: BlockingPortal, browser: Firefox, name: str) -> None:
        self.name = name
        self._portal = portal
        self._browser = browser
        self.page: FirefoxPage = portal.call(browser.new_page)

    def join(self, link: str) -> None:
        call = self._portal.call
        call(self.page.goto, link)
        call(self.page.fill, "textbox", "Your name", self.name)
        call(self.page.wait_for, "() => [...document.querySelectorAll('video')].some((v) => v.videoWidth > 0)")
        call(self.page.click, "button", "Join now")
        call(self.page.wait_for, "() => window.__parleyRoom?.state.status === 'connected'")

    def sees_picture(self, name: str) -> None:
        """The picture of somebody goes on, and is neither black nor of one colour."""
        first = self._await_frames(name, 1)
        self._await_frames(name, first + 8)
        self.waits_for(f"(name) => ({SHOWS_A_PICTURE})(({_VIDEO})(name))", name)

    def _await_frames(self, name: str, count: int) -> int:
        decoded = f"async (name) => (await ({RECEIVED})([name, 'camera']))?.frames ?? 0"
        enough = f"async ([name, count]) => {{ const now = await ({decoded})(name); return now >= count && now; }}"
        return int(self.waits_for(enough, [name, count]))

    def waits_for(self, condition: str, arg: Any = None) -> Any:
        """Waits until an expression is truthy; its value."""
        return self._portal.call(self.page.wait_for, condition, arg)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(self._portal.call(self.page.screenshot))

    @property
    def errors(self) -> list[str]:
        """What the page threw and did not catch."""
        return self._browser.errors


@pytest.fixture
def fay(tmp_path: Path, artefacts: Path) -> Iterator[PersonAtFirefox]:
    # Playwright's loop runs in this thread already.
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(firefox(tmp_path)) as browser:
        someone = PersonAtFirefox(portal, browser, "Fay")
        try:
            yield someone
        finally:
            someone.screenshot(artefacts / "firefox.png")
        assert someone.errors == []


def test_people_at_firefox_and_chromium_meet(person: MakePerson, fay: PersonAtFirefox) -> None:
    ada = person("Ada")
    ada.register()
    link = ada.create_meeting("Weekly planning")
    ada.join(link)
    fay.join(link)
    # The camera that Firefox makes up is of one colour, which changes.
    ada.sees_frames("Fay")
    ada.hears("Fay")
    fay.sees_picture("Ada")
    ada.allow_direct_media()
    fay.waits_for("() => window.__parleyRoom.state.path === 'direct'")
    ada.sees_frames("Fay")
    fay.sees_picture("Ada")
    # With a third person it goes through the node again.
    bea = person("Bea")
    bea.join(link)
    fay.waits_for("() => window.__parleyRoom.state.path === 'node'")
    for chromium in (ada, bea):
        chromium.sees_frames("Fay")
        chromium.hears("Fay")
        fay.sees_picture(chromium.name)
