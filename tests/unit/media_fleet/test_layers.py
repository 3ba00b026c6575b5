"""Wishes by height become layers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.client_commands import SubscriptionWish
from contracts.rooms import TrackSource
from media_fleet.domain.layers import Rank, likely_heights, lowest_first, priority, share, wanted_layer


def test_heights_are_halved_from_the_full_one_down() -> None:
    assert likely_heights(TrackSource.CAMERA, 3) == [180, 360, 720]
    assert likely_heights(TrackSource.SCREEN, 2) == [540, 1080]


@pytest.mark.parametrize(
    ("max_height", "layer"),
    [(None, None), (1, 0), (180, 0), (200, 0), (201, 1), (360, 1), (400, 1), (401, None), (720, None), (2000, None)],
)
def test_the_lowest_layer_that_fills_the_tile_is_wanted(max_height: int | None, layer: int | None) -> None:
    assert wanted_layer(TrackSource.CAMERA, 3, max_height) == layer


@pytest.mark.parametrize("layer_count", [0, 1])
def test_a_track_without_layers_has_no_choice(layer_count: int) -> None:
    assert wanted_layer(TrackSource.CAMERA, layer_count, 90) is None


@pytest.mark.parametrize(
    ("rids", "sorted_rids"),
    [(["f", "h", "q"], ["q", "h", "f"]), (["h", "q"], ["q", "h"]), (["b", "a"], ["b", "a"]), (["2", "0"], ["0", "2"])],
)
def test_common_rids_are_sorted_and_others_keep_their_order(rids: list[str], sorted_rids: list[str]) -> None:
    assert lowest_first(rids) == sorted_rids


def test_screens_matter_more_and_then_what_is_shown_larger() -> None:
    camera, screen = TrackSource.CAMERA, TrackSource.SCREEN
    assert priority(screen, 90) > priority(camera, None) > priority(camera, 360) > priority(camera, 180)


PICTURES = st.tuples(
    st.sampled_from(Rank), st.sampled_from([TrackSource.CAMERA, TrackSource.SCREEN]), st.integers(1, 8640)
)


@given(PICTURES, PICTURES)
def test_who_is_chosen_matters_most_then_who_speaks_then_screens_and_then_size(
    one: tuple[Rank, TrackSource, int], other: tuple[Rank, TrackSource, int]
) -> None:
    def order(picture: tuple[Rank, TrackSource, int]) -> tuple[int, bool, int]:
        rank, source, height = picture
        return rank, source is TrackSource.SCREEN, height

    def served(picture: tuple[Rank, TrackSource, int]) -> int:
        rank, source, height = picture
        return priority(source, height, rank)

    assert (served(one) < served(other)) == (order(one) < order(other))
    assert 0 <= served(one) < 2**32, "the packet core has 32 bits for it"


def test_a_wish_for_a_height_is_for_the_layers_within_where_there_is_one_encoding() -> None:
    wish = SubscriptionWish(track_id="t", max_height=180)
    one, several = share(TrackSource.CAMERA, 1, wish), share(TrackSource.CAMERA, 3, wish)
    assert (one.layer, one.height) == (None, 180)
    assert (several.layer, several.height) == (0, None)
