"""The breakout rooms that were open in a meeting, and from when to when. Who was in them: `domain.attendance`."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from contracts.log_events import BreakoutsChanged, BreakoutsClosed, BreakoutsOpened
from contracts.rooms import Breakout


class BreakoutNews(Struct, frozen=True, kw_only=True):
    """That breakout rooms were opened, changed or (``rooms`` None) closed, by its version."""

    version: int
    at: int
    rooms: tuple[Breakout, ...] | None = None
    free_choice: bool = False


class OpenedBreakout(Struct, frozen=True, kw_only=True):
    """A breakout room. Times in milliseconds since the epoch. ``closed_at`` None: it is open, or was until the end."""

    id: str
    name: str
    opened_at: int
    closed_at: int | None
    free_choice: bool


def news_of(version: int, event: BreakoutsOpened | BreakoutsChanged | BreakoutsClosed) -> BreakoutNews:
    """What a fact tells of breakout rooms."""
    if isinstance(event, BreakoutsClosed):
        return BreakoutNews(version=version, at=event.at)
    breakouts = event.breakouts
    return BreakoutNews(version=version, at=event.at, rooms=breakouts.rooms, free_choice=breakouts.free_choice)


def opened_breakouts(news: Iterable[BreakoutNews]) -> tuple[OpenedBreakout, ...]:
    """The rooms that the news tell of, in the order of opening; ``news`` in the order of versions."""
    rooms: dict[str, OpenedBreakout] = {}
    for each in news:
        if each.rooms is None:
            rooms = {
                name: room if room.closed_at is not None else _closed(room, each.at) for name, room in rooms.items()
            }
            continue
        for told in each.rooms:
            known = rooms.get(told.id)
            rooms[told.id] = OpenedBreakout(
                id=told.id,
                name=told.name,
                opened_at=each.at if known is None else known.opened_at,
                closed_at=None,
                free_choice=each.free_choice,
            )
    return tuple(rooms.values())


def _closed(room: OpenedBreakout, at: int) -> OpenedBreakout:
    return OpenedBreakout(
        id=room.id, name=room.name, opened_at=room.opened_at, closed_at=at, free_choice=room.free_choice
    )
