"""Pictures that their packets have turned (3GPP TS 26.114, 7.4.5) stand upright in a composite."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
import pytest

from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.composer.canvas import turned
from media_fleet.composer.tracks import PictureTrack, ReceivedTrack
from media_fleet.recorder.orientation import ORIENTATION, parsed, turns_of
from media_fleet.recorder.protocol import TrackBegun
from tests.doubles.scripted_publisher import Picture, filmed

WIDTH, HEIGHT = 320, 180
CORNERS = {0: "top left", 1: "top right", 2: "bottom right", 3: "bottom left"}
"""Where that lies which the camera has at its top left, once it is turned."""


def with_extension(packet: bytes, value: int) -> bytes:
    """A packet that has the extension (RFC 8285, 4.2), beside one that nobody knows."""
    extension = bytes([0xBE, 0xDE, 0, 1, ORIENTATION[1] << 4, value, 14 << 4, 7])
    return bytes([packet[0] | 0x10]) + packet[1:12] + extension + packet[12:]


def bright_corner(frame: av.VideoFrame) -> str:
    grey = frame.to_ndarray(format="gray")
    height, width = grey.shape
    found = {
        "top left": grey[: height // 2, : width // 2],
        "top right": grey[: height // 2, width // 2 :],
        "bottom left": grey[height // 2 :, : width // 2],
        "bottom right": grey[height // 2 :, width // 2 :],
    }
    return max(found, key=lambda each: float(found[each].mean()))


def picture(_at: float) -> Picture:
    shown = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    shown[: HEIGHT // 2, : WIDTH // 2] = 220
    return shown


def shown_with(values: list[int | None]) -> Iterator[av.VideoFrame]:
    """What is shown of a camera that says so of each of its pictures, with the last packet."""
    received = ReceivedTrack(
        TrackBegun(
            ssrc=1,
            track_id=TrackId("t"),
            participant_id=ParticipantId("ann"),
            source=TrackSource.CAMERA,
            codec="VP8",
            clock_rate=90_000,
            muted=False,
        )
    )
    track = PictureTrack(received, "VP8", muted=False)
    said = iter(values)
    for arrival in filmed(picture, 0, len(values) * 40, frame_rate=25, late=0):
        if arrival.packet is None:
            continue
        data = arrival.packet.serialize()
        value = next(said) if arrival.packet.marker else None
        received.receive(parsed(data if value is None else with_extension(data, value)), arrival.at)
        if arrival.packet.marker:
            track.decode(arrival.at + 1, None)
            assert track.frame is not None
            yield track.frame


@pytest.mark.parametrize("quarters", CORNERS)
def test_a_picture_is_turned_clockwise_by_as_many_quarters_as_it_says(quarters: int) -> None:
    [frame] = shown_with([quarters | 0b1000])  # by the camera at the back
    size = (WIDTH, HEIGHT) if quarters % 2 == 0 else (HEIGHT, WIDTH)
    assert ((frame.width, frame.height), bright_corner(frame)) == (size, CORNERS[quarters])


def test_those_that_say_nothing_are_turned_as_the_ones_before() -> None:
    corners = [bright_corner(frame) for frame in shown_with([None, 1, None, None, 0, None])]
    assert corners == ["top left", *["top right"] * 3, *["top left"] * 2]


def test_a_packet_of_another_form_says_nothing() -> None:
    [first, *_] = (each.packet for each in filmed(picture, 0, 40, frame_rate=25, late=0) if each.packet is not None)
    data = first.serialize()
    assert turns_of(first) is turns_of(parsed(data)) is None
    two_octets = bytes([0xBE, 0xDE, 0, 1, ORIENTATION[1] << 4 | 1, 1, 1, 0])
    packet = parsed(bytes([data[0] | 0x10]) + data[1:12] + two_octets + data[12:])
    assert (turns_of(packet), packet.payload) == (None, first.payload)


def test_colours_stay_as_they_were_told_and_odd_sizes_are_turned_too() -> None:
    frame = av.VideoFrame(161, 91, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.colorspace, frame.color_range = 1, 2
    upright = turned(frame, 3)
    assert (upright.width, upright.height) == (91, 161)
    assert (int(upright.colorspace), int(upright.color_range)) == (1, 2)
    assert turned(frame.reformat(format="yuv444p"), 1).width == 161
