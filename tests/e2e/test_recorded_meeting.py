"""A meeting of known pictures and tones, recorded as one video and as tracks, in a browser that plays both: every place
that somebody goes to shows what was there then."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect

from contracts.recording_manifest import MANIFEST, Manifest
from contracts.rooms import CompositeLayout, ParticipantId
from media_fleet.composer.layout import Onlooker, Rectangle, arrange
from tests.e2e.pages.test_accessibility import violations
from tests.e2e.pages.test_meeting_pages import api_of
from tests.e2e.person import PATIENCE_MS, Person
from tests.integration.platform.test_recordings import until
from tests.platform_process import Platform

pytestmark = pytest.mark.timeout(600)
MakePerson = Callable[..., Person]

PATTERN = Path(__file__).with_name("pattern.js")
TURN_MS = 13_000
STEP_MS, BITS = 128, 12
LATE_MS = 1_500
"""A picture is encoded, sent and drawn; on a busy machine that takes its time."""
UPLOADED_S = 240
"""Nothing on a machine is more patient than what brings films to the bucket."""
WHOLE = Rectangle(0, 0, 640, 360)
READ = """
async ([selector, ms, place]) => {
  const video = document.querySelector(selector);
  video.pause();
  const there = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
  if (ms !== null) { video.currentTime = ms / 1000; await there; }
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const canvas = new OffscreenCanvas(640, 360);
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 640, 360);
  const at = (x, y) => {
    const [left, top] = [place.left + x * place.width, place.top + y * place.height];
    return [...context.getImageData(Math.round(left), Math.round(top), 1, 1).data.slice(0, 3)];
  };
  const bits = Array.from({ length: 12 }, (_, bit) => at((bit + 0.5) / 12, 0.25));
  return { bits, colour: at(0.5, 0.7), ms: video.currentTime * 1000 };
}
"""


class Seen:
    """What a place of a picture shows."""

    def __init__(self, page: Page, selector: str, ms: float | None, place: Rectangle = WHOLE) -> None:
        found: dict[str, Any] = page.evaluate(READ, [selector, ms, msgspec.to_builtins(place)])
        self.at: float = found["ms"]
        bits = "".join("01"[sum(colour) > 3 * 127] for colour in found["bits"])
        self.time = int(bits, 2)
        self.colour: list[int] = found["colour"]

    def is_of(self, moment: float) -> bool:
        """Whether it was seen then (milliseconds since the epoch), or less than `LATE_MS` before."""
        steps: int = (int(moment / STEP_MS) - self.time) % 2**BITS
        return steps * STEP_MS <= LATE_MS or steps >= 2**BITS - 3


def tiles() -> tuple[Rectangle, Rectangle]:
    """Where two people are in the picture."""
    people = [Onlooker(id=ParticipantId(each), has_picture=True) for each in "ab"]
    first, second = arrange(people, layout=CompositeLayout.GRID, speaker=None, width=640, height=360)
    return first.place, second.place


def patterned(someone: Person, colour: str, tone: int) -> Person:
    """Somebody whose camera and microphone are of the pattern."""
    someone.page.add_init_script(path=PATTERN)
    someone.page.add_init_script(f"Object.assign(window.__pattern, {{ colour: '{colour}', tone: {tone} }})")
    return someone


def manifests(platform: Platform, recording_id: str) -> list[Manifest]:
    found = Path(platform.data).glob(f"recordings/*/{recording_id}/*/{MANIFEST}")
    return [msgspec.json.decode(path.read_bytes(), type=Manifest) for path in found]


def film_ms(platform: Platform, recording_id: str) -> int:
    """How long the film is by now."""
    films = [film for each in manifests(platform, recording_id) for film in each.composites]
    return max((film.duration_ms for film in films), default=0)


def speaks(platform: Platform, recording_id: str, who: Person, *, until_ms: int) -> None:
    who.page.evaluate("__speak(true)")
    until(lambda: film_ms(platform, recording_id) >= until_ms, f"{who.name} is heard")
    who.page.evaluate("__speak(false)")


def ready(api: httpx.Client, path: str) -> dict[str, Any] | None:
    """What the catalogue says of a recording, once all of it is there."""
    told: dict[str, Any] = api.get(path).json()
    return told if told["state"] == "ready" else None


@pytest.fixture
def recorded(person: MakePerson, platform: Platform) -> tuple[Person, str, dict[str, Any], dict[str, int]]:
    """A meeting of Ada, who speaks first, and Ben: the recording's id, what the catalogue says of it, and when the
    clocks of its parts began."""
    ada = patterned(person("Ada"), "rgb(200, 30, 30)", 440)
    ben = patterned(person("Ben"), "rgb(30, 30, 220)", 660)
    ada.register()
    link = ada.create_meeting("Planning the year")
    ada.join(link)
    ben.join(link)
    for one, other in ((ada, "Ben"), (ben, "Ada")):
        one.sees_frames(other)
    meeting = link.rpartition("/")[2]
    with api_of(ada.page, platform) as api:
        begun = api.post(f"/v1/rooms/{meeting}/recording", json={"kind": "both"})
        assert begun.status_code < 300, begun.text
        recording_id: str = begun.json()["recording_id"]
        speaks(platform, recording_id, ada, until_ms=TURN_MS)
        speaks(platform, recording_id, ben, until_ms=2 * TURN_MS)
        assert api.post(f"/v1/meetings/{meeting}/end").status_code < 300
        ben.page.goto("about:blank")
        path = f"/v1/meetings/recordings/{recording_id}"
        told: dict[str, Any] = until(lambda: ready(api, path), "it is ready", within_s=UPLOADED_S)
        started = {}
        for file in told["files"]:
            if file["source"] == "manifest":
                address = api.post(f"{path}/files/{file['id']}/download").json()["url"]
                started[file["part"]] = api.get(address, headers={"Authorization": ""}).json()["started_at"]
    return ada, recording_id, told, started


def screenshots(person: Person, name: str) -> None:
    for kind, width, height in (("phone", 390, 844), ("desktop", 1280, 900)):
        person.page.set_viewport_size({"width": width, "height": height})
        person.screenshot(f"{name}-{kind}")


def plays_the_film(ada: Person, told: dict[str, Any], started: dict[str, int]) -> None:
    page = ada.page
    [film] = [each for each in told["files"] if each["source"] == "meeting"]
    page.get_by_role("button", name="Play: The whole meeting").first.click()
    page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.1")
    length = page.evaluate("document.querySelector('video').duration") * 1000
    assert length == pytest.approx(film["duration_ms"], abs=150)
    began = started[film["part"]]
    for ms in (12_000, 3_000, 21_500, 7_300):
        for place, red_or_blue in zip(tiles(), (0, 2), strict=True):
            seen = Seen(page, "video", ms, place)
            assert seen.colour.index(max(seen.colour)) == red_or_blue
            assert seen.is_of(began + ms), f"what was there at {ms} ms"


def goes_to_chapters(ada: Person, told: dict[str, Any], started: dict[str, int]) -> None:
    page = ada.page
    [film] = [each for each in told["files"] if each["source"] == "meeting"]
    first, second = film["chapters"]
    assert [[who["name"] for who in each["speakers"]] for each in (first, second)] == [["Ada"], ["Ben"]]
    assert second["start_ms"] == pytest.approx(TURN_MS, abs=4_000)
    chapters = page.get_by_role("list", name="Chapters").get_by_role("button")
    expect(chapters).to_have_count(2)
    chapters.nth(1).click()
    page.wait_for_function(
        "(ms) => document.querySelector('video').currentTime * 1000 > ms", arg=second["start_ms"] + 300
    )
    expect(chapters.nth(1)).to_have_attribute("aria-current", "true")
    screenshots(ada, "recording-chapters")
    seen = Seen(page, "video", None, tiles()[1])
    assert second["start_ms"] < seen.at < second["end_ms"]
    assert seen.is_of(started[film["part"]] + seen.at)
    chapters.nth(0).click()
    expect(chapters.nth(0)).to_have_attribute("aria-current", "true")
    cues = page.evaluate(
        "[...document.querySelector('track').track.cues].map(({ startTime, text }) => [startTime * 1000, text])"
    )
    assert cues == [[pytest.approx(each["start_ms"]), name] for each, name in ((first, "Ada"), (second, "Ben"))]


def plays_a_track(ada: Person, told: dict[str, Any], started: dict[str, int]) -> None:
    page = ada.page
    [camera] = [each for each in told["files"] if (each["source"], each["name"]) == ("camera", "Ben")]
    assert camera["content_type"] == "video/webm"
    page.get_by_role("button", name="Play: Ben, Camera").click()
    player = "section[aria-label='Player: Ben, Camera'] video"
    page.wait_for_function(f'() => document.querySelector("{player}")?.currentTime > 0.1')
    length = page.evaluate(f'document.querySelector("{player}").duration') * 1000
    assert length == pytest.approx(camera["duration_ms"], abs=150)
    for ms in (15_000, 4_000, 9_900):
        seen = Seen(page, player, ms)
        assert seen.colour.index(max(seen.colour)) == 2
        assert seen.is_of(started[camera["part"]] + camera["start_ms"] + ms), f"what was there at {ms} ms"
    page.get_by_role("button", name="Close the player").click()


def test_every_place_of_a_recording_shows_what_was_there_then(
    recorded: tuple[Person, str, dict[str, Any], dict[str, int]], platform: Platform
) -> None:
    ada, recording_id, told, started = recorded
    page = ada.page
    page.goto(f"{platform.url}/recordings")
    thumb = page.get_by_role("list", name="Yours").locator("img")
    thumb.wait_for()
    page.wait_for_function("(image) => image.naturalWidth === 640", arg=thumb.element_handle(), timeout=PATIENCE_MS)
    screenshots(ada, "recordings-with-posters")
    page.get_by_role("link", name=re.compile("^Open the recording Planning the year")).click()
    page.wait_for_url(f"{platform.url}/recordings/{recording_id}")
    page.get_by_role("list", name="Chapters").wait_for()
    page.wait_for_function("() => document.querySelector('section img')?.naturalWidth === 640")
    page.get_by_text("Ada, Ben", exact=True).wait_for()
    screenshots(ada, "recording-with-poster")
    assert violations(page, "a recording with a poster") == []
    plays_the_film(ada, told, started)
    goes_to_chapters(ada, told, started)
    plays_a_track(ada, told, started)
    assert violations(page, "a recording that is over") == []
