"""The standard doors of the running platform: what ffmpeg streams, an aiortc player decodes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from parley_client import Ticket
from tests.doubles.whep_player import WhepPlayer
from tests.platform_process import ROOT, Platform

Tickets = Callable[..., Awaitable[Callable[[], Awaitable[Ticket]]]]


@pytest.fixture
def ffmpeg(platform: Platform, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Streams with a token, as the DTLS client that browsers are."""
    started: list[subprocess.Popen[bytes]] = []

    def stream(token: str) -> None:
        command = [sys.executable, "-m", "tests.doubles.ffmpeg_whip", f"{platform.url.rstrip('/')}/whip", token]
        started.append(
            subprocess.Popen([*command, str(tmp_path), "whip_flags=dtls_active"], cwd=ROOT, stdin=subprocess.PIPE)
        )

    yield stream
    for process in started:
        process.kill()
        process.communicate()


async def test_what_an_encoder_sends_a_player_decodes_that_was_there_before(
    platform: Platform, tickets: Tickets, ffmpeg: Callable[[str], None]
) -> None:
    ticket = await tickets()
    player = WhepPlayer(platform.url, (await ticket()).meeting_token)
    try:
        assert (await player.open()).status_code == 201
        # Nobody sends yet: what the player is shown comes without a word between them.
        ffmpeg((await ticket()).meeting_token)
        await player.plays(10)
        assert player.brightest > 150
        assert (await player.delete()).status_code == 200
        assert (await player.delete()).status_code == 404
    finally:
        await player.close()
