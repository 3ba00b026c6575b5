"""A film that is known when it is seen and heard: four bars of different brightness, and one tone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

WIDTH, HEIGHT = 320, 240
LEVELS = (40, 100, 160, 220)
"""Of the bars, from left to right."""
TONE = 440
FRAMES_PER_S = 25
_SAMPLE_RATE = 48_000


def write_film(path: Path, *, seconds: float, picture: str = "libx264", sound: str = "aac", size: int = 1) -> None:
    """Writes a file of the kind that its name says. ``size``: the bars are so many times as large."""
    with av.open(str(path), "w") as container:
        drawn = container.add_stream(picture, rate=FRAMES_PER_S) if picture else None
        heard = container.add_stream(sound, rate=_SAMPLE_RATE, layout="stereo") if sound else None
        if drawn is not None:
            _draw(container, drawn, seconds, size)
        if heard is not None:
            _sound(container, heard, seconds)


def bars() -> Any:
    """The brightness of one picture's pixels."""
    return np.repeat(np.array(LEVELS, np.uint8), WIDTH // 4)


def bars_of(frame: Any) -> list[int]:
    """How bright the bars of a picture are."""
    luma = frame.to_ndarray(format="yuv420p")[: frame.height]
    wide = frame.width // 4
    middle = luma[frame.height // 4 : frame.height * 3 // 4]
    return [round(float(middle[:, wide * bar + wide // 4 : wide * (bar + 1) - wide // 4].mean())) for bar in range(4)]


def frequency_in(frames: list[Any]) -> float:
    """The loudest tone of some sound, in hertz."""
    channels = len(frames[0].layout.channels)
    samples = np.concatenate([frame.to_ndarray().reshape(-1, channels)[:, 0] for frame in frames])
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * frames[0].sample_rate / len(samples))


def _draw(container: Any, stream: Any, seconds: float, size: int) -> None:
    stream.width, stream.height, stream.pix_fmt = WIDTH * size, HEIGHT * size, "yuv420p"
    stream.options = {"g": str(FRAMES_PER_S), "preset": "ultrafast"} if stream.codec_context.name == "libx264" else {}
    pixels = np.full((HEIGHT * size * 3 // 2, WIDTH * size), 128, np.uint8)
    pixels[: HEIGHT * size] = np.repeat(bars(), size)
    for number in range(round(seconds * FRAMES_PER_S)):
        frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _sound(container: Any, stream: Any, seconds: float) -> None:
    times = np.arange(round(seconds * _SAMPLE_RATE)) / _SAMPLE_RATE
    wave = (np.sin(2 * np.pi * TONE * times) * 0.3 * 32_767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2).reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = _SAMPLE_RATE, 0, Fraction(1, _SAMPLE_RATE)
    fifo = av.AudioFifo()
    fifo.write(frame)
    for piece in fifo.read_many(1_024, partial=True):
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))
