"""Names on the tiles, and initials for those without a picture."""

from __future__ import annotations

import unicodedata
import zlib
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from media_fleet.composer.canvas import Colour, Overlay, Planes, overlay_of_rgba, planes_of_rgb
from media_fleet.composer.layout import even

BACKGROUND: Colour = (17, 19, 24)
TILE: Colour = (38, 42, 51)
ACCENT: Colour = (92, 157, 255)
_WHITE = (255, 255, 255, 255)
_SHADE = (0, 0, 0, 165)
_HUES: tuple[Colour, ...] = ((79, 70, 229), (13, 148, 136), (190, 24, 93), (180, 83, 9), (2, 132, 199), (101, 63, 160))
_INSTALLED = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf")
"""Fonts that have more scripts than the one which comes with Pillow, where the machine has them."""
KEPT = 64
"""So many pictures of a kind are remembered: more than there are tiles at once, and not many, since a portrait may have
three megabytes and people may call themselves something else as often as they like."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Lettering:
    """``font``: a font's file; None: one that is there."""

    def __init__(self, font: Path | None) -> None:
        """Raises `OSError` if the font cannot be read."""
        self._font = lru_cache(maxsize=32)(lambda size: _loaded(font, size))
        self._font(12)
        self.label = lru_cache(maxsize=KEPT)(self._label)
        """A name in white on a shade, of a height, cut off at a width: ``label(name, height, max_width)``."""
        self._disc = lru_cache(maxsize=KEPT)(self._drawn_disc)

    def _label(self, name: str, height: int, max_width: int) -> Overlay:
        font = self._font(max(8, round(height * 0.6)))
        padding = height // 3
        text = _cut(_printable(name), font, max_width - 2 * padding)
        width = min(max_width, even(font.getlength(text) + 2 * padding + 1))
        image = Image.new("RGBA", (width, height))
        draw = ImageDraw.Draw(image)
        draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=height // 4, fill=_SHADE)
        draw.text((width / 2, height / 2), text, fill=_WHITE, font=font, anchor="mm")
        return overlay_of_rgba(np.asarray(image))

    def portrait(self, name: str, width: int, height: int) -> Planes:
        """A tile for somebody without a picture."""
        hue = _HUES[zlib.crc32(name.encode()) % len(_HUES)]
        return self._disc(initials(name), hue, width, height)

    def number(self, more: int, width: int, height: int) -> Planes:
        """A tile that says how many more there are."""
        return self._disc(f"+{more}", TILE, width, height)

    def _drawn_disc(self, text: str, colour: Colour, width: int, height: int) -> Planes:
        image = Image.new("RGB", (width, height), TILE)
        draw = ImageDraw.Draw(image)
        radius = min(width, height) * 0.26
        middle = (width / 2, height * 0.46)  # the name is below
        draw.ellipse((middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius), fill=colour)
        draw.text(middle, text, fill=_WHITE, font=self._font(max(8, round(radius * 0.8))), anchor="mm")
        return planes_of_rgb(np.asarray(image))


def initials(name: str) -> str:
    """Two letters at the most: the first ones of the first word and of the last."""
    words = [word for word in _printable(name).split() if word[0].isalnum()]
    ends = words[:1] + words[1:][-1:]
    return "".join(word[0].upper() for word in ends) or "?"


def _printable(name: str) -> str:
    """What a line can hold: no line breaks, and none of what changes the direction or cannot be seen."""
    return "".join(each if each.isprintable() else " " for each in unicodedata.normalize("NFC", name)).strip()


def _cut(text: str, font: Font, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _loaded(font: Path | None, size: int) -> Font:
    if font is not None:
        return ImageFont.truetype(str(font), size)
    found = _installed()
    return ImageFont.load_default(size) if found is None else ImageFont.truetype(found, size)


@cache
def _installed() -> str | None:
    """The file of a font that the machine has. To look for one takes a while where there are many."""
    for name in _INSTALLED:
        try:
            return str(ImageFont.truetype(name, 12).path)
        except OSError:
            continue
    return None
