"""Breakout rooms that were open: opened, changed, closed, and opened again."""

from __future__ import annotations

from meetings_service.domain.breakout_history import news_of, opened_breakouts

from contracts.log_events import BreakoutsChanged, BreakoutsClosed, BreakoutsOpened
from contracts.rooms import Breakout, Breakouts, ParticipantId

BY = ParticipantId("p_1")
RED, BLUE = Breakout(id="b_1", name="Red"), Breakout(id="b_2", name="Blue")


def opened(at: int, *rooms: Breakout) -> BreakoutsOpened:
    return BreakoutsOpened(at=at, breakouts=Breakouts(rooms=rooms, free_choice=False), by=BY)


def test_closing_closes_what_is_open_and_nothing_that_was_closed_before() -> None:
    events: list[BreakoutsOpened | BreakoutsChanged | BreakoutsClosed] = [
        opened(10, RED),
        BreakoutsClosed(at=20, by=None),
        opened(30, BLUE),
        BreakoutsChanged(at=35, breakouts=Breakouts(rooms=(BLUE,), free_choice=True), by=BY),
        BreakoutsClosed(at=40, by=BY),
    ]
    news = [news_of(version, event) for version, event in enumerate(events, 1)]
    told = [(room.name, room.opened_at, room.closed_at, room.free_choice) for room in opened_breakouts(news)]
    assert told == [("Red", 10, 20, False), ("Blue", 30, 40, True)]
    assert [room.closed_at for room in opened_breakouts(news[:3])] == [20, None]
