"""Meetings as the API answers them: all for those who run one, less for the invited, little for who has the link."""

from __future__ import annotations

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.rooms import Role
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service import messages
from meetings_service.adapters.lists import Entry
from meetings_service.adapters.records import Session
from meetings_service.adapters.repository import Found
from meetings_service.domain.answering import answer_to, is_outdated, standing, standing_occurrences
from meetings_service.domain.meetings import Answer, Invitee, Meeting
from meetings_service.domain.recurrence import Occurrence, occurrences
from meetings_service.invitation_messages import Invitation, InviteeTold
from meetings_service.scheduling import role_in


class MeetingAnswers:
    """``public_url``: the platform's one address, for links."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")

    def join_url(self, meeting: Meeting) -> str:
        """The link of a meeting."""
        return f"{self._public_url}/m/{meeting.id}"

    def for_(
        self, found: Found, user: AccessClaims | None
    ) -> messages.Meeting | messages.MeetingInvitation | messages.MeetingPublic:
        """As much of a meeting as somebody may know."""
        role = role_in(found, user)
        if role in {Role.HOST, Role.COHOST} or (user is not None and user.may(Permission.MEETINGS_ADMINISTER)):
            return self.whole(found.meeting)
        if found.invitee is not None:
            return self.invitation(found.meeting, found.invitee)
        return public(found.meeting)

    def whole(self, meeting: Meeting) -> messages.Meeting:
        """All of a meeting."""
        return messages.Meeting(
            id=meeting.id,
            title=meeting.title,
            description=meeting.description,
            status=meeting.status.value,
            joinable=not meeting.is_over,
            kind=meeting.kind.value,
            host_id=meeting.host_id,
            host_name=meeting.host_name,
            settings=meeting.settings,
            schedule=meeting.schedule,
            join_url=self.join_url(meeting),
            session=meeting.session,
            created_at=rfc3339(meeting.created_at),
            started_at=rfc3339_if_known(meeting.started_at),
            ended_at=rfc3339_if_known(meeting.ended_at),
            cancelled_at=rfc3339_if_known(meeting.cancelled_at),
        )

    def listed(self, entry: Entry, user: AccessClaims) -> messages.ListedMeeting:
        """A meeting in a list of ``user``."""
        meeting, invitee, once = entry.meeting, entry.invitee, entry.occurrence
        return messages.ListedMeeting(
            id=meeting.id,
            title=meeting.title,
            status=meeting.status.value,
            joinable=not meeting.is_over,
            kind=meeting.kind.value,
            host_id=meeting.host_id,
            host_name=meeting.host_name,
            guests_allowed=meeting.settings.guests_allowed,
            join_url=self.join_url(meeting),
            schedule=meeting.schedule,
            created_at=rfc3339(meeting.created_at),
            started_at=rfc3339_if_known(meeting.started_at),
            ended_at=rfc3339_if_known(meeting.ended_at),
            role=role_in(Found(meeting=meeting, invitee=invitee), user),
            answer=None if invitee is None else _said(meeting, invitee, once).value,
            occurrence=None if once is None else occurrence(once),
            session=entry.session,
            since=rfc3339_if_known(entry.since),
        )

    def invitation(self, meeting: Meeting, invitee: Invitee) -> messages.MeetingInvitation:
        """A meeting for somebody who is invited."""
        return messages.MeetingInvitation(
            id=meeting.id,
            title=meeting.title,
            description=meeting.description,
            status=meeting.status.value,
            joinable=not meeting.is_over,
            kind=meeting.kind.value,
            host_name=meeting.host_name,
            schedule=meeting.schedule,
            join_url=self.join_url(meeting),
            role=invitee.role,
            answer=invitee.answer.value,
            answered_at=rfc3339_if_known(invitee.answered_at),
            outdated=is_outdated(meeting, invitee),
            occurrence_answers=_occurrence_answers(meeting, invitee),
        )

    def by_link(self, meeting: Meeting, invitee: Invitee, *, now: int) -> Invitation:
        """An invitation for who has its mail. ``now`` in milliseconds since the epoch."""
        next_one = None
        if meeting.schedule is not None and not meeting.is_over:
            next_one = next(occurrences(meeting.schedule, after=now), None)
        return Invitation(
            meeting_id=meeting.id,
            title=meeting.title,
            description=meeting.description,
            status=meeting.status.value,
            joinable=not meeting.is_over,
            host_name=meeting.host_name,
            schedule=meeting.schedule,
            join_url=self.join_url(meeting),
            name=invitee.name,
            address=invitee.address,
            role=invitee.role,
            answer=invitee.answer.value,
            answered_at=rfc3339_if_known(invitee.answered_at),
            outdated=is_outdated(meeting, invitee),
            occurrence_answers=_occurrence_answers(meeting, invitee),
            next_occurrence=None if next_one is None else occurrence(next_one),
        )


def public(meeting: Meeting) -> messages.MeetingPublic:
    """What everyone who has the link may know."""
    return messages.MeetingPublic(
        id=meeting.id,
        title=meeting.title,
        status=meeting.status.value,
        joinable=not meeting.is_over,
        guests_allowed=meeting.settings.guests_allowed,
        passcode_required=meeting.settings.passcode is not None,
    )


def invitee(meeting: Meeting, known: Invitee) -> InviteeTold:
    """Somebody who is invited."""
    return InviteeTold(
        key=known.key,
        address=known.address,
        user_id=known.user_id,
        name=known.name,
        role=known.role,
        answer=known.answer.value,
        invited_at=rfc3339(known.invited_at),
        answered_at=rfc3339_if_known(known.answered_at),
        outdated=is_outdated(meeting, known),
        occurrence_answers=_occurrence_answers(meeting, known),
    )


def _said(meeting: Meeting, invitee: Invitee, once: Occurrence | None) -> Answer:
    """What somebody says to the time that is meant, or to the meeting, as it is now."""
    return standing(meeting, invitee) if once is None else answer_to(meeting, invitee, once)


def _occurrence_answers(meeting: Meeting, known: Invitee) -> tuple[messages.OccurrenceAnswerTold, ...]:
    return tuple(
        messages.OccurrenceAnswerTold(
            occurrence=each.occurrence, answer=each.answer.value, answered_at=rfc3339(each.answered_at)
        )
        for each in standing_occurrences(meeting, known)
    )


def occurrence(known: Occurrence) -> messages.OccurrenceTold:
    """One time that a meeting takes place."""
    return messages.OccurrenceTold(
        occurrence=known.occurrence, start=rfc3339(known.start), end=rfc3339(known.end), title=known.title
    )


def session(known: Session) -> messages.SessionTold:
    """A time that people met."""
    return messages.SessionTold(
        number=known.number,
        started_at=rfc3339_if_known(known.started_at),
        ended_at=rfc3339_if_known(known.ended_at),
        ended_by=known.ended_by,
        forgotten_at=rfc3339_if_known(known.forgotten_at),
    )
