"""Changes of a text that several people write at once, as operations that can be put one after another.

A change goes through the text from its beginning: a positive number keeps so many characters, a negative one takes so
many out, a string is put in. What follows the last part stays. Characters are Unicode code points, as in `str`.

Two changes of the same text, made apart, are brought together by `transformed` (operational transformation, property
TP1): either order of the two gives the same text. Where both put something in at the same place, that of the first one
comes first. Source: Ellis, Gibbs, "Concurrency Control in Groupware Systems", SIGMOD 1989; parts as in ot.js.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Part: TypeAlias = int | str
TextChange: TypeAlias = tuple[Part, ...]


class ChangeDoesNotFitError(ValueError):
    """A change goes beyond the end of its text."""


def changed(text: str, change: TextChange) -> str:
    """The text after the change.

    Raises:
        ChangeDoesNotFitError: the change is longer than the text.
    """
    pieces: list[str] = []
    place = 0
    for part in change:
        if isinstance(part, str):
            pieces.append(part)
            continue
        end = place + abs(part)
        if end > len(text):
            raise ChangeDoesNotFitError(f"the text ends after {len(text)} characters")
        if part > 0:
            pieces.append(text[place:end])
        place = end
    return "".join((*pieces, text[place:]))


def simplified(parts: Iterable[Part]) -> TextChange:
    """The same change with as few parts as it takes; what is put in stands before what is taken out beside it."""
    made: list[Part] = []
    for part in parts:
        if not part:
            continue
        last = made[-1] if made else None
        if isinstance(part, str):
            _put_in(made, part)
        elif isinstance(last, int) and (last > 0) is (part > 0):
            made[-1] = last + part
        else:
            made.append(part)
    while made and isinstance(made[-1], int) and made[-1] > 0:
        made.pop()
    return tuple(made)


def transformed(first: TextChange, second: TextChange) -> tuple[TextChange, TextChange]:
    """Both as changes of what the other one has made: ``first`` after ``second``, and ``second`` after ``first``."""
    ones, others = _Parts(first), _Parts(second)
    one_after: list[Part] = []
    other_after: list[Part] = []
    while ones.left or others.left:
        if (put_in := ones.take_text()) is not None:
            one_after.append(put_in)
            other_after.append(len(put_in))
        elif (put_in := others.take_text()) is not None:
            one_after.append(len(put_in))
            other_after.append(put_in)
        else:
            length = min(ones.length, others.length)
            one, other = ones.take(length), others.take(length)
            # What both take out is gone already, for either.
            if other > 0:
                one_after.append(one)
            if one > 0:
                other_after.append(other)
    return simplified(one_after), simplified(other_after)


def put_in_by(change: TextChange) -> Iterator[str]:
    """The texts that a change puts in."""
    return (part for part in change if isinstance(part, str))


def _put_in(made: list[Part], text: str) -> None:
    place = len(made)
    if made and isinstance(made[-1], int) and made[-1] < 0:
        place -= 1
    before = made[place - 1] if place else None
    if isinstance(before, str):
        made[place - 1] = before + text
    else:
        made.insert(place, text)


class _Parts:
    """What is left of a change; behind its last part all is kept, without end."""

    def __init__(self, change: TextChange) -> None:
        self._parts = list(reversed(simplified(change)))

    @property
    def left(self) -> bool:
        return bool(self._parts)

    @property
    def length(self) -> int:
        """Of the part at hand, which puts nothing in; endless behind the last one."""
        part = self._parts[-1] if self._parts else None
        return abs(part) if isinstance(part, int) else _ENDLESS

    def take_text(self) -> str | None:
        """What is put in here, if something is."""
        part = self._parts[-1] if self._parts else None
        if not isinstance(part, str):
            return None
        self._parts.pop()
        return part

    def take(self, length: int) -> int:
        """So many characters of the part at hand, in which nothing is put in: kept if positive, else taken out."""
        part = self._parts.pop() if self._parts else None
        if not isinstance(part, int):
            return length
        taken = length if part > 0 else -length
        if part != taken:
            self._parts.append(part - taken)
        return taken


_ENDLESS = 2**62
