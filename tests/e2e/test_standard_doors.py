"""Encoders that come into a meeting by WHIP, as somebody at a browser sees and hears them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.person import Person
from tests.platform_process import ROOT, Platform

MakePerson = Callable[..., Person]
Stream = Callable[[str, str], "subprocess.Popen[str]"]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def ffmpeg(tmp_path: Path) -> Iterator[Stream]:
    """Streams to an address with a bearer token."""
    started: list[subprocess.Popen[str]] = []

    def stream(address: str, token: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.doubles.ffmpeg_whip", address, token, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "streaming\n"
        return process

    yield stream
    for process in started:
        process.kill()
        process.communicate()


def test_ffmpeg_is_seen_and_heard_until_it_ends(person: MakePerson, platform: Platform, ffmpeg: Stream) -> None:
    ada = person("Ada")
    ada.register()
    link = ada.create_meeting("Weekly planning")
    ada.join(link)
    joined = httpx.post(
        f"{platform.url}/v1/meetings/{link.rpartition('/m/')[2]}/join", json={"display_name": "Encoder"}, timeout=30
    )
    process = ffmpeg(f"{platform.url.rstrip('/')}/whip", joined.json()["meeting_token"])
    ada.sees_picture("Encoder")
    ada.hears("Encoder")
    ada.screenshot("whip-desktop")
    process.communicate(timeout=30)
    ada.sees_no_tile("Encoder")
    # The next one comes with a stream key, which Ada makes with the keyboard alone.
    page = ada.page
    ada.press("People")
    page.get_by_role("button", name="Stream keys").press("Enter")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Hall camera")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Key for Hall camera")).to_be_focused()
    ada.screenshot("stream-key-desktop")
    page.get_by_role("button", name="Copy the key").press("Enter")
    address, key = (page.locator("code").nth(number).inner_text() for number in (0, 1))
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.get_by_role("button", name="Done").press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 844})
    ada.screenshot("stream-keys-phone")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.keyboard.press("Escape")
    ffmpeg(address, key)
    ada.sees_frames("Hall camera")
    expect(page.get_by_role("listitem").filter(has_text="Streaming via encoder")).to_contain_text("Hall camera")
    ada.screenshot("stream-people-desktop")
    page.get_by_role("button", name="Stream keys").press("Enter")
    page.get_by_role("button", name="Revoke the key of Hall camera").press("Enter")
    page.get_by_role("button", name="Revoke", exact=True).press("Enter")
    ada.sees_no_tile("Hall camera")
    expect(page.get_by_role("list", name="Keys of this meeting")).to_have_count(0)
