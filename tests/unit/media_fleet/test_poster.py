"""The picture that stands for a recording."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from media_fleet.composer.poster import POSTER, WIDTH, Poster

RED, GREEN, BLUE = (200, 30, 30), (30, 180, 30), (30, 30, 220)


def picture(colour: tuple[int, int, int], width: int = 320, height: int = 180) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((height, width, 3), colour, np.uint8), format="rgb24").reformat(
        format="yuv420p"
    )


def taken(folder: Path) -> tuple[int, ...]:
    """The colour in the middle of the poster."""
    with Image.open(folder / POSTER) as image:
        assert image.format == "JPEG"
        pixel = np.asarray(image)[image.height // 2, image.width // 2]
    return tuple(int(each) for each in pixel)


def test_it_is_the_moment_with_most_people(tmp_path: Path) -> None:
    poster = Poster(tmp_path)
    for now, colour, people in ((100, BLUE, 9), (2_000, RED, 1), (4_000, GREEN, 3), (6_000, RED, 2), (8_100, BLUE, 2)):
        poster.look(now, picture(colour), people)
    assert poster.name == POSTER
    assert taken(tmp_path) == pytest.approx(GREEN, abs=12), "not before two seconds have passed, which is no moment yet"
    assert [each.name for each in tmp_path.iterdir()] == [POSTER]


def test_of_as_many_people_a_much_later_moment_is_another_one(tmp_path: Path) -> None:
    poster = Poster(tmp_path)
    for now, colour in ((2_000, RED), (3_900, BLUE), (4_000, GREEN), (7_900, BLUE)):
        poster.look(now, picture(colour), 2)
    assert taken(tmp_path) == pytest.approx(GREEN, abs=12)


def test_it_is_no_larger_than_a_player_shows_it(tmp_path: Path) -> None:
    poster = Poster(tmp_path)
    assert poster.name is None
    poster.take(0, picture(RED, 1_920, 1_080), 0)
    with Image.open(tmp_path / POSTER) as image:
        assert image.size == (WIDTH, 540)
    poster.take(0, picture(RED, 320, 180), 0)
    with Image.open(tmp_path / POSTER) as image:
        assert image.size == (320, 180)
