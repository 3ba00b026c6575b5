"""Click to first remote frame, on the running platform: `python -m bench.join [--joins N]`.

A host is in the meeting with camera and microphone. A guest opens the link, waits for the preview, and clicks "Join
now"; the time is taken in the guest's page, from the click to the first presented frame of the host
(`requestVideoFrameCallback`). Encoder, node, gateway, functions and both browsers share this machine. Prints the table
and writes ``artefacts/join.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests import chromium
from tests.e2e.conftest import CHROMIUM_ARGUMENTS
from tests.e2e.person import Person
from tests.platform_process import ROOT, Platform

_WATCH = """
() => {
  const marks = (window.__joinMarks = {});
  document.addEventListener("click", (event) => {
    if (event.target.closest("button")?.textContent?.trim() === "Join now") marks.click = performance.now();
  }, { capture: true });
  const room = () => window.__parleyRoom;
  const mark = (name) => { marks[name] ??= performance.now(); };
  const look = () => {
    const state = room()?.state;
    if (marks.click !== undefined && state) {
      if (state.status === "connected") mark("connected");
      const other = state.participants.find((participant) => !participant.isSelf);
      const track = other?.tracks.find((candidate) => candidate.source === "camera")?.mediaTrack;
      if (track) mark("track");
      const tile = other && document.querySelector(`[data-testid=tile][data-participant-id="${other.id}"] video`);
      if (tile && !tile.__watched) {
        tile.__watched = true;
        tile.requestVideoFrameCallback((now) => { marks.frame = now; });
      }
    }
    if (marks.frame === undefined) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
STEPS = ("connected", "track", "frame")


def join_once(browser: Browser, url: str, link: str, number: int) -> dict[str, float]:
    """Milliseconds from the click to each step."""
    guest = Person(browser, url, f"Guest {number}", Path(tempfile.gettempdir()))
    page: Page = guest.page
    guest.open(link)
    page.get_by_label("Your name").fill(guest.name)
    page.wait_for_function("() => [...document.querySelectorAll('video')].some((v) => v.videoWidth > 0)")
    page.evaluate(_WATCH)
    page.get_by_role("button", name="Join now").click()
    page.wait_for_function("() => window.__joinMarks.frame !== undefined")
    marks: dict[str, float] = page.evaluate("window.__joinMarks")
    guest.leave()
    guest.close()
    return {step: marks[step] - marks["click"] for step in STEPS}


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the values lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def measure(joins: int) -> dict[str, Any]:
    """Joins one after the other, into a meeting that a host is in; the first is thrown away (caches are cold)."""
    with (
        tempfile.TemporaryDirectory() as data,
        Platform(data=Path(data)) as platform,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.EXECUTABLE, args=CHROMIUM_ARGUMENTS)
        host = Person(browser, platform.url, "Ada", Path(data))
        host.register()
        link = host.create_meeting("Bench")
        host.join(link)
        runs = [join_once(browser, platform.url, link, number) for number in range(joins + 1)][1:]
        browser.close()
    summary = {
        step: {
            "median_ms": round(statistics.median(run[step] for run in runs), 1),
            "p95_ms": round(percentile([run[step] for run in runs], 0.95), 1),
        }
        for step in STEPS
    }
    return {"joins": joins, "from_click_to": summary, "runs": runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=20)
    result = measure(parser.parse_args().joins)
    print(f"{'from the click to':24}{'median':>10}{'p95':>10}   ({result['joins']} joins)")
    for step, label in zip(STEPS, ("in the room", "track attached", "first frame shown"), strict=True):
        figures = result["from_click_to"][step]
        print(f"{label:24}{figures['median_ms']:>8} ms{figures['p95_ms']:>7} ms")
    target = ROOT / "artefacts" / "join.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
