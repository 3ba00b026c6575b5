"""How good a connection is: the score, and the levels that do not flicker."""

from __future__ import annotations

import pytest

from contracts.statistics import QualityLevel
from media_fleet.domain.connection_quality import (
    BEST,
    WORST,
    Direction,
    Judgement,
    Picture,
    Sound,
    judge,
    mean_opinion_score,
    rate,
    unheard,
)
from media_fleet.domain.layers import expected_layer

EXCELLENT, GOOD, POOR, LOST = QualityLevel.EXCELLENT, QualityLevel.GOOD, QualityLevel.POOR, QualityLevel.LOST


def level_of(direction: Direction, *, round_trip: float = 0.02) -> QualityLevel:
    return judge(None, rate([direction], round_trip=round_trip)).level


@pytest.mark.parametrize(
    ("rating", "score"), [(-5, 1.0), (0, 1.0), (50, 2.58), (60, 3.10), (70, 3.60), (80, 4.03), (90, 4.34)]
)
def test_scores_are_those_of_the_table_in_g107(rating: float, score: float) -> None:
    assert mean_opinion_score(rating) == pytest.approx(score, abs=0.01)


@pytest.mark.parametrize(
    ("loss", "jitter", "round_trip", "level"),
    [
        (0.0, 0.002, 0.02, EXCELLENT),
        (0.02, 0.005, 0.05, EXCELLENT),
        (0.05, 0.005, 0.05, GOOD),
        (0.0, 0.0, 0.4, EXCELLENT),
        (0.0, 0.0, 0.6, GOOD),
        (0.0, 0.1, 0.3, GOOD),
        (0.15, 0.01, 0.1, POOR),
        (0.0, 0.0, 1.2, POOR),
        (1.0, 0.0, 0.0, POOR),
    ],
)
def test_sound_suffers_from_loss_delay_and_jitter(
    loss: float, jitter: float, round_trip: float, level: QualityLevel
) -> None:
    assert level_of(Direction(sound=Sound(loss=loss, jitter=jitter)), round_trip=round_trip) is level


@pytest.mark.parametrize(
    ("loss", "as_opus", "as_red"),
    [(0.0, 0.0, 0.0), (0.05, 0.05, 0.0025), (0.1, 0.1, 0.01), (0.2, 0.2, 0.04), (1.0, 1.0, 1.0), (1.5, 1.0, 1.0)],
)
def test_of_redundant_sound_only_what_is_lost_with_the_packet_after_it_is_not_heard(
    loss: float, as_opus: float, as_red: float
) -> None:
    assert unheard(loss, redundant=False) == pytest.approx(as_opus)
    assert unheard(loss, redundant=True) == pytest.approx(as_red)


@pytest.mark.parametrize(
    ("loss", "as_opus", "as_red"),
    [
        (0.02, EXCELLENT, EXCELLENT),
        (0.05, GOOD, EXCELLENT),
        (0.15, POOR, EXCELLENT),
        (0.25, POOR, GOOD),
        (0.5, POOR, POOR),
    ],
)
def test_redundant_sound_is_judged_by_what_is_heard_of_it(
    loss: float, as_opus: QualityLevel, as_red: QualityLevel
) -> None:
    def judged(*, redundant: bool) -> QualityLevel:
        return level_of(Direction(sound=Sound(loss=unheard(loss, redundant=redundant), jitter=0.005)))

    assert (judged(redundant=False), judged(redundant=True)) == (as_opus, as_red)


@pytest.mark.parametrize(
    ("pictures", "level"),
    [
        ([Picture(loss=0.0)], EXCELLENT),
        ([Picture(loss=0.05)], EXCELLENT),
        ([Picture(loss=0.15)], GOOD),
        ([Picture(loss=0.0, missing_layers=1)], GOOD),
        ([Picture(loss=0.0, missing_layers=2)], POOR),
        ([Picture(loss=0.0, starved=True)], POOR),
        ([Picture(loss=0.0, frozen=True)], POOR),
        ([Picture(loss=0.0)] * 3 + [Picture(loss=0.0, starved=True)], GOOD),
    ],
)
def test_pictures_suffer_from_what_is_missing_of_them(pictures: list[Picture], level: QualityLevel) -> None:
    assert level_of(Direction(pictures=pictures)) is level


def test_a_path_that_carries_little_of_what_is_wanted_is_told_by_no_layer() -> None:
    assert level_of(Direction(pictures=[Picture(loss=0.0)], carried=0.2)) is GOOD
    assert level_of(Direction(pictures=[Picture(loss=0.0)], carried=3.0)) is EXCELLENT


def test_the_worst_of_all_counts() -> None:
    well, silent = Direction(sound=Sound(loss=0, jitter=0)), Direction(sound=Sound(loss=0, jitter=0, silent=True))
    assert rate([well, silent], round_trip=None) == WORST
    assert rate([well, well], round_trip=None) == BEST
    assert rate([], round_trip=None) == BEST, "nothing is sent or received"


def ratings(*samples: float | None, before: Judgement | None = None) -> list[QualityLevel]:
    levels = []
    for rating in samples:
        before = judge(before, rating)
        levels.append(before.level)
    return levels


def test_it_falls_at_once_and_rises_slowly() -> None:
    assert ratings(93, 93, 20) == [EXCELLENT, EXCELLENT, POOR]
    rising = ratings(*[93] * 12, before=Judgement(rating=20, level=POOR))
    assert rising[:3] == [POOR, POOR, POOR]
    assert GOOD in rising[3:6]
    assert rising[-1] is EXCELLENT
    assert rising == sorted(rising, key=[POOR, GOOD, EXCELLENT].index), "it goes only up"


def test_one_bad_second_is_seen_and_many_around_a_limit_are_not() -> None:
    assert ratings(93, 30, 93)[1:] == [POOR, POOR]
    around = ratings(93, *[79.5, 81.5] * 20)
    assert len(set(around[4:])) == 1, "no flicker"


def test_who_is_lost_is_so_at_once_and_comes_back_slowly() -> None:
    assert ratings(93, None, 93) == [EXCELLENT, LOST, POOR]
    assert judge(None, None).score == 1.0


@pytest.mark.parametrize(
    ("sent", "wanted", "expected"),
    [((0, 1, 2), None, 2), ((0, 1, 2), 1, 1), ((0, 2), 1, 0), ((1, 2), 0, 1), ((), 1, None)],
)
def test_what_is_expected_is_the_best_of_what_is_sent(
    sent: tuple[int, ...], wanted: int | None, expected: int | None
) -> None:
    assert expected_layer(sent, wanted) == expected
