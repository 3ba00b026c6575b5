"""The playlists of a broadcast, whatever comes: RFC 8216 and the draft that succeeds it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.broadcasting import PARTS_OF_SEGMENT
from media_fleet.broadcaster.broadcaster import first_number
from media_fleet.broadcaster.cutting import Cut, Cutter, Grid
from media_fleet.broadcaster.playlist import SEGMENTS, WITH_PARTS, Names, Part, Window, multivariant
from media_fleet.broadcaster.shelf import Shelf
from tests.integration.media.watching import MediaPlaylist, attributes

NAMES = Names("run1")
START = 1_800_000_000_000


def window(*, is_continuation: bool = False) -> Window:
    return Window(NAMES, first=100, segment_s=2, part_s=0.52, is_continuation=is_continuation)


def fill(some: Window, segments: int, parts: int = 0) -> None:
    """Whole segments of four parts, and parts of one more."""
    for segment in range(segments + 1):
        for index in range(4 if segment < segments else parts):
            duration = 0.52 if index < 3 else 0.44
            some.add(Part(duration, independent=index == 0), at=START + 2_000 * segment + 520 * index)
        if segment < segments:
            some.end_segment()


@given(segments=st.integers(0, 80), parts=st.integers(0, 3), is_continuation=st.booleans(), is_over=st.booleans())
def test_a_playlist_tells_what_there_is(segments: int, parts: int, *, is_continuation: bool, is_over: bool) -> None:
    some = window(is_continuation=is_continuation)
    fill(some, segments, parts)
    if is_over:
        some.end()
    told = MediaPlaylist(some.text())
    assert told.tags["EXT-X-TARGETDURATION"] == "2"
    assert attributes(told.tags["EXT-X-PART-INF"]) == {"PART-TARGET": "0.52000"}
    control = attributes(told.tags["EXT-X-SERVER-CONTROL"])
    assert control["CAN-BLOCK-RELOAD"] == "YES"
    assert float(control["PART-HOLD-BACK"]) >= 3 * 0.52
    numbers = [each.number for each in told.segments]
    assert numbers == list(range(100 + segments + bool(parts)))[-len(numbers) :] or not numbers
    assert len(told.whole) == min(segments + (is_over and parts > 0), SEGMENTS)
    assert all(each.duration <= 2.0 for each in told.segments)
    assert all(part.duration <= 0.52 for each in told.segments for part in each.parts)
    with_parts = [each.number for each in told.segments if each.parts]
    assert with_parts == numbers[-WITH_PARTS:]
    assert told.is_over == is_over
    assert told.hint == (None if is_over else NAMES.part(100 + segments, parts))
    begins_here = bool(numbers) and numbers[0] == 100
    assert [each.is_discontinuous for each in told.segments] == [
        is_continuation and number == 100 for number in numbers
    ]
    discontinuities = int(told.tags["EXT-X-DISCONTINUITY-SEQUENCE"])
    assert discontinuities == 100 - (is_continuation and (begins_here or not numbers))


@given(
    segments=st.integers(0, 3), parts=st.integers(0, 3), number=st.integers(98, 105), part=st.none() | st.integers(0, 6)
)
def test_what_is_waited_for_is_there_when_the_playlist_has_it(
    segments: int, parts: int, number: int, part: int | None
) -> None:
    some = window()
    fill(some, segments, parts)
    growing = 100 + segments
    # Beyond the last part of a whole segment lies the first one of the next.
    asked = (number + 1, 0) if part is not None and part >= 4 and 100 <= number < growing else (number, part)
    if asked[1] is None:
        expected = asked[0] < growing
    else:
        expected = asked[0] < growing or (asked[0] == growing and asked[1] < parts)
    assert some.has(number, part) == expected


def test_an_old_segment_keeps_its_time_when_others_are_gone() -> None:
    some = window()
    fill(some, 40, 2)
    told = MediaPlaylist(some.text())
    assert told.segments[0].number == 110
    assert told.segments[0].starts_at == START / 1000 + 20
    assert told.end == pytest.approx(START / 1000 + 80 + 1.04)


def test_nothing_is_waited_for_that_is_far_ahead_or_over() -> None:
    some = window()
    fill(some, 1, 1)
    assert some.may_come(103, None)
    assert not some.may_come(104, None)
    assert some.may_come(102, 3)
    assert not some.may_come(103, 0), "what many players do not ask for takes nobody's place"
    some.end()
    assert some.may_come(104, 2)
    assert some.has(104, 2), "it is over, and that is to be told at once"


@given(frame_rate=st.integers(1, 120))
def test_no_segment_has_more_parts_than_gateways_believe(frame_rate: int) -> None:
    grid = Grid(frame_rate)
    assert sum(grid.begins_part(number) for number in range(grid.segment)) <= PARTS_OF_SEGMENT


def shelf(some: Window) -> Shelf:
    return Shelf(some, NAMES, index="", init=b"init", started_at=START, picture_ms=40)


def cut(data: bytes, *, ends_segment: bool = False) -> Cut:
    return Cut(data=data, part=Part(0.5, independent=False), first=0, ends_segment=ends_segment)


async def test_who_asks_for_a_part_a_little_early_gets_it_when_it_is_there() -> None:
    shelved = shelf(window())
    shelved.put(cut(b"a"))
    asked = [asyncio.ensure_future(shelved.coming(NAMES.part(*each))) for each in ((100, 1), (100, 2), (101, 1))]
    assert await shelved.coming(NAMES.part(102, 0)) is None, "nobody waits for what is far ahead"
    for number, data in enumerate((b"b", b"c", b"d", b"e")):
        shelved.put(cut(data, ends_segment=number == 1))
    assert await asyncio.gather(*asked) == [b"b", b"c", b"e"]


async def test_a_player_that_goes_on_here_gets_no_playlist_of_nothing() -> None:
    shelved = shelf(window(is_continuation=True))
    asked = asyncio.ensure_future(shelved.begun())
    shelved.put(cut(b"a"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not asked.done()
    shelved.put(cut(b"b", ends_segment=True))
    assert await asked
    nothing = shelf(window())
    asked = asyncio.ensure_future(nothing.begun())
    await asyncio.sleep(0)
    nothing.end()
    assert await asked, "it is over, and that is to be told at once"


async def test_a_part_that_is_not_made_is_not_waited_for_longer_than_its_segment_grows() -> None:
    shelved = shelf(window())
    shelved.put(cut(b"a"))
    never = asyncio.ensure_future(shelved.coming(NAMES.part(100, 2)))
    await asyncio.sleep(0)
    shelved.put(cut(b"b", ends_segment=True))
    assert await never is None
    late = asyncio.ensure_future(shelved.coming(NAMES.part(101, 1)))
    await asyncio.sleep(0)
    shelved.end()
    assert await late is None


def test_the_multivariant_playlist_names_the_other() -> None:
    text = multivariant(codecs="avc1.4d401e,mp4a.40.2", width=1280, height=720, frame_rate=25, bits=4_000_000)
    stream, uri = text.splitlines()[-2:]
    about = attributes(stream.partition(":")[2])
    assert uri == "stream.m3u8"
    assert (about["CODECS"], about["RESOLUTION"], about["FRAME-RATE"]) == (
        "avc1.4d401e,mp4a.40.2",
        "1280x720",
        "25.000",
    )


@given(frame_rate=st.integers(5, 30), left_out=st.sets(st.integers(0, 200)))
def test_whatever_is_left_out_parts_lie_where_they_should(frame_rate: int, left_out: set[int]) -> None:
    grid = Grid(frame_rate)
    cutter = Cutter(grid)
    cuts: list[Cut] = []
    last = 4 * grid.segment
    for number in range(last + 1):
        cutter.sound(b"sound", number * 100, 100)
        if number not in left_out or grid.begins_part(number):
            cut = cutter.picture(b"picture", number, is_key=grid.begins_segment(number))
            cuts += [cut] if cut else []
    assert [each.first for each in cuts] == [number for number in range(last) if grid.begins_part(number)]
    assert [each.first for each in cuts if each.part.independent] == list(range(0, last, grid.segment))
    assert sum(each.ends_segment for each in cuts) == 4
    assert all(each.part.duration <= grid.part_s <= 0.6 for each in cuts)
    assert sum(each.part.duration for each in cuts) == pytest.approx(8)


@given(began=st.integers(START, START + 10_000), lasted_ms=st.integers(700, 10_000_000), again_ms=st.integers(0, 5_000))
def test_another_broadcaster_goes_on_with_greater_numbers(began: int, lasted_ms: int, again_ms: int) -> None:
    last = first_number(began, 0) + (lasted_ms - 700) // 2_000
    assert first_number(began + lasted_ms + again_ms, 1) > last
