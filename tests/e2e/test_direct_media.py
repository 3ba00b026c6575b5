"""Two who are alone see each other directly; when a third comes in, media goes through the node again without a gap."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest
from playwright.sync_api import expect

from contracts.recording_manifest import MANIFEST, Manifest
from infra.local.aws_journal import Journal
from media_fleet.recorder import manifest
from tests.e2e.person import PATIENCE_MS, Person
from tests.platform_process import Platform

MakePerson = Callable[..., Person]

pytestmark = pytest.mark.timeout(240)

_ON_PATH = "(path) => window.__parleyRoom.state.path === path"
_SENT = """async () => (await window.__parleyRoom.getStats()).tracks
  .filter(({ direction, rid }) => direction === "sent" && rid !== "q").reduce((sum, { packets }) => sum + packets, 0)"""
_WATCH_FRAMES = """(video) => {
  window.__frames = [];
  const note = (now) => { window.__frames.push(now); video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback(note);
}"""
_LONGEST_GAP_MS = "() => Math.max(...window.__frames.slice(1).map((at, index) => at - window.__frames[index]))"


def goes(someone: Person, path: str) -> None:
    # Long enough for a direct path that fails at first, and is tried again.
    someone.page.wait_for_function(_ON_PATH, arg=path, timeout=60_000)


def sends_the_node_little(someone: Person) -> None:
    """Two counts in a row are the same, but for the lowest layer of the camera."""
    someone.page.wait_for_function(
        f"""async () => {{
          const count = await ({_SENT})();
          const before = window.__sent;
          window.__sent = count;
          return before === count;
        }}""",
        polling=1_000,
    )


@pytest.fixture
def two(person: MakePerson) -> tuple[Person, Person, str]:
    ada = person("Ada")
    ada.register()
    link = ada.create_meeting("Between us")
    ada.join(link)
    ben = person("Ben")
    ben.join(link)
    ada.sees_picture("Ben")
    ada.allow_direct_media()
    for each in (ada, ben):
        goes(each, "direct")
    return ada, ben, link


def test_two_see_and_hear_each_other_directly_and_send_the_node_little_but_for_what_is_recorded(
    two: tuple[Person, Person, str], platform: Platform
) -> None:
    ada, ben, _ = two
    for me, other in ((ada, ben), (ben, ada)):
        sends_the_node_little(me)
        other.sees_picture(me.name)
        other.hears(me.name)
    expect(ada.page.get_by_role("img", name="Picture and sound go directly")).to_be_visible()
    ben.press("Turn off microphone")
    ada.waits_for_track("Ben", "microphone", muted=True)
    ben.press("Turn on microphone")
    ada.waits_for_track("Ben", "microphone", muted=False)
    ada.hears("Ben")
    ben.press("Turn off camera")
    ada.sees_no_picture("Ben")
    ben.press("Turn on camera")
    ada.sees_picture("Ben")
    is_recorded_through_the_node(ada, ben, platform.data)


def is_recorded_through_the_node(ada: Person, ben: Person, data: Path) -> None:
    """Both are told, and are in the bucket with picture and sound; then they are direct again."""
    ada.press("Record the meeting")
    dialog = ada.page.get_by_role("dialog", name="Record the meeting")
    dialog.get_by_text("Each camera, microphone and screen").click()
    dialog.get_by_role("button", name="Start recording").click()
    for each in (ada, ben):
        expect(each.page.get_by_text("REC", exact=True)).to_be_visible()
        expect(each.page.get_by_text("This meeting is being recorded. Breakout rooms are not.").first).to_be_attached()
        goes(each, "node")
    ada.sees_picture("Ben")
    ben.hears("Ada")
    within(lambda: len(seen_and_heard(data / "recordings")) == 4)
    ada.press("Stop recording")
    for each in (ada, ben):
        expect(each.page.get_by_text("REC", exact=True)).not_to_be_visible()
        goes(each, "direct")
    within(lambda: not list((data / "recordings").glob("*/*/*")))
    kept = {each.path: each.body for each in Journal(data / "aws" / "journal.jsonl").entries()}
    (told,) = (msgspec.json.decode(kept[path], type=Manifest) for path in kept if path.endswith(f"/{MANIFEST}"))
    files = {file.name: next(kept[path] for path in kept if path.endswith(f"/{file.name}")) for file in told.files}
    for file in told.files:
        with av.open(io.BytesIO(files[file.name]), "r") as container:
            kind = "video" if file.source.kind == "video" else "audio"
            assert len(list(container.decode(**{kind: 0}))) >= file.frames - 1
        assert file.frames > 1
        assert file.publisher_clock_ms is not None


def seen_and_heard(recordings: Path) -> set[str]:
    """The files of recordings that are being made: with a second of something, and the time by its publisher."""
    told = [manifest.read(path.parent) for path in recordings.glob(f"*/*/*/{MANIFEST}")]
    files = [file for each in told for file in each.files]
    return {file.name for file in files if file.duration_ms > 1_000 and file.publisher_clock_ms is not None}


def within(condition: Callable[[], bool]) -> None:
    """Until it holds, for what announces itself to nobody."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_third_who_comes_in_is_no_gap_and_two_are_direct_again(
    two: tuple[Person, Person, str], person: MakePerson
) -> None:
    ada, ben, link = two
    sends_the_node_little(ben)
    video: Any = ada.tile("Ben").locator("video").element_handle()
    ada.page.evaluate(_WATCH_FRAMES, video)
    cleo = person("Cleo")
    cleo.join(link)
    for each in (ada, ben):
        goes(each, "node")
        cleo.sees_picture(each.name)
        each.sees_picture("Cleo")
    ada.sees_picture("Ben")
    gap_ms = ada.page.evaluate(_LONGEST_GAP_MS)
    # A small machine that starts a third browser makes everybody stand still for a second, on any path.
    assert gap_ms < 4_000
    cleo.leave()
    for each in (ada, ben):
        goes(each, "direct")
    ada.sees_picture("Ben")
    ben.hears("Ada")
