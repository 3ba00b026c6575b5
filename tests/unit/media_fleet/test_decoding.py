"""What a composer decodes of what publishers send: the best there is, and nothing that would fill the memory."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from media_fleet.composer.decoding import PictureDecoder, UndecodableError, vp9_pixels
from media_fleet.recorder.pictures import Picture

ENCODERS = {
    "VP8": ("libvpx", {"deadline": "realtime", "lag-in-frames": "0"}),
    "VP9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "H264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
    "AV1": ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1"}),
}
WIDTH, HEIGHT = 160, 128


def key_frame(codec: str, scale: int = 1) -> bytes:
    name, options = ENCODERS[codec]
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH * scale, HEIGHT * scale, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.options = options
    grey = np.full((HEIGHT * scale, WIDTH * scale, 3), 90, np.uint8)
    frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format="yuv420p")
    frame.pts = 0
    return b"".join(bytes(each) for each in [*context.encode(frame), *context.encode(None)])


def picture(data: bytes) -> Picture:
    return Picture(timestamp=0, data=data, is_key=True, arrived=0.0)


def size(frame: av.VideoFrame | None) -> tuple[int, int] | None:
    return None if frame is None else (frame.width, frame.height)


@pytest.mark.parametrize("codec", list(ENCODERS))
def test_a_picture_is_decoded_at_once_and_none_that_is_too_large(codec: str) -> None:
    sent = picture(key_frame(codec))
    assert size(PictureDecoder(codec).decode(sent)) == (WIDTH, HEIGHT)
    assert size(PictureDecoder(codec, most=WIDTH * HEIGHT).decode(sent)) == (WIDTH, HEIGHT)
    with pytest.raises(UndecodableError):
        PictureDecoder(codec, most=WIDTH * HEIGHT - 1).decode(sent)


@pytest.mark.parametrize("codec", ["VP8", "H264", "AV1"])
def test_a_decoder_takes_no_memory_for_one_that_is_much_too_large(codec: str) -> None:
    with pytest.raises(UndecodableError) as raised:
        PictureDecoder(codec, most=WIDTH * HEIGHT // 4).decode(picture(key_frame(codec)))
    assert isinstance(raised.value.__cause__, av.FFmpegError), "it has refused by itself"


def test_of_layers_that_come_as_one_picture_the_best_is_seen() -> None:
    layers = b"".join(key_frame("VP9", scale) for scale in (1, 2, 4))
    assert size(PictureDecoder("VP9").decode(picture(layers))) == (4 * WIDTH, 4 * HEIGHT)


@pytest.mark.parametrize(
    ("head", "pixels"),
    [
        (key_frame("VP9"), WIDTH * HEIGHT),
        (bytes.fromhex("82 49 83 42 0f ff ff ff f0 00 00 00"), 65_536 * 65_536),
        (bytes.fromhex("86 00 40 92 00 00 00 00 00 00 00 00"), 0),
        (b"\x82\x49", 0),
        (b"", 0),
    ],
)
def test_how_large_a_key_frame_of_vp9_is_is_known_before_it_is_decoded(head: bytes, pixels: int) -> None:
    assert vp9_pixels(head) == pixels
