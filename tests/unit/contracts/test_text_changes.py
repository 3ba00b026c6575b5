"""Changes of one text by several people: whichever comes first, all end with the same text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.text_changes import ChangeDoesNotFitError, TextChange, changed, simplified, transformed

texts = st.text(alphabet="ab\n\U0001f600", max_size=12)


@st.composite
def changes(draw: st.DrawFn, text: str) -> TextChange:
    """Any change of this text, also one with idle parts."""
    parts: list[int | str] = []
    left = len(text)
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["put in", "keep", "take out"]))
        if kind == "put in":
            parts.append(draw(st.text(alphabet="xy\U0001f44d", max_size=3)))
        else:
            length = draw(st.integers(0, left))
            left -= length
            parts.append(length if kind == "keep" else -length)
    return tuple(parts)


two_changes = texts.flatmap(lambda text: st.tuples(st.just(text), changes(text), changes(text)))


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ((), "notes"),
        (("My ",), "My notes"),
        ((5, "!"), "notes!"),
        ((2, -2, "d"), "nods"),
        ((-5,), ""),
    ],
)
def test_a_change_keeps_takes_out_and_puts_in_from_the_beginning_on(change: TextChange, after: str) -> None:
    assert changed("notes", change) == after


@pytest.mark.parametrize("change", [(6,), (-6,), (3, -3), (5, "x", 1)])
def test_a_change_that_goes_beyond_its_text_is_refused(change: TextChange) -> None:
    with pytest.raises(ChangeDoesNotFitError):
        changed("notes", change)


def test_what_two_put_in_at_the_same_place_stands_in_the_order_of_coming() -> None:
    first, second = (1, "x"), (1, "y")
    assert changed("axb", transformed(first, second)[1]) == "axyb"
    assert changed("ayb", transformed(first, second)[0]) == "axyb"


def test_what_is_put_in_where_somebody_takes_out_stays() -> None:
    taking, putting = (-4,), (2, "x")
    assert changed("abxcd", transformed(taking, putting)[0]) == "x"
    assert changed("", transformed(taking, putting)[1]) == "x"


def test_what_both_take_out_is_taken_out_once() -> None:
    assert transformed((1, -2), (-2,)) == ((-1,), (-1,))


@given(two_changes)
def test_in_either_order_two_changes_make_the_same_text(given: tuple[str, TextChange, TextChange]) -> None:
    text, first, second = given
    first_after, second_after = transformed(first, second)
    assert changed(changed(text, first), second_after) == changed(changed(text, second), first_after)


@given(two_changes)
def test_fewer_parts_say_the_same(given: tuple[str, TextChange, TextChange]) -> None:
    text, change, _ = given
    made = simplified(change)
    assert changed(text, made) == changed(text, change)
    assert all(made), "no part is idle"
    assert not any(isinstance(one, str) and isinstance(two, str) for one, two in itertools.pairwise(made))
    assert simplified(made) == made
