"""What a broadcast's encoder gives: fragments that decode, and parameters that describe them."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest

from media_fleet.broadcaster.cutting import Cut, Cutter, Grid
from media_fleet.broadcaster.encoding import EncodedPacket, Encoding
from media_fleet.broadcaster.fragments import avc_configuration, codec_of, length_prefixed
from media_fleet.recorder.protocol import CompositeOrder

RATE = 10
ORDER = CompositeOrder(width=320, height=180, frame_rate=RATE, threads=1)


class Cutting:
    """Keeps the parts."""

    def __init__(self) -> None:
        self._cutter = Cutter(Grid(RATE))
        self.cuts: list[Cut] = []

    def take(self, packet: EncodedPacket) -> None:
        if not packet.is_picture:
            self._cutter.sound(packet.data, packet.at, packet.duration)
        elif (cut := self._cutter.picture(packet.data, packet.at, is_key=packet.is_key)) is not None:
            self.cuts.append(cut)

    def end(self) -> None:
        if (cut := self._cutter.end()) is not None:
            self.cuts.append(cut)


def grey(level: int) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((270, 320), level, np.uint8), format="yuv420p")


def luma(frame: av.VideoFrame) -> float:
    return float(frame.to_ndarray()[:180].mean())


def tone(start: int, length: int) -> np.ndarray[Any, Any]:
    wave = 0.3 * np.sin(2 * np.pi * 600 * np.arange(start, start + length) / 48_000)
    return np.stack([wave, wave]).astype(np.float32)


def encoded(left_out: range) -> tuple[Encoding, list[Cut]]:
    """Six seconds that grow brighter, with a tone."""
    encoding, cutting = Encoding(ORDER), Cutting()
    encoding.takers = (cutting,)
    for number in range(6 * RATE):
        encoding.play(tone(number * 4_800, 4_800))
        if number in left_out:
            encoding.leave_out(number)
        else:
            encoding.draw(grey(40 + 3 * number), number)
    encoding.close()
    cutting.end()
    return encoding, cutting.cuts


@pytest.mark.parametrize("left_out", [range(0), range(12, 37)])
def test_parts_decode_to_what_was_drawn_and_played(left_out: range) -> None:
    encoding, cuts = encoded(left_out)
    data = encoding.init + b"".join(each.data for each in cuts)
    with av.open(io.BytesIO(data), "r") as container:
        shown = {round(each.time * RATE): luma(each) for each in container.decode(video=0)}
    with av.open(io.BytesIO(data), "r") as container:
        sound = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], axis=1)[0]
    for number in range(60):
        if number not in left_out:
            assert shown[number] == pytest.approx(40 + 3 * number, abs=4)
        elif number % 5 == 0:
            assert shown[number] == pytest.approx(40 + 3 * (left_out.start - 1), abs=4), "the one before stands"
        else:
            assert number not in shown
    assert sound.size / 48_000 == pytest.approx(6, abs=0.05)
    assert np.abs(np.fft.rfft(sound[48_000:96_000])).argmax() == 600


def test_every_segment_can_be_begun_with() -> None:
    encoding, cuts = encoded(range(0))
    third = [each for each in cuts if each.first >= 40]
    with av.open(io.BytesIO(encoding.init + b"".join(each.data for each in third)), "r") as container:
        first = next(container.decode(video=0))
    assert first.key_frame
    assert luma(first) == pytest.approx(40 + 3 * 40, abs=4)
    assert first.time == pytest.approx(4)


def test_the_stream_is_named_as_it_is() -> None:
    encoding, _ = encoded(range(0))
    assert encoding.codecs.startswith("avc1.4d40")
    told = encoding.init[encoding.init.index(b"avcC") + 4 :]
    configuration = avc_configuration(encoding.parameters.picture)
    assert told[: len(configuration)] == configuration, "as FFmpeg writes it"


def test_units_have_lengths_in_place_of_start_codes() -> None:
    before = b"\x00\x00\x00\x01\x09\x10" + b"\x00\x00\x00\x01\x67\x4d"
    stream = before + b"\x00\x00\x01\x65\x88\x00\x03" + b"\x00\x00\x01\x65\x99"
    assert length_prefixed(stream) == b"\x00\x00\x00\x04\x65\x88\x00\x03" + b"\x00\x00\x00\x02\x65\x99"
    with pytest.raises(ValueError, match="parameter set"):
        codec_of(b"\x00\x00\x01\x65")
