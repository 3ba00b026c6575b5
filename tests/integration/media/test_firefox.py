"""Media through a real node between Firefox and Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from media_fleet.main import RunningNode
from tests.doubles.firefox import address_for_firefox, firefox
from tests.integration.media.page_client import TIMEOUT, Join, PageClient, until_frames_grow, until_width_is

pytestmark = pytest.mark.interop


@pytest.fixture
def node_environ(node_environ: dict[str, str]) -> dict[str, str]:
    """Firefox renews its consent every five seconds (RFC 7675): the node waits for as long as it does by default."""
    address = address_for_firefox()
    kept = {name: value for name, value in node_environ.items() if name != "PARLEY_NODE_CONSENT_TIMEOUT_MS"}
    return {**kept, "PARLEY_NODE_BIND_ADDRESSES": address, "PARLEY_NODE_ADVERTISED_ADDRESSES": address}


@pytest.fixture
async def join_by_firefox(node: RunningNode, gateway: Any, page_url: str, tmp_path: Path) -> AsyncIterator[Join]:
    clients: list[PageClient] = []
    async with firefox(tmp_path) as browser:

        async def join(name: str, configuration: dict[str, Any] | None = None) -> PageClient:
            client = PageClient(gateway, await browser.new_page(), name)
            clients.append(client)
            await client.join(page_url, configuration)
            return client

        yield join
        for client in clients:
            await client.close()


async def _until_heard(client: PageClient, track_id: str, eventually: Any) -> None:
    async def loud() -> bool:
        now = await client.received(track_id)
        return now is not None and now["energy"] > 0.01

    await eventually(loud, timeout_s=TIMEOUT)


async def test_firefox_and_chromium_see_and_hear_each_other(join_by_firefox: Join, join: Join, eventually: Any) -> None:
    fay, carl = await join_by_firefox("fay"), await join("carl")
    for client in (fay, carl):
        await client.publish("microphone")
        await client.publish("camera")
    for client, sender in ((carl, "fay"), (fay, "carl")):
        await until_width_is(client, f"{sender}-camera", 1280, eventually)
        await until_frames_grow(client, f"{sender}-camera", eventually)
        await _until_heard(client, f"{sender}-microphone", eventually)
    # Each of its layers is found and can be had, as each of Chromium's by Firefox.
    for client, sender in ((carl, "fay"), (fay, "carl")):
        for height, width in ((180, 320), (360, 640), (None, 1280)):
            await client.wish(f"{sender}-camera", max_height=height)
            await until_width_is(client, f"{sender}-camera", width, eventually)
            await until_frames_grow(client, f"{sender}-camera", eventually, count=5)
        state = await client.received(f"{sender}-camera")
        assert state is not None
        assert state["lost"] == 0
        assert await client.run("/^a=rtpmap:[0-9]+ rtx/m.test(client.sub.localDescription.sdp)")
    assert set(await fay.encodings()) == {"q", "h", "f"}
    assert await fay.run("/^a=rtpmap:[0-9]+ rtx/m.test(client.pub.remoteDescription.sdp)")


@pytest.mark.parametrize("codec", ["VP9", "AV1"])
async def test_the_newer_codecs_go_both_ways(join_by_firefox: Join, join: Join, eventually: Any, codec: str) -> None:
    fay, carl = await join_by_firefox("fay"), await join("carl")
    for client in (fay, carl):
        await client.publish("camera", codec=codec)
    for client, sender in ((carl, "fay"), (fay, "carl")):
        await until_frames_grow(client, f"{sender}-camera", eventually)


async def test_what_firefox_cannot_play_comes_in_another_codec(
    join_by_firefox: Join, join: Join, eventually: Any
) -> None:
    # Its H.264 is a download, which a new profile does not have.
    fay, carl, dora = await join_by_firefox("fay"), await join("carl"), await join("dora")
    await carl.publish("microphone")
    await carl.publish("camera", codec="H264")
    await dora.publish("camera")
    await until_frames_grow(dora, "carl-camera", eventually)
    await until_frames_grow(fay, "dora-camera", eventually)
    await _until_heard(fay, "carl-microphone", eventually)
    await until_frames_grow(fay, "carl-camera", eventually)
