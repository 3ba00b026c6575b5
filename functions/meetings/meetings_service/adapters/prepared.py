"""What is prepared for meetings before they take place, in the meetings' table."""

from __future__ import annotations

from collections.abc import Collection

from contracts.rooms import MeetingId
from meetings_service.adapters.breakout_plans import BreakoutPlans
from meetings_service.adapters.prepared_polls import PreparedPolls
from meetings_service.adapters.table import Table


class Prepared:
    """All of it, by kinds."""

    def __init__(self, table: Table) -> None:
        self.polls = PreparedPolls(table)
        self.plans = BreakoutPlans(table)

    def take_along(self, former: MeetingId, made: MeetingId, *, invited: Collection[str]) -> None:
        """A meeting that goes on where another one was has what was prepared for it. ``invited``: the keys of those
        who are invited to it. May be repeated."""
        self.polls.take_along(former, made)
        self.plans.take_along(former, made, invited=invited)
