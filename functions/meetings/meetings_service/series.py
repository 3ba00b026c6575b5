"""Single occurrences of a series, and series that change from one of them on."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.rooms import MeetingId, Role
from functions.serverless.preconditions import PreconditionFailedError, is_asked_for
from functions.serverless.problems import InvalidFieldError
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.repository import Purpose, Repository
from meetings_service.domain import recurrence
from meetings_service.domain.answering import SECRET_BYTES
from meetings_service.domain.changes import changed, noted, with_occurrence
from meetings_service.domain.meetings import Answer, Invitee, Meeting, Status
from meetings_service.domain.occurrence_pages import OccurrencePage, first_page, next_page
from meetings_service.domain.schedule import Schedule
from meetings_service.errors import MeetingCancelledError, NotInvitedError, SplitAlreadyError
from meetings_service.follow_ups import FollowUps
from meetings_service.notices import Notices
from meetings_service.scheduling import Headers, Meetings, role_in

_SPLIT_KNOWN_S: Final = 24 * 3600


class Series:
    """``clock``: seconds since the epoch. ``randomness``: so many octets that nobody can guess."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        repository: Repository,
        invitees: Invitees,
        follow_ups: FollowUps,
        notices: Notices,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._repository = repository
        self._invitees = invitees
        self._follow_ups = follow_ups
        self._notices = notices
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    def occurrences(
        self, caller: AccessClaims, meeting_id: str, *, after: int | None, cursor: str | None, limit: int
    ) -> OccurrencePage:
        """Occurrences that end after ``after`` (milliseconds; now unless told), cancelled ones among them; or those
        that follow a page of them.

        Raises:
            MeetingNotFoundError
            InvalidFieldError: the cursor is none of ours.
            NotInvitedError: the caller has nothing to do with the meeting.
        """
        found = self._meetings.find_for(meeting_id, caller)
        is_own = role_in(found, caller) is Role.HOST or caller.may(Permission.MEETINGS_ADMINISTER)
        if found.invitee is None and not is_own:
            raise NotInvitedError
        if cursor is not None:
            return next_page(found.meeting.schedule, cursor, limit=limit)
        return first_page(found.meeting.schedule, after=self._now() if after is None else after, limit=limit)

    def change_occurrence(
        self, caller: AccessClaims, meeting_id: str, occurrence: str, change: dict[str, Any], headers: Headers
    ) -> Meeting:
        """Changes, cancels or brings back one occurrence, and tells the invited.

        Raises: as `Meetings.change`.
        """

        def decide(meeting: Meeting) -> Meeting:
            if meeting.schedule is None:
                raise InvalidFieldError("occurrence", "The meeting has no schedule.")
            exceptions = with_occurrence(meeting.schedule, occurrence, change)
            patch = {"schedule": {"exceptions": msgspec.to_builtins(exceptions)}}
            return changed(meeting, patch, now=self._now())

        return self._meetings.change_by(caller, meeting_id, decide, headers)

    def end_before(self, caller: AccessClaims, meeting_id: str, occurrence: str, headers: Headers) -> Meeting:
        """The series ends before an occurrence: it and all after it do not take place.

        Raises: as `Meetings.change`.
        """
        return self._meetings.change_by(
            caller, meeting_id, lambda meeting: self._ended_before(meeting, occurrence), headers
        )

    def _ended_before(self, meeting: Meeting, occurrence: str) -> Meeting:
        # What is left may all be past, which nobody may plan, but everybody may leave.
        earlier, _ = _halves(meeting, occurrence)
        return noted(meeting, replace(meeting, schedule=earlier), self._now())

    def split(
        self, caller: AccessClaims, meeting_id: str, occurrence: str, change: dict[str, Any], headers: Headers
    ) -> Meeting:
        """This occurrence and all that follow, as a meeting of its own with another link, changed by a merge patch; the
        series ends before it. The invited come along and are told of both.

        Whoever has not heard that it was done asks again: it goes on where it was left, and gives the same meeting.

        Raises: as `Meetings.change`, and
            SplitAlreadyError: it was split there a moment ago, with another change.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        purpose = Purpose(
            user_id=meeting.host_id,
            sort_key=f"SPLIT#{meeting.id}#{occurrence}",
            digest=hashlib.sha256(msgspec.json.encode(change, order="sorted")).hexdigest(),
            expires_at=int(self._clock()) + _SPLIT_KNOWN_S,
        )
        known = self._repository.made_for(purpose)
        if known is None:
            made = self._begin(meeting, occurrence, change, headers, purpose)
        elif known[1] != purpose.digest:
            raise SplitAlreadyError
        else:
            made = self._repository.find(known[0])
        self._bring_along(meeting, made, by=caller)
        if meeting.schedule is not None and recurrence.is_named(meeting.schedule, occurrence):
            self._meetings.change_by(caller, meeting_id, lambda each: self._ended_before(each, occurrence), {})
        return made

    def _begin(
        self, meeting: Meeting, occurrence: str, change: dict[str, Any], headers: Headers, purpose: Purpose
    ) -> Meeting:
        if meeting.status is Status.CANCELLED:
            raise MeetingCancelledError
        if not is_asked_for(headers, meeting.version):
            raise PreconditionFailedError
        _, later = _halves(meeting, occurrence)
        blank = Meeting(
            id=MeetingId(""),
            title=meeting.title,
            description=meeting.description,
            host_id=meeting.host_id,
            host_name=meeting.host_name,
            created_at=self._now(),
            settings=meeting.settings,
            schedule=later,
        )
        wanted = changed(blank, change, now=self._now())
        recurrence.check(wanted.schedule or later)
        return self._meetings.add(replace(wanted, sequence=0, rescheduled=0, changed_at=None), purpose)

    def _bring_along(self, former: Meeting, made: Meeting, *, by: AccessClaims) -> None:
        """Invites whoever is invited to the former meeting, and tells them; nobody twice, however often it is done.
        What was prepared for it comes along."""
        invited = self._invitees.of(former.id)
        self._invitees.add_all(made, [self._invited_anew(former, made, each) for each in invited])
        self._follow_ups.take_along(former.id, made.id)
        if not invited:
            return
        promised = self._notices.of_new_series(made, by=by.sub)
        self._notices.add(promised)
        self._notices.start(promised)

    def _invited_anew(self, former: Meeting, made: Meeting, invitee: Invitee) -> Invitee:
        secret = base64.urlsafe_b64encode(self._randomness(SECRET_BYTES)).rstrip(b"=").decode()
        anew = replace(invitee, secret=secret, invited_at=made.created_at, answered_sequence=0, revision=0)
        if _goes_on(former, made):
            return anew
        return replace(anew, answer=Answer.NEEDS_ACTION, answered_at=None, occurrences=())

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _halves(meeting: Meeting, occurrence: str) -> tuple[Schedule, Schedule]:
    if meeting.schedule is None:
        raise InvalidFieldError("occurrence", "The meeting has no schedule.")
    return recurrence.split(meeting.schedule, occurrence)


def _goes_on(former: Meeting, made: Meeting) -> bool:
    """Whether occurrences are when they would have been, so that answers hold."""
    if former.schedule is None or made.schedule is None:
        return False
    try:
        _, later = recurrence.split(former.schedule, made.schedule.start)
    except InvalidFieldError:
        return False
    return replace(later, exceptions=()) == replace(made.schedule, exceptions=())
