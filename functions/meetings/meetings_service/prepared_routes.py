"""The routes of what is prepared before a meeting."""

from __future__ import annotations

import logging
from collections.abc import Callable

from functions.serverless.service import Service
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.prepared import Prepared
from meetings_service.breakout_plan_routes import add_breakout_plan_routes
from meetings_service.breakout_planning import BreakoutPlanning
from meetings_service.prepared_poll_routes import add_prepared_poll_routes
from meetings_service.prepared_polls import PollsToCome
from meetings_service.scheduling import Meetings


def add_prepared_routes(
    app: Service,
    prepared: Prepared,
    *,
    meetings: Meetings,
    invitees: Invitees,
    randomness: Callable[[int], bytes],
    logger: logging.Logger,
) -> None:
    """Registers the routes. ``randomness``: so many octets that nobody can guess."""
    polls = PollsToCome(meetings=meetings, polls=prepared.polls, randomness=randomness, logger=logger)
    add_prepared_poll_routes(app, polls)
    planning = BreakoutPlanning(meetings=meetings, plans=prepared.plans, invitees=invitees, logger=logger)
    add_breakout_plan_routes(app, planning)
