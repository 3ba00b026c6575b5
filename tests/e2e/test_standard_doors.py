"""Encoders that come into a meeting by WHIP, as somebody at a browser sees and hears them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.person import Person
from tests.platform_process import ROOT, Platform

MakePerson = Callable[..., Person]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def ffmpeg(platform: Platform, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Streams into the meeting behind a link, as a guest."""
    started: list[subprocess.Popen[str]] = []

    def stream(link: str) -> subprocess.Popen[str]:
        meeting = link.rpartition("/m/")[2]
        joined = httpx.post(f"{platform.url}/v1/meetings/{meeting}/join", json={"display_name": "Encoder"}, timeout=30)
        command = [sys.executable, "-m", "tests.doubles.ffmpeg_whip", f"{platform.url.rstrip('/')}/whip"]
        process = subprocess.Popen(
            [*command, joined.json()["meeting_token"], str(tmp_path)],
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


def test_ffmpeg_is_seen_and_heard_until_it_ends(
    person: MakePerson, ffmpeg: Callable[[str], subprocess.Popen[str]]
) -> None:
    ada = person("Ada")
    ada.register()
    link = ada.create_meeting("Weekly planning")
    ada.join(link)
    process = ffmpeg(link)
    ada.sees_picture("Encoder")
    ada.hears("Encoder")
    ada.screenshot("whip-desktop")
    process.communicate(timeout=30)
    ada.sees_no_tile("Encoder")
