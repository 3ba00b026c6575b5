"""Planning the breakout rooms of a meeting, for those who run it."""

from __future__ import annotations

import logging

from msgspec import Struct
from msgspec.structs import replace

from contracts.access_token import AccessClaims
from functions.serverless.preconditions import PreconditionFailedError, is_asked_for
from functions.serverless.problems import UnavailableError
from meetings_service.adapters.breakout_plans import BreakoutPlans
from meetings_service.adapters.invitees import Invitees
from meetings_service.domain.breakout_plan import BreakoutPlan, checked
from meetings_service.domain.meetings import Invitee, Meeting
from meetings_service.errors import NoBreakoutPlanError
from meetings_service.scheduling import Headers, Meetings

_ATTEMPTS = 5


class Planned(Struct, frozen=True, kw_only=True):
    """A plan, and by their keys the invitations of those whom it may have."""

    plan: BreakoutPlan
    invitees: dict[str, Invitee]


class BreakoutPlanning:
    """A meeting's plan of breakout rooms."""

    def __init__(self, *, meetings: Meetings, plans: BreakoutPlans, invitees: Invitees, logger: logging.Logger) -> None:
        self._meetings = meetings
        self._plans = plans
        self._invitees = invitees
        self._logger = logger

    def find(self, caller: AccessClaims, meeting_id: str) -> Planned:
        """The plan.

        Raises:
            MeetingNotFoundError, NotTheHostError, NoBreakoutPlanError
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        plan = self._plans.find(meeting.id)
        if not plan.rooms:
            raise NoBreakoutPlanError
        return Planned(plan=plan, invitees=self._invited(meeting))

    def plan(self, caller: AccessClaims, meeting_id: str, wanted: BreakoutPlan, headers: Headers) -> Planned:
        """Keeps another plan, if the one that there is has the version that the request asks for.

        Raises:
            InvalidFieldError: as `domain.breakout_plan.checked`.
            PreconditionFailedError; as `Meetings.prepared_by`.
        """
        meeting = self._meetings.prepared_by(caller, meeting_id)
        before = self._plans.find(meeting.id)
        if not is_asked_for(headers, before.version if before.rooms else 0):
            raise PreconditionFailedError
        invited = self._invited(meeting)
        plan = checked(wanted, {key: each.user_id for key, each in invited.items()})
        if plan == replace(before, version=wanted.version):
            return Planned(plan=before, invitees=invited)
        done = self._plans.keep(meeting.id, plan, known=before.version)
        if done is None:
            raise PreconditionFailedError  # somebody else did at this moment
        self._logger.info("breakouts_planned", extra={"meeting_id": meeting.id, "user_id": caller.sub})
        return self._of_the_invited(meeting, done)

    def _of_the_invited(self, meeting: Meeting, plan: BreakoutPlan) -> Planned:
        """A plan that was just kept, without those whose invitation was taken back at that moment: who took it back
        did not find them in it."""
        invited = self._invited(meeting)
        gone = plan.uninvited(invited)
        for key in gone:
            self._plans.forget_invitee(meeting.id, key)
        left = self._plans.find(meeting.id) if gone else plan
        if not left.rooms:
            raise PreconditionFailedError  # somebody gave it up at this moment
        return Planned(plan=left, invitees=invited)

    def drop(self, caller: AccessClaims, meeting_id: str, headers: Headers) -> None:
        """Gives up the plan. May be repeated.

        Raises:
            MeetingNotFoundError, NotTheHostError, PreconditionFailedError
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        for _ in range(_ATTEMPTS):
            plan = self._plans.find(meeting.id)
            if not plan.rooms:
                return
            if not is_asked_for(headers, plan.version):
                raise PreconditionFailedError
            if self._plans.keep(meeting.id, BreakoutPlan(rooms=()), known=plan.version) is not None:
                break
        else:
            raise UnavailableError("Others are changing the breakout rooms at the moment. Please try again.")
        self._logger.info("breakout_plan_dropped", extra={"meeting_id": meeting.id, "user_id": caller.sub})

    def _invited(self, meeting: Meeting) -> dict[str, Invitee]:
        return {each.key: each for each in self._invitees.of(meeting.id)}
