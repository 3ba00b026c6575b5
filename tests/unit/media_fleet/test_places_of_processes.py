"""Places of transcoders are taken for as long as there are processes that have them."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from typing import Any, cast

import pytest

from contracts.rooms import MeetingId, TrackId
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.adapters.transcoders import TranscoderProcess
from media_fleet.domain import media_formats as formats
from media_fleet.domain.effects import Purpose, StartTranscoder, StopTranscoder, TransportKey
from media_fleet.domain.session_description import IceCredentials
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.domain.transcoding import TRANSCODER
from media_fleet.transcoders import Transcoders, TranscoderSite

MEETING = MeetingId("m")
KEY = TransportKey(participant_id=TRANSCODER, purpose=Purpose.TRANSCODE, generation=1)
START = StartTranscoder(
    transport=KEY,
    ice=IceCredentials(ufrag="u" * 24, pwd="p" * 48),
    track_id=TrackId("t"),
    taken=formats.PCMU,
    ssrc_in=1,
    made=formats.OPUS,
    ssrc_out=2,
    payload_type=96,
)
STOP = StopTranscoder(transport=KEY, kind="audio")


class Plane:
    """Opens nothing: the transcoder waits for a node that does not answer, and hears nothing meanwhile."""

    def open_keyed(self, *_: Any) -> None:
        return


@pytest.fixture
def places() -> TranscoderPlaces:
    return TranscoderPlaces(video=0, sound=1)


@pytest.fixture
def transcoders(places: TranscoderPlaces, monkeypatch: pytest.MonkeyPatch) -> Transcoders:
    monkeypatch.setattr("media_fleet.adapters.track_workers.END_S", 0.1)
    site = TranscoderSite(address="127.0.0.1", port=9, memory_bytes=None, places=places)
    return Transcoders(site, plane=cast(PacketPlane, Plane()), rooms={}, follow=lambda *_: None)


async def test_a_place_is_free_when_the_process_has_ended(
    transcoders: Transcoders, places: TranscoderPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, runs = asyncio.Event(), TranscoderProcess.runs

    def has_begun(transcoder: TranscoderProcess, process: Process) -> None:
        runs(transcoder, process)
        begun.set()

    monkeypatch.setattr(TranscoderProcess, "runs", has_begun)
    assert places.take("audio")
    transcoders.tell(MEETING, START)
    await asyncio.wait_for(begun.wait(), 20)
    [task] = transcoders._processes._running.values()
    transcoders.tell(MEETING, STOP)
    assert not places.take("audio"), "as long as the process lives"
    await asyncio.wait_for(task, 20)
    assert transcoders.processes == []
    assert places.take("audio")


async def test_of_one_that_was_lost_and_is_given_up_the_place_is_free_at_once(
    transcoders: Transcoders, places: TranscoderPlaces
) -> None:
    assert places.take("audio")
    transcoders.tell(MEETING, STOP)
    assert places.taken("audio") == 0


async def test_what_ends_with_the_node_gives_its_place_back_once(
    transcoders: Transcoders, places: TranscoderPlaces
) -> None:
    assert places.take("audio")
    transcoders.tell(MEETING, START)
    transcoders.tell(MEETING, STOP)
    await transcoders.close()
    assert places.taken("audio") == 0
