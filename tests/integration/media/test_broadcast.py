"""A real node with a real broadcaster: what happens in a meeting is watched by HLS, a moment later."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import av
import numpy as np
import pytest

from contracts.broadcasting import Broadcast, BroadcastOrder, BroadcastState
from contracts.meeting_work import Broadcasting, StartBroadcast, StopBroadcast
from contracts.node_rpc import Done, Refused
from contracts.recording_order import RecordedPerson
from contracts.rooms import CompositeLayout, MeetingId, ParticipantId
from media_fleet.adapters import broadcasters
from media_fleet.main import RunningNode
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.test_composite import Plain
from tests.integration.media.watching import PATIENCE_S, MediaPlaylist, Viewer, attributes, now

ID = "brc_1"
AGAIN_S = 10


@pytest.fixture
def node_environ(node_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(broadcasters, "START_S", PATIENCE_S)  # the machine of the tests does other things, too
    return {
        **node_environ,
        "PARLEY_NODE_CONSENT_TIMEOUT_MS": "15000",
        "PARLEY_NODE_MAX_COMPOSITES": "1",
        "PARLEY_NODE_BROADCAST_HEIGHT": "360",
        "PARLEY_NODE_COMPOSITE_FRAME_RATE": "10",
        "PARLEY_NODE_BROADCAST_PRIVATE_TARGETS": "on",
    }


@pytest.fixture
async def alice(node: RunningNode, gateway: Any) -> AsyncIterator[Client]:
    client = Client(gateway, "alice")
    await client.join()
    await client.publish(Tone(frequency=600), Plain((200, 0, 0)))
    yield client
    await client.close()


def order(**changes: Any) -> BroadcastOrder:
    people = [RecordedPerson(participant_id=ParticipantId(who), name=who.title()) for who in ("alice", "bob")]
    return BroadcastOrder(**{"layout": CompositeLayout.GRID, "people": tuple(people), **changes})


async def begun(gateway: Any, wanted: BroadcastOrder | None = None, version: int = 3) -> Broadcast:
    """Once it is made. On a busy machine a process takes long to start: it is asked for again, as gateways do."""
    request = StartBroadcast(meeting_id=MEETING, broadcast_id=ID, order=wanted or order(), version=version)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(TimeoutError):
                made: Broadcasting = await gateway.ask(request, Broadcasting)
                return made.broadcast


@contextlib.asynccontextmanager
async def broadcast(gateway: Any, wanted: BroadcastOrder | None = None) -> AsyncIterator[Broadcast]:
    """A broadcast that is made, and asked for again and again, as gateways do."""

    async def ask_again() -> None:
        while True:
            await asyncio.sleep(AGAIN_S)
            await begun(gateway, wanted)

    made = await begun(gateway, wanted)
    asking = asyncio.create_task(ask_again())
    yield made
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def stopped(gateway: Any) -> None:
    await gateway.ask(StopBroadcast(meeting_id=MEETING, broadcast_id=ID), Done)


def pictures(data: bytes) -> list[tuple[float, np.ndarray[Any, Any]]]:
    with av.open(io.BytesIO(data), "r") as container:
        return [(each.time or 0.0, each.to_ndarray(format="rgb24").astype(int)) for each in container.decode(video=0)]


def heard(data: bytes) -> np.ndarray[Any, Any]:
    with av.open(io.BytesIO(data), "r") as container:
        sound: np.ndarray[Any, Any] = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], axis=1)
        return np.asarray(sound.mean(axis=0))


async def watched(viewer: Viewer, holds: Callable[[bytes], bool]) -> tuple[MediaPlaylist, bytes]:
    """Segment after segment until one is as it should be: the playlist that has it, and what it is, with its beginning.

    A busy machine's broadcaster leaves out pictures, and its publishers send none.
    """
    number = int((await viewer.playlist()).tags["EXT-X-MEDIA-SEQUENCE"])
    async with asyncio.timeout(PATIENCE_S):
        while True:
            playlist = await viewer.until(number)
            there = [each for each in playlist.whole if each.number >= number]
            if there and holds(data := await viewer.whole(there[:1], init_of(playlist))):
                return playlist, data
            number = (there[0].number if there else int(playlist.tags["EXT-X-MEDIA-SEQUENCE"]) - 1) + 1


def init_of(playlist: MediaPlaylist) -> str:
    return attributes(playlist.tags["EXT-X-MAP"])["URI"]


def shows_alice(data: bytes) -> bool:
    """Alice is red, on the left."""
    red, green, blue = pictures(data)[-1][1][180, 160]
    return bool(red > 150 and max(green, blue) < 60)


def lets_hear_alice(data: bytes) -> bool:
    sound = heard(data)
    spectra = [np.abs(np.fft.rfft(sound[at : at + 48_000])) for at in range(0, sound.size - 48_000, 12_000)]
    return any(each[600] > 20 * np.median(each) > 0 for each in spectra)


async def test_a_meeting_is_watched_while_it_happens(alice: Client, gateway: Any) -> None:
    async with broadcast(gateway) as made, Viewer(made.origin or "") as viewer:
        assert await viewer.index() == "stream.m3u8"
        about = attributes((await viewer.get("index.m3u8")).decode().splitlines()[-2].partition(":")[2])
        await watched(viewer, lambda data: shows_alice(data) and lets_hear_alice(data))
        first = (await viewer.playlist()).segments[-1].number
        playlist = await viewer.until(first + 1)
        wholes = [each for each in playlist.whole if each.number >= first]
        for segment in wholes:
            parts = [await viewer.get(each.uri) for each in segment.parts]
            assert b"".join(parts) == await viewer.get(segment.uri or "")
            assert sum(each.duration for each in segment.parts) == pytest.approx(segment.duration)
            assert [each.independent for each in segment.parts] == [True, False, False, False]
        assert wholes[1].starts_at - wholes[0].starts_at == pytest.approx(2.0)
        assert_regular(await viewer.whole(wholes[:2], init_of(playlist)))
        late = await lateness_of_an_awaited_part(viewer)
        assert 0 < late < PATIENCE_S
        print(f"a part comes {late:.2f} s after what it ends with happened")  # noqa: T201 - shown by -s
    assert about["RESOLUTION"] == "640x360"
    assert about["CODECS"].startswith("avc1.4d40")
    assert about["CODECS"].endswith(",mp4a.40.2")


async def test_those_who_watch_are_told_of_the_end(alice: Client, gateway: Any) -> None:
    made = await begun(gateway)
    async with Viewer(made.origin or "") as viewer:
        first = int((await viewer.playlist()).tags["EXT-X-MEDIA-SEQUENCE"])
        await viewer.until(first)
        await stopped(gateway)
        over = await viewer.until(first + 2)
        while not over.is_over:
            over = await viewer.until(over.segments[-1].number + 1)
        assert over.hint is None
        assert pictures(await viewer.whole(over.whole, init_of(over)))


def assert_regular(data: bytes) -> None:
    """Two segments: a steady rate, of which a busy machine leaves some out, but not where parts begin."""
    with av.open(io.BytesIO(data), "r") as container:
        assert container.streams.video[0].codec_context.profile == "Main"
    times = [at for at, _ in pictures(data)]
    numbers = {round((at - times[0]) * 10, 3) for at in times}
    assert numbers <= set(range(40))
    assert numbers >= set(range(0, 40, 5))


async def lateness_of_an_awaited_part(viewer: Viewer) -> float:
    """Asks for a part before it is there. How old what it ends with is when it comes, in seconds."""
    before = await viewer.playlist()
    last = before.segments[-1]
    number, part = (last.number, len(last.parts)) if last.uri is None else (last.number + 1, 0)
    after = await viewer.until(number, part)
    listed = next(each for each in after.segments if each.number == number)
    assert len(listed.parts) > part
    assert before.hint == listed.parts[part].uri
    assert await viewer.get(listed.parts[part].uri)
    return now() - after.end


async def test_what_is_no_part_of_a_broadcast_is_not_found(alice: Client, gateway: Any) -> None:
    async with broadcast(gateway) as made, Viewer(made.origin or "") as viewer:
        playlist = await viewer.until(int((await viewer.playlist()).tags["EXT-X-MEDIA-SEQUENCE"]))
        number = playlist.segments[-1].number
        assert [
            await viewer.status(each)
            for each in (
                "seg_00000000_1.m4s",
                f"stream.m3u8?_HLS_msn={number + 9}",
                "stream.m3u8?_HLS_part=1",
                "stream.m3u8?_HLS_msn=many",
                "../another/index.m3u8",
            )
        ] == [404, 400, 400, 400, 404]
        other = StartBroadcast(meeting_id=MeetingId("meeting-2"), broadcast_id="brc_2", order=order())
        assert (await gateway.ask(other, Refused)).error.code == "broadcast_unavailable", "one video at a time, here"
        again = StartBroadcast(meeting_id=MEETING, broadcast_id="brc_3", order=order())
        assert (await gateway.ask(again, Broadcasting)).broadcast.broadcast_id == ID, "that which is being made"


async def test_another_broadcaster_goes_on_where_one_was_killed(alice: Client, node: RunningNode, gateway: Any) -> None:
    async with broadcast(gateway) as made, Viewer(made.origin or "") as viewer:
        before, _ = await watched(viewer, shows_alice)
        while not gateway.broadcasts.empty():  # of broadcasters that a busy machine was too slow for
            gateway.broadcasts.get_nowait()
        [process] = node.node.workers.broadcasts.processes
        os.kill(process, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            told = [await gateway.broadcasts.get() for _ in range(2)]
        assert [each.state for each in told] == [BroadcastState.CONNECTING, BroadcastState.LIVE]
        assert told[-1].broadcast.origin == made.origin, "at the same address"
        after, _ = await watched(viewer, shows_alice)
        assert after.segments[0].is_discontinuous
        assert after.segments[0].number > before.segments[-1].number
        assert int(after.tags["EXT-X-DISCONTINUITY-SEQUENCE"]) > int(before.tags["EXT-X-DISCONTINUITY-SEQUENCE"])
        assert init_of(after) != init_of(before)
