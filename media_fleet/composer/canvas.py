"""The one picture of a meeting while it is drawn: planes of YUV 4:2:0, as codecs have them.

Colours are as ITU-R BT.601 has them, in the limited range.
Whatever is drawn has even places and sizes (`layout.Rectangle`).
"""

from __future__ import annotations

from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from media_fleet.composer.layout import Rectangle

Plane = NDArray[np.uint8]
Share = NDArray[np.float32]


class Planes(NamedTuple):
    """Luma, and two of colour at half the resolution."""

    y: Plane
    u: Plane
    v: Plane

    def part(self, left: int, top: int, width: int, height: int) -> Planes:
        """A view of a part; its numbers are even."""
        half = np.s_[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
        return Planes(self.y[top : top + height, left : left + width], self.u[half], self.v[half])


class Overlay(NamedTuple):
    """What is drawn over something: for each plane, what is added to what is left of it, and how much is (0 to 1)."""

    added: tuple[Share, Share, Share]
    left: tuple[Share, Share, Share]


Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


def planes_of(frame: av.VideoFrame) -> Planes:
    """A view of a frame in ``yuv420p`` or ``yuvj420p``."""
    found = []
    for plane in frame.planes[:3]:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        found.append(rows[: plane.height, : plane.width])
    return Planes(*found)


def turned(frame: av.VideoFrame, quarters: int) -> av.VideoFrame:
    """A frame turned clockwise. One in a format that has not planes of 8 bits in 4:2:0 stays as it is: publishers whose
    pictures turn send no other."""
    if quarters == 0 or frame.format.name not in {"yuv420p", "yuvj420p"}:
        return frame
    is_upright = quarters % 2 == 0
    width, height = (frame.width, frame.height) if is_upright else (frame.height, frame.width)
    upright = av.VideoFrame(width, height, frame.format.name)
    for plane, drawn in zip(planes_of(upright), planes_of(frame), strict=True):
        plane[:] = np.rot90(drawn, -quarters)
    upright.colorspace, upright.color_range = frame.colorspace, frame.color_range
    return upright


def planes_of_rgb(picture: NDArray[np.uint8]) -> Planes:
    """A picture of the shape (height, width, 3), both even, as planes (ITU-R BT.601)."""
    red, green, blue = (picture[..., each].astype(np.float32) for each in range(3))
    y = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    u = 128 + (-37.797 * red - 74.203 * green + 112.0 * blue) / 255
    v = 128 + (112.0 * red - 93.786 * green - 18.214 * blue) / 255
    return Planes(_rounded(y), _rounded(_halved(u)), _rounded(_halved(v)))


def overlay_of_rgba(picture: NDArray[np.uint8]) -> Overlay:
    """A picture of the shape (height, width, 4), both even, whose last channel says how much it covers."""
    cover = picture[..., 3].astype(np.float32) / np.float32(255)
    half = _halved(cover)
    covers = (cover, half, half)
    added = [plane * each for plane, each in zip(planes_of_rgb(picture[..., :3]), covers, strict=True)]
    left = [1 - each for each in covers]
    return Overlay((added[0], added[1], added[2]), (left[0], left[1], left[2]))


class Canvas:
    """A picture that is drawn again and again."""

    def __init__(self, width: int, height: int) -> None:
        half = (height // 2, width // 2)
        self._planes = Planes(np.zeros((height, width), np.uint8), np.zeros(half, np.uint8), np.zeros(half, np.uint8))
        self.width, self.height = width, height

    def fill(self, place: Rectangle, colour: Colour) -> None:
        """All of a place gets one colour."""
        dot = planes_of_rgb(np.full((2, 2, 3), colour, np.uint8))
        part = self._planes.part(place.left, place.top, place.width, place.height)
        for plane, value in zip(part, dot, strict=True):
            plane[:] = value[0, 0]

    def put(self, left: int, top: int, planes: Planes) -> None:
        """Draws what is as large as it shall be, and lies within the picture."""
        height, width = planes.y.shape
        for plane, drawn in zip(self._planes.part(left, top, width, height), planes, strict=True):
            plane[:] = drawn

    def lay(self, left: int, top: int, overlay: Overlay) -> None:
        """Draws it over what is there."""
        height, width = overlay.added[0].shape
        under = self._planes.part(left, top, width, height)
        for plane, added, remains in zip(under, overlay.added, overlay.left, strict=True):
            plane[:] = _rounded(plane * remains + added)

    def frame(self, place: Rectangle, colour: Colour, thickness: int) -> None:
        """Draws a line around a place, inside of it. ``thickness`` is even."""
        left, top, width, height = place.left, place.top, place.width, place.height
        self.fill(Rectangle(left, top, width, thickness), colour)
        self.fill(Rectangle(left, top + height - thickness, width, thickness), colour)
        self.fill(Rectangle(left, top, thickness, height), colour)
        self.fill(Rectangle(left + width - thickness, top, thickness, height), colour)

    def contrast(self, place: Rectangle) -> float:
        """The standard deviation of a place's luma, by every eighth pixel in the middle of it."""
        inner = self._planes.part(
            place.left + place.width // 8 * 2,
            place.top + place.height // 8 * 2,
            place.width // 4 * 2,
            place.height // 4 * 2,
        )
        return float(inner.y[::8, ::8].std())

    def copied(self) -> av.VideoFrame:
        """The picture as it is now."""
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        for plane, drawn in zip(planes_of(frame), self._planes, strict=True):
            plane[:] = drawn
        return frame


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    halved: NDArray[np.float32] = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3), dtype=np.float32)
    return halved


def _rounded(plane: NDArray[np.float32]) -> Plane:
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)
