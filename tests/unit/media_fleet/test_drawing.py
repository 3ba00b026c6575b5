"""Pictures of publishers who send what few others do: they never end the recording of all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from aiortc.rtp import RtpPacket
from numpy.typing import NDArray

from contracts.recording_order import RecordedPerson
from contracts.rooms import CompositeLayout, ParticipantId, TrackId, TrackSource
from media_fleet.composer.composition import Composition
from media_fleet.composer.drawing import Drawing
from media_fleet.composer.film import Film
from media_fleet.composer.lettering import Lettering
from media_fleet.composer.stage import Stage
from media_fleet.composer.tracks import PictureTrack, ReceivedTrack
from media_fleet.recorder.protocol import CompositeOrder, TrackBegun
from media_fleet.recorder.seekable import growing, make_seekable
from tests.doubles.scripted_publisher import plain

ADA, EVE = ParticipantId("ada"), ParticipantId("eve")
RED = (200, 30, 30)
ORDER = CompositeOrder(width=320, height=180, frame_rate=25, threads=1, layout=CompositeLayout.GRID, audio_only=False)
YCGCO = 8
"""Of the colour matrices (ITU-T H.273, 8.3) one of those that FFmpeg does not scale."""


def camera(who: ParticipantId, codec: str = "H264") -> PictureTrack:
    begun = TrackBegun(
        ssrc=1,
        track_id=TrackId(who),
        participant_id=who,
        source=TrackSource.CAMERA,
        codec=codec,
        clock_rate=90_000,
        muted=False,
    )
    return PictureTrack(ReceivedTrack(begun), codec, muted=False)


def of_four_two_two(luma: int, matrix: int) -> list[RtpPacket]:
    """A key frame of one grey, as x264 writes it, in packets of one NAL unit each (RFC 6184, 5.6)."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.time_base = 160, 90, "yuv422p", Fraction(1, 30)
    context.colorspace = matrix
    context.options = {"tune": "zerolatency", "preset": "ultrafast"}
    frame = av.VideoFrame(160, 90, "yuv422p")
    for plane, value in zip(frame.planes, (luma, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    stream = b"".join(bytes(each) for each in context.encode(frame))
    units = [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1")[1:]]
    return [_packet(number, unit, is_last=number == len(units) - 1) for number, unit in enumerate(units)]


def _packet(number: int, payload: bytes, *, is_last: bool) -> RtpPacket:
    packet = RtpPacket(payload_type=96, sequence_number=number, timestamp=0, marker=int(is_last))
    packet.payload = payload
    return packet


def showing(track: PictureTrack, frame: av.VideoFrame) -> PictureTrack:
    track.received.reception.heard_at = 0
    track.frame = frame
    return track


def red() -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(plain(RED), format="rgb24").reformat(format="yuv420p")


def at(picture: NDArray[Any], x: int, y: int) -> tuple[int, ...]:
    return tuple(int(each) for each in picture[y - 2 : y + 2, x - 2 : x + 2].reshape(-1, 3).mean(axis=0))


def two_on_stage(stage: Stage, one: PictureTrack, other: PictureTrack) -> None:
    people = [RecordedPerson(participant_id=each.received.participant_id, name="") for each in (one, other)]
    stage.people_are(people)
    stage.add(1, one)
    stage.add(2, other)


def lively() -> av.VideoFrame:
    """A picture in which there is something."""
    picture = plain(RED)
    picture[::2] = 230
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")


def test_people_are_seen_whose_camera_shows_something() -> None:
    stage, drawing = Stage(), Drawing(ORDER, Lettering(None))
    ada, eve = showing(camera(ADA), lively()), showing(camera(EVE), red())
    two_on_stage(stage, ada, eve)
    drawing.arrange(stage, 0)
    drawing.draw(stage, 0)
    assert drawing.people_seen == 1, "a lens that is covered shows nobody"
    eve.frame = lively()
    drawing.draw(stage, 0)
    assert drawing.people_seen == 2
    ada.frame = None
    drawing.draw(stage, 0)
    assert drawing.people_seen == 1, "initials are nobody's picture"


def test_a_colour_matrix_that_nothing_scales_is_recorded_like_one_that_is_not_named(tmp_path: Path) -> None:
    film = Film(tmp_path / growing("meeting.mp4"), ORDER)
    composition = Composition(ORDER, film, Drawing(ORDER, Lettering(None)))
    ada, eve = showing(camera(ADA, "VP8"), red()), camera(EVE)
    composition.happens(0, lambda stage: two_on_stage(stage, ada, eve))
    for packet in of_four_two_two(luma=180, matrix=YCGCO):
        eve.received.receive(packet, 100)
    for now in range(0, 3_000, 40):
        composition.compose(now)
    assert eve.frame is not None
    assert eve.frame.format.name == "yuv422p"
    composition.complete(3_000, lambda: 3_000)
    make_seekable(tmp_path)
    with av.open(str(tmp_path / "meeting.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 3_000 * 25 // 1000 + 1
    assert at(pictures[-1], 80, 90) == pytest.approx(RED, abs=40)
    assert at(pictures[-1], 240, 90) == pytest.approx((191, 191, 191), abs=12)


def test_a_picture_that_cannot_be_drawn_is_none_of_its_track_and_the_others_are_drawn() -> None:
    broken = red().reformat(format="yuv422p")
    broken.color_range = 3  # none that ITU-T H.273 has
    stage, drawing = Stage(), Drawing(ORDER, Lettering(None))
    eve, ada = showing(camera(EVE), broken), showing(camera(ADA), red())
    two_on_stage(stage, eve, ada)
    drawing.arrange(stage, 0)
    picture = drawing.draw(stage, 0).to_ndarray(format="rgb24")
    assert at(picture, 240, 90) == pytest.approx(RED, abs=40)
    assert at(picture, 80, 90) != pytest.approx(RED, abs=40)
    assert eve.frame is None
    assert eve.received.reception.wants_key_frame(1), "nothing before it is shown"
    eve.frame = red()
    picture = drawing.draw(stage, 0).to_ndarray(format="rgb24")
    assert at(picture, 80, 90) == pytest.approx(RED, abs=40)
