"""Plans of breakout rooms in the meetings' table (see `adapters.repository`): one item for each meeting that has, or
had one, ``MEETING#<id>`` and ``PREPARED#BREAKOUTS``. Read and kept by its key.

Of a plan that was given up its item stays, without rooms: versions go on from there, so that no later plan has the
entity tag of a former one.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from contracts.rooms import MeetingId
from functions.serverless.problems import UnavailableError
from meetings_service.adapters.table import Key, Table
from meetings_service.domain.breakout_plan import BreakoutPlan, without

_ATTEMPTS = 5


class BreakoutPlans:
    """The plans of all meetings. Reads are strongly consistent."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, meeting_id: MeetingId) -> BreakoutPlan:
        """A meeting's plan; one without rooms where it has none."""
        item = self._table.get(_key(meeting_id))
        return BreakoutPlan(rooms=()) if item is None else msgspec.convert(item, BreakoutPlan)

    def keep(self, meeting_id: MeetingId, plan: BreakoutPlan, *, known: int) -> BreakoutPlan | None:
        """Keeps a plan, one without rooms to give it up, and gives it as it is then; None if there is another one than
        that of version ``known`` (any more); 0: there was none yet."""
        item = self._table.update(
            _key(meeting_id),
            sets={
                "rooms": msgspec.to_builtins(plan.rooms),
                "others": plan.others.value,
                "version": known + 1,
                **({} if plan.minutes is None else {"minutes": plan.minutes}),
            },
            removes=("minutes",) if plan.minutes is None else (),
            condition="#version = :known" if known else "attribute_not_exists(#version)",
            values={":known": known} if known else {},
        )
        return None if item is None else msgspec.convert(item, BreakoutPlan)

    def forget_invitee(self, meeting_id: MeetingId, key: str) -> None:
        """Somebody is invited no more, and in no plan."""
        for _ in range(_ATTEMPTS):
            plan = self.find(meeting_id)
            if (after := without(plan, key)) == plan:
                return
            if self.keep(meeting_id, after, known=plan.version) is not None:
                return
        raise UnavailableError("Others are changing the breakout rooms at the moment. Please try again.")

    def take_along(self, former: MeetingId, made: MeetingId, *, invited: Collection[str]) -> None:
        """A meeting that goes on where another one was has its plan, with those who are ``invited`` to it, too, unless
        it has, or had its own. May be repeated."""
        plan = self.find(former)
        if plan.rooms:
            self.keep(made, without(plan, *plan.uninvited(invited)), known=0)


def _key(meeting_id: MeetingId) -> Key:
    return f"MEETING#{meeting_id}", "PREPARED#BREAKOUTS"
