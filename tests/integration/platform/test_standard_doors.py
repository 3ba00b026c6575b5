"""The standard doors of the running platform: what ffmpeg streams, an aiortc player decodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from parley_client import Ticket
from tests.doubles.whep_player import WhepPlayer
from tests.platform_process import Platform

Tickets = Callable[..., Awaitable[Callable[[], Awaitable[Ticket]]]]


async def test_what_an_encoder_sends_a_player_decodes_that_was_there_before(
    platform: Platform, tickets: Tickets, encoder: Callable[[str], None]
) -> None:
    ticket = await tickets()
    player = WhepPlayer(platform.url, (await ticket()).meeting_token)
    try:
        assert (await player.open()).status_code == 201
        # Nobody sends yet: what the player is shown comes without a word between them.
        encoder((await ticket()).meeting_token)
        await player.plays(10)
        assert player.brightest > 150
        assert (await player.delete()).status_code == 200
        assert (await player.delete()).status_code == 404
    finally:
        await player.close()
