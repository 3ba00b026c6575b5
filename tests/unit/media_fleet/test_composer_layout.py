"""Where people are in the picture of a meeting, and who is taken for the one who speaks."""

from __future__ import annotations

import gc
import weakref
from itertools import combinations
from typing import Any

import pytest

from contracts.rooms import CompositeLayout, ParticipantId
from media_fleet.composer.drawing import fitted
from media_fleet.composer.layout import MAX_TILES, Onlooker, Rectangle, Tile, arrange
from media_fleet.composer.lettering import KEPT, Lettering, initials
from media_fleet.composer.speaker import AFTER_SILENCE_MS, AFTER_SPEECH_MS, Speaker

GRID, SPEAKER = CompositeLayout.GRID, CompositeLayout.SPEAKER
ADA, BEN, CLEO = ParticipantId("p0"), ParticipantId("p1"), ParticipantId("p2")


def people(count: int, *, sharing: int | None = None, with_picture: set[int] | None = None) -> list[Onlooker]:
    return [
        Onlooker(
            id=ParticipantId(f"p{number}"),
            has_picture=with_picture is None or number in with_picture,
            shares_screen=number == sharing,
        )
        for number in range(count)
    ]


def arranged(
    there: list[Onlooker], layout: CompositeLayout = GRID, speaker: ParticipantId | None = None, height: int = 1080
) -> tuple[Tile, ...]:
    return arrange(there, layout=layout, speaker=speaker, width=height * 16 // 9, height=height)


@pytest.mark.parametrize(
    ("count", "columns", "rows"),
    [(1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 2, 2), (5, 3, 2), (6, 3, 2), (9, 3, 3), (12, 4, 3), (16, 4, 4), (25, 5, 5)],
)
def test_a_grid_has_the_columns_with_which_the_tiles_are_largest(count: int, columns: int, rows: int) -> None:
    places = [tile.place for tile in arranged(people(count))]
    assert len({place.top for place in places}) == rows
    assert sum(place.top == places[0].top for place in places) == columns
    assert len({(place.width, place.height) for place in places}) == 1


@pytest.mark.parametrize("height", [360, 720, 1080])
@pytest.mark.parametrize("layout", list(CompositeLayout))
@pytest.mark.parametrize("sharing", [None, 0])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 13, 25, 40, 300])
def test_tiles_are_even_lie_within_the_picture_and_never_over_each_other(
    count: int, sharing: int | None, layout: CompositeLayout, height: int
) -> None:
    tiles = arranged(people(count, sharing=sharing), layout, height=height)
    for place in (tile.place for tile in tiles):
        assert all(number % 2 == 0 for number in (place.left, place.top, place.width, place.height))
        assert place.left >= 0
        assert place.top >= 0
        assert place.width >= 2
        assert place.height >= 2
        assert place.left + place.width <= height * 16 // 9
        assert place.top + place.height <= height
    assert not any(_overlap(one.place, other.place) for one, other in combinations(tiles, 2))
    cameras = sum(not tile.is_screen for tile in tiles if tile.participant_id is not None)
    assert cameras + sum(tile.more for tile in tiles) == count


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    across = one.left < other.left + other.width and other.left < one.left + one.width
    return across and one.top < other.top + other.height and other.top < one.top + one.height


def test_who_speaks_is_large_and_the_first_one_before_anybody_has() -> None:
    for speaker, large in ((None, ADA), (CLEO, CLEO), (ParticipantId("gone"), ADA)):
        first, *others = arranged(people(3), SPEAKER, speaker)
        assert first.participant_id == large
        assert first.place.width > 4 * others[0].place.width
        assert {each.participant_id for each in others} == {ADA, BEN, CLEO} - {large}
    assert len(arranged(people(1), SPEAKER, ADA)) == 1


@pytest.mark.parametrize("layout", list(CompositeLayout))
def test_a_shared_screen_is_large_and_whoever_shares_it_is_beside_it(layout: CompositeLayout) -> None:
    first, *others = arranged(people(3, sharing=1), layout, ADA)
    assert (first.participant_id, first.is_screen) == (BEN, True)
    assert [each.participant_id for each in others] == [ADA, BEN, CLEO]
    assert not any(each.is_screen for each in others)


def test_where_not_all_have_a_place_those_with_a_picture_have_and_the_rest_is_counted() -> None:
    tiles = arranged(people(60, with_picture={3, 40, 59}))
    assert len(tiles) == MAX_TILES
    shown = [tile.participant_id for tile in tiles if tile.participant_id is not None]
    assert {"p3", "p40", "p59"} <= set(shown)
    assert shown == sorted(shown, key=lambda each: int(each[1:])), "in the order in which they came"
    assert tiles[-1].more == 60 - len(shown)


@pytest.mark.parametrize(
    ("size", "may_cut", "drawn"),
    [
        ((1280, 720), True, (640, 360)),
        ((640, 480), True, (640, 480)),
        ((720, 1280), True, (202, 360)),
        ((1280, 800), False, (576, 360)),
        ((4000, 2), False, (640, 2)),
    ],
)
def test_a_camera_fills_its_place_unless_too_much_is_cut_off_and_a_screen_is_all_there(
    size: tuple[int, int], drawn: tuple[int, int], *, may_cut: bool
) -> None:
    assert fitted(*size, Rectangle(0, 0, 640, 360), may_cut=may_cut) == drawn


def _speaks(speaker: Speaker, who: dict[ParticipantId, float], since: float, until: float) -> float:
    at = since
    while at < until:
        at += 20
        speaker.hear(at, who)
    return at


def test_a_pause_and_a_word_in_between_change_nothing_and_whoever_goes_on_is_the_speaker() -> None:
    speaker = Speaker()
    at = _speaks(speaker, {ADA: 0.1}, 0, AFTER_SILENCE_MS + 100)
    assert speaker.current == ADA
    at = _speaks(speaker, {}, at, at + 5_000)
    assert speaker.current == ADA, "nobody else has spoken"
    assert not speaker.is_speaking
    at = _speaks(speaker, {BEN: 0.2}, at, at + AFTER_SILENCE_MS - 60)
    at = _speaks(speaker, {ADA: 0.1}, at, at + 1_000)
    assert speaker.current == ADA, "it was a word"
    at = _speaks(speaker, {ADA: 0.1, BEN: 0.11}, at, at + 5_000)
    assert speaker.current == ADA, "about as loud"
    at = _speaks(speaker, {ADA: 0.05, BEN: 0.2}, at, at + AFTER_SPEECH_MS + 500)
    assert speaker.current == BEN
    speaker.gone(BEN)
    assert speaker.current is None


def test_noise_makes_nobody_the_speaker() -> None:
    speaker = Speaker()
    _speaks(speaker, {ADA: 0.004}, 0, 5_000)
    assert speaker.current is None


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("  Grace B. Hopper ", "GH"),
        ("", "?"),
        ("(guest) Élise", "É"),
        ("😀", "?"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_name_is_cut_off_where_there_is_no_room_and_has_nothing_that_does_harm() -> None:
    lettering = Lettering(None)
    for name in ("Ada", "A" * 500, "\n\u202e\u0000", ""):
        assert lettering.label(name, 24, 120).added[0].shape[1] <= 120


def test_who_calls_themselves_something_else_again_and_again_fills_no_memory() -> None:
    lettering = Lettering(None)
    names = [f"Ada {number} Lovelace" for number in range(200)]
    assert len({id(lettering.portrait(name, 32, 32)) for name in names}) <= 6, "one for each hue"
    drawn: list[weakref.ref[Any]] = []
    for number in range(3 * KEPT):
        drawn.append(weakref.ref(lettering.portrait(chr(0x4E00 + number), 32, 32).y))
        drawn.append(weakref.ref(lettering.label(names[number], 24, 120).added[0]))
    gc.collect()
    assert sum(each() is not None for each in drawn) <= 2 * KEPT
    assert KEPT > MAX_TILES
