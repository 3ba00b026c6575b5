"""Who speaks when, as a list that somebody reads: of thousands of turns, some chapters."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rooms import ParticipantId
from media_fleet.composer.chapters import LEAST_MS, MOST, PAUSE_MS, Chapters, Stretch, joined
from media_fleet.composer.speaker import Speaker

ANN, BEN, CAT, DAN = (ParticipantId(each) for each in ("ann", "ben", "cat", "dan"))
PIECE_MS = 20
LOUD = 0.1


def chapters_of(turns: Iterable[tuple[ParticipantId | None, float]]) -> list[tuple[float, tuple[ParticipantId, ...]]]:
    """The chapters of a meeting in which one after the other speaks, each for so many seconds."""
    speaker, chapters, now = Speaker(), Chapters(), 0
    for who, seconds in turns:
        for _ in range(round(seconds * 1000 / PIECE_MS)):
            now += PIECE_MS
            speaker.hear(now, {} if who is None else {who: LOUD})
            chapters.heard(now, speaker)
    return [(each.start / 1000, each.speakers) for each in chapters.until(now)]


def test_one_after_the_other_has_a_chapter_that_begins_where_they_do() -> None:
    first, second, third = chapters_of([(ANN, 20), (BEN, 30), (ANN, 15)])
    assert (first, second[1], third[1]) == ((0, (ANN,)), (BEN,), (ANN,))
    assert [second[0], third[0]] == pytest.approx([20, 50], abs=0.3)


def test_a_question_in_between_is_no_chapter() -> None:
    assert chapters_of([(ANN, 60), (BEN, 4), (ANN, 60)]) == [(0, (ANN,))]


def test_a_dialogue_is_one_chapter_of_both() -> None:
    talk, dialogue, end = chapters_of([(ANN, 60), *([(BEN, 5), (CAT, 4)] * 9), (DAN, 60)])
    assert (talk[1], set(dialogue[1]), end[1]) == ((ANN,), {BEN, CAT}, (DAN,))
    assert dialogue[0] == pytest.approx(60, abs=0.5)
    assert end[0] == pytest.approx(60 + 81, abs=0.5)


def test_before_the_first_word_and_in_a_long_pause_nobody_speaks() -> None:
    pause = PAUSE_MS / 1000
    told = chapters_of([(None, 30), (ANN, 30), (None, 10), (ANN, 30), (None, pause + 60), (ANN, 30)])
    assert [who for _, who in told] == [(), (ANN,), (), (ANN,)]
    assert [at for at, _ in told] == pytest.approx([0, 30, 100, 160 + pause], abs=0.5)


def test_who_has_left_speaks_no_more() -> None:
    speaker, chapters = Speaker(), Chapters()
    for now in range(PIECE_MS, 60_000, PIECE_MS):
        if now == 30_000:
            speaker.gone(ANN)
        speaker.hear(now, {ANN: LOUD} if now < 30_000 else {})
        chapters.heard(now, speaker)
    assert [(each.start, each.speakers) for each in chapters.until(60_000)] == [(0, (ANN,)), (30_000, ())]


def test_two_hours_of_short_turns_are_a_list_that_fits() -> None:
    chance = random.Random(7)
    lively = ((chance.choice((ANN, BEN, CAT, DAN)), chance.uniform(1, 40)) for _ in range(360))
    told = chapters_of(lively)
    assert 5 < len(told) <= MOST
    assert told[0][0] == 0
    assert all(1 <= len(who) <= 3 for _, who in told)


turns = st.lists(st.tuples(st.sampled_from((ANN, BEN, CAT, None)), st.floats(1, 400_000)), min_size=1, max_size=60)


@given(turns)
def test_however_they_speak_chapters_follow_each_other_and_nothing_is_lost(
    turns: list[tuple[ParticipantId | None, float]],
) -> None:
    stretches, at = [], 0.0
    for who, long in turns:
        stretches.append(Stretch(at, {} if who is None else {who: long}))
        at += long
    found = joined(stretches, at, least=LEAST_MS, most=MOST)
    starts = [each.start for each in found]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert len(found) <= MOST
    assert len(found) == 1 or all(b - a >= LEAST_MS for a, b in zip(starts, [*starts[1:], at], strict=True))
    for who in (ANN, BEN, CAT):
        spoken = sum(long for each, long in turns if each == who)
        assert sum(each.spoken.get(who, 0) for each in found) == pytest.approx(spoken)
    for before, after in pairwise(found):
        assert set(before.speakers) != set(after.speakers)
