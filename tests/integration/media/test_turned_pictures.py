"""A phone that is held upright, as its packets say it: its picture is upright in the one video of the meeting."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiortc
import av
import pytest
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from contracts.meeting_work import Recording, StartRecording, StopRecording
from contracts.node_rpc import Done
from contracts.recording_manifest import MANIFEST
from contracts.recording_order import RecordedPerson, RecordingOrder
from contracts.rooms import ParticipantId, RecordingKind
from media_fleet.domain.media_formats import VIDEO_ORIENTATION
from media_fleet.main import RunningNode
from media_fleet.recorder import manifest
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.recordings_bucket import in_bucket, to_bucket
from tests.integration.media.test_composite import PATIENCE_S, Plain

pytestmark = pytest.mark.timeout(200)
ID = 13
"""The publisher's, which is another than that which the node gives its recorders."""
QUARTER_CLOCKWISE = 1


class Phone(Client):
    """Offers the extension, which aiortc does not know."""

    def described(self, connection: aiortc.RTCPeerConnection) -> str:
        sdp = super().described(connection)
        return sdp.replace("a=rtpmap:97 VP8/90000", f"a=extmap:{ID} {VIDEO_ORIENTATION}\r\na=rtpmap:97 VP8/90000")


@pytest.fixture
def node_environ(node_environ: dict[str, str], tmp_path: Path, s3_url: str, s3: Any) -> dict[str, str]:
    return {
        **node_environ,
        **to_bucket(tmp_path, s3_url),
        "PARLEY_NODE_COMPOSITE_HEIGHT": "360",
        "PARLEY_NODE_COMPOSITE_FRAME_RATE": "10",
    }


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every last packet of a picture says that it is to be turned (RFC 8285, 4.2)."""
    real: Callable[[RtpPacket, HeaderExtensionsMap], bytes] = RtpPacket.serialize

    def serialize(packet: RtpPacket, extensions_map: HeaderExtensionsMap) -> bytes:
        data = real(packet, extensions_map)
        if not packet.marker:
            return data
        words = int.from_bytes(data[14:16]) if data[0] & 0x10 else 0
        known, rest = (data[16 : 16 + 4 * words], data[16 + 4 * words :]) if data[0] & 0x10 else (b"", data[12:])
        head = bytes([data[0] | 0x10]) + data[1:12] + bytes([0xBE, 0xDE]) + (words + 1).to_bytes(2)
        return head + known + bytes([ID << 4, QUARTER_CLOCKWISE, 0, 0]) + rest

    monkeypatch.setattr(RtpPacket, "serialize", serialize)


def seconds(folder: Path) -> float:
    told = [manifest.read(path.parent) for path in folder.glob(f"*/*/*/{MANIFEST}")]
    return max((each.duration_ms for one in told for each in one.composites), default=0) / 1000


@pytest.mark.usefixtures("turned")
async def test_the_composer_is_told_and_turns_it(
    node: RunningNode, gateway: Any, eventually: Any, s3: Any, tmp_path: Path
) -> None:
    assert node
    alice = Phone(gateway, "alice")
    await alice.join()
    await alice.publish(Plain((200, 0, 0)))
    people = (RecordedPerson(participant_id=ParticipantId("alice"), name="Alice"),)
    order = RecordingOrder(kind=RecordingKind.COMPOSITE, people=people)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(TimeoutError):
                request = StartRecording(meeting_id=MEETING, recording_id="rec_1", order=order, version=3)
                await gateway.ask(request, Recording)
                break
    await eventually(lambda: seconds(tmp_path) >= 4, timeout_s=PATIENCE_S)
    await gateway.ask(StopRecording(meeting_id=MEETING, recording_id="rec_1"), Done)
    await eventually(lambda: not list(tmp_path.glob("*/*/*")), timeout_s=PATIENCE_S)
    await alice.close()
    [film] = [data for name, data in in_bucket(s3).items() if name.endswith(".mp4")]
    with av.open(io.BytesIO(film), "r") as container:
        picture = list(container.decode(video=0))[-5].to_ndarray(format="rgb24").astype(int)
    is_red = [bool(picture[180, x, 0] > picture[180, x, 1:].max() + 80) for x in (60, 320, 580)]
    assert is_red == [False, True, False], "a tall picture in the middle of a wide one"
