"""H.264 as it was sent, in a file that a browser plays: in all its sizes, and at every place that somebody goes to."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.async_api import Browser

from media_fleet.recorder.seekable import make_seekable
from tests.unit.media_fleet.test_recorder import SIZES, resized

PLAYED = """async ([data, places]) => {
  const video = document.createElement("video");
  video.muted = true;
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
  await new Promise((done, failed) => {
    video.onloadeddata = done;
    video.onerror = () => failed(new Error(video.error.message));
  });
  const sizes = [];
  for (const place of places) {
    video.currentTime = place;
    await new Promise((done) => { video.onseeked = done; });
    sizes.push([video.videoWidth, video.videoHeight]);
  }
  video.currentTime = 0;
  video.playbackRate = 8;
  const over = new Promise((done) => { video.onended = done; });
  await video.play();
  await over;
  return { sizes, duration: video.duration, error: video.error && video.error.message };
}"""


async def test_chromium_plays_it_and_goes_anywhere_in_it(browser: Browser, tmp_path: Path) -> None:
    about = resized(tmp_path)
    make_seekable(tmp_path)
    data = base64.b64encode((tmp_path / about.name).read_bytes()).decode()
    page = await browser.new_page()
    played = await page.evaluate(PLAYED, [data, [0.5, 12.5, 11.0, 0.2]])
    await page.close()
    first, second, third = (list(size) for size in SIZES)
    assert played["sizes"] == [first, third, second, first], "in the gap the picture stands"
    assert played["error"] is None
    assert played["duration"] == pytest.approx(about.duration_ms / 1000, abs=0.05)
