"""Where everybody is in the one picture of a meeting. Pure.

*grid*: all the same size. *speaker*: who speaks is large, others are in a strip beside. A shared screen takes the large
place in either, with the people in the strip.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from contracts.rooms import CompositeLayout, ParticipantId

MAX_TILES = 25
"""Of a grid: more would be stamps."""
STRIP = 6
"""Tiles of a strip, which is so many times narrower than the picture."""
_ASPECT = 16 / 9


class Rectangle(Struct, frozen=True):
    """In pixels of the picture. All numbers are even: colour has half the resolution."""

    left: int
    top: int
    width: int
    height: int


class Onlooker(Struct, frozen=True, kw_only=True):
    """Somebody in the meeting, as far as it matters where they are seen."""

    id: ParticipantId
    has_picture: bool = False
    shares_screen: bool = False
    spoke_at: float = float("-inf")
    """When they last spoke."""


class Tile(Struct, frozen=True, kw_only=True):
    """A place in the picture. ``participant_id`` None: it stands for the ``more`` people without a place."""

    place: Rectangle
    participant_id: ParticipantId | None
    is_screen: bool = False
    more: int = 0


def arrange(
    people: Sequence[Onlooker], *, layout: CompositeLayout, speaker: ParticipantId | None, width: int, height: int
) -> tuple[Tile, ...]:
    """The places of a picture of ``width`` x ``height``. ``people`` in the order in which they came."""
    sharing = next((each.id for each in people if each.shares_screen), None)
    if sharing is not None:
        return _with_strip(sharing, people, width, height, is_screen=True)
    if layout is CompositeLayout.SPEAKER and len(people) > 1:
        ids = [each.id for each in people]
        large = speaker if speaker is not None and speaker in ids else ids[0]
        others = [each for each in people if each.id != large]
        return _with_strip(large, others, width, height, is_screen=False)
    return _grid(people, width, height)


def _grid(people: Sequence[Onlooker], width: int, height: int) -> tuple[Tile, ...]:
    shown, more = _chosen(people, MAX_TILES)
    count = len(shown) + (more > 0)
    if not count:
        return ()
    gap = even(height / 90)

    def wide(columns: int) -> float:
        rows = -(-count // columns)
        return min((width - gap * (columns + 1)) / columns, (height - gap * (rows + 1)) / rows * _ASPECT)

    columns = max(range(1, count + 1), key=wide)
    rows = -(-count // columns)
    tile_width, tile_height = even(wide(columns)), even(wide(columns) / _ASPECT)
    top = even((height - rows * tile_height - (rows - 1) * gap) / 2)
    places = []
    for number in range(count):
        row, column = divmod(number, columns)
        in_row = min(columns, count - row * columns)
        left = even((width - in_row * tile_width - (in_row - 1) * gap) / 2)
        places.append(
            Rectangle(left + column * (tile_width + gap), top + row * (tile_height + gap), tile_width, tile_height)
        )
    return _tiles(places, shown, more)


def _with_strip(
    large: ParticipantId, others: Sequence[Onlooker], width: int, height: int, *, is_screen: bool
) -> tuple[Tile, ...]:
    if not others:
        return (Tile(place=Rectangle(0, 0, width, height), participant_id=large, is_screen=is_screen),)
    gap = even(height / 135)
    tile_width = even(width / STRIP)
    tile_height = even(tile_width / _ASPECT)
    shown, more = _chosen(others, (height + gap) // (tile_height + gap))
    count = len(shown) + (more > 0)
    top = even((height - count * tile_height - (count - 1) * gap) / 2)
    places = [
        Rectangle(width - tile_width, top + number * (tile_height + gap), tile_width, tile_height)
        for number in range(count)
    ]
    main = Tile(
        place=Rectangle(0, 0, even(width - tile_width - gap), height), participant_id=large, is_screen=is_screen
    )
    return (main, *_tiles(places, shown, more))


def _tiles(places: Sequence[Rectangle], shown: Sequence[Onlooker], more: int) -> tuple[Tile, ...]:
    people = tuple(Tile(place=place, participant_id=each.id) for place, each in zip(places, shown, strict=False))
    return (*people, Tile(place=places[-1], participant_id=None, more=more)) if more else people


def _chosen(people: Sequence[Onlooker], places: int) -> tuple[list[Onlooker], int]:
    """Who is seen where not all can be, in the order in which they came, and how many are not.

    Who has a picture comes before who has none, and of these who spoke last.
    """
    if len(people) <= places:
        return list(people), 0
    first = sorted(people, key=lambda each: (not each.has_picture, -each.spoke_at))[: places - 1]
    seen = {each.id for each in first}
    return [each for each in people if each.id in seen], len(people) - len(seen)


def even(length: float) -> int:
    """As much of a length as is even."""
    return int(length) // 2 * 2
