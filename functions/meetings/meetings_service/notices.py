"""Promises that people are told of meetings by mail, in the write that calls for it, and has it done afterwards.

Mails tell what somebody has written, to addresses that somebody has given: how many one may send in a day is limited.
Inviting counts the mail before anything is written, and a change is refused once the day's mails are used up; so a
change goes beyond the limit by no more than one meeting's invitees, and is told to all of them or was not made.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from contracts.access_token import AccessClaims
from functions.serverless.ids import base32
from functions.serverless.jobs import KEPT_S, Jobs, QueuedJob
from functions.serverless.rate_limits import Quota, RateLimitedError
from functions.serverless.redis_limits import Limits
from functions.serverless.started_functions import StartedFunction
from meetings_service.adapters.contacts import Contacts
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.repository import Repository
from meetings_service.domain.answering import answer_to
from meetings_service.domain.changes import is_shown_alike
from meetings_service.domain.meeting_settings import MeetingSettings
from meetings_service.domain.meetings import Answer, Invitee, Meeting
from meetings_service.domain.notices import Job, News, Remind, RemindAll, Tell, TellAll, TellHost, Withdraw
from meetings_service.domain.recurrence import Occurrence, occurrence_named, occurrences
from meetings_service.domain.schedule import Schedule
from meetings_service.errors import MeetingNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

TO_ONE: Final = Quota(name="mails-to-one", limit=10, window_s=86_400)
"""Invitations of one address by one person, so that inviting again and again fills nobody's mailbox."""
_STARTED_AT_ONCE: Final = 25
"""So many jobs one invocation does."""
Queued = QueuedJob[Job]


class Notices:
    """``sends_mail``: without it nothing is promised. ``mails_per_day``: what one person may send."""

    def __init__(
        self,
        *,
        jobs: Jobs[Job],
        function: StartedFunction,
        repository: Repository,
        invitees: Invitees,
        contacts: Contacts,
        limits: Limits,
        sends_mail: bool,
        mails_per_day: int,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._jobs = jobs
        self._function = function
        self._repository = repository
        self._invitees = invitees
        self._contacts = contacts
        self._limits = limits
        self.sends_mail = sends_mail
        self._mails_per_day = mails_per_day
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    # ---- what is promised ----

    def of_change(self, before: Meeting, after: Meeting, *, by: AccessClaims) -> tuple[Meeting, list[Queued]]:
        """The meeting as it is to be written, and what is promised with it.

        Raises:
            RateLimitedError: the day's mails are used up, and there is something to tell.
        """
        if not self.sends_mail or is_shown_alike(before, after) or not self._is_to_come(before, after):
            return after, []
        if self._contacts.mails_of(by.sub, self._clock()) >= self._mails_per_day:
            raise self._used_up()
        return self._all(before, after, News.CHANGED, by=by.sub)

    def of_cancellation(self, before: Meeting, after: Meeting, *, by: str) -> tuple[Meeting, list[Queued]]:
        """As `of_change`, for a meeting that is cancelled: that is told in any case."""
        if not self.is_told(before):
            return after, []
        return self._all(before, after, News.CANCELLED, by=by)

    def of_new_series(self, meeting: Meeting, *, by: str) -> list[Queued]:
        """What is promised where a meeting is made with its invitees: that they are told."""
        if not self.is_told(meeting):
            return []
        job = TellAll(meeting=_without_settings(meeting), news=News.INVITED, by=by)
        return [self.queued(job, f"all-{meeting.id}-0")]

    def of_invitation(
        self, meeting: Meeting, invitee: Invitee, *, by: AccessClaims, again: bool = False
    ) -> list[Queued]:
        """What is promised with a new invitation, or one whose mail is sent ``again``; the mail is counted.

        Raises:
            RateLimitedError: the day's mails are used up, or this address has got too many of them.
        """
        if not self.sends_mail or meeting.is_over:
            return []
        standing = self._limits.count(TO_ONE, f"{by.sub} {invitee.key}")
        if not standing.allowed:
            message = "You have sent too many invitations to this address today."
            raise RateLimitedError(message, retry_after_s=standing.reset_s)
        if not self._contacts.count_mails(by.sub, 1, self._clock(), limit=self._mails_per_day):
            raise self._used_up()
        job = Tell(meeting_id=meeting.id, key=invitee.key, news=News.INVITED)
        which = base32(self._randomness(16)) if again else f"{invitee.invited_at}"
        return [self.queued(job, f"invited-{meeting.id}-{which}-{_digest(invitee.key)}")]

    def of_transfer(
        self, before: Meeting, after: Meeting, *, invited: Sequence[Invitee], by: AccessClaims
    ) -> list[Queued]:
        """What is promised where a meeting gets another host, whose invitations (``invited``) go with that: that they
        are told, and the former host, too, if it was somebody else's doing. Nobody is told what they did themselves.

        Raises:
            RateLimitedError: the day's mails are used up.
        """
        if not self.sends_mail:
            return []
        given_by_host = by.sub == before.host_id
        address = next((each.address for each in invited if each.address), None)
        news: list[News] = []
        if by.sub != after.host_id and (address or self._contacts.find(after.host_id).address):
            news.append(News.HANDED_OVER if given_by_host else News.ASSIGNED)
        if not given_by_host and self._contacts.find(before.host_id).address:
            news.append(News.REASSIGNED)
        jobs = [
            TellHost(
                meeting_id=before.id,
                news=each,
                host_id=after.host_id,
                former_id=before.host_id,
                former_name=before.host_name,
                invited_address=None if each is News.REASSIGNED else address,
            )
            for each in news
        ]
        limit = self._mails_per_day
        if jobs and not self._contacts.count_mails(by.sub, len(jobs), self._clock(), limit=limit):
            raise self._used_up()
        return [self.queued(job, f"{job.news}-{before.id}-{before.version}") for job in jobs]

    def is_told(self, meeting: Meeting) -> bool:
        """Whether the invited are told when a meeting is called off."""
        return self.sends_mail and self._is_to_come(meeting)

    def tell_before_deletion(self, meeting: Meeting, *, by: str) -> None:
        """Sees to it that what is promised of a cancelled meeting needs nothing of it any more.

        A cancellation that is older than promises are kept has been told.
        """
        if meeting.cancelled_at is not None and meeting.cancelled_at > (self._clock() - KEPT_S / 2) * 1000:
            job = TellAll(meeting=_without_settings(meeting), news=News.CANCELLED, by=by)
            self.start(self.expand(self.queued(job, _name_of_all(meeting)), job))

    def expand(self, queued: Queued, job: TellAll) -> list[Queued]:
        """Queues one job for each of the invited, under names of their own: whoever repeats it adds none.

        Those of a cancellation hold all that they tell, for the meeting may be gone by then.
        """
        known = self._invitees.of(job.meeting.id)
        jobs = [self.queued(_one_of(job, each), f"{queued.id}-{_digest(each.key)}") for each in known]
        added = [each for each in jobs if self._jobs.add(each)]
        if added:
            self._contacts.count_mails(job.by, len(added), self._clock())
        return jobs

    # ---- reminders ----

    def reminded_of(self, job: RemindAll | Remind) -> tuple[Meeting, Occurrence] | None:
        """What a reminder is of, if it still takes place at that time, and has not begun."""
        try:
            meeting = self._repository.find(job.meeting_id)
        except MeetingNotFoundError:
            return None
        if meeting.is_over or meeting.schedule is None or job.start <= self._clock() * 1000:
            return None
        one = occurrence_named(meeting.schedule, job.occurrence)
        return None if one is None or one.start != job.start else (meeting, one)

    def expand_reminder(self, queued: Queued, job: RemindAll) -> list[Queued]:
        """As `expand`: for the host, and whoever of the invited has not declined.

        Nobody is reminded whose host has used up the day's mails: of all that is sent, this is missed the least.
        """
        found = self.reminded_of(job)
        if found is None:
            return []
        meeting, occurrence = found
        coming = [
            each.key
            for each in self._invitees.of(meeting.id)
            if answer_to(meeting, each, occurrence) is not Answer.DECLINED
        ]
        limit = self._mails_per_day
        if not self._contacts.count_mails(meeting.host_id, len(coming) + 1, self._clock(), limit=limit):
            self._logger.warning("nobody_reminded", extra={"meeting_id": meeting.id, "user_id": meeting.host_id})
            return []
        jobs = [
            self.queued(
                Remind(meeting_id=job.meeting_id, occurrence=job.occurrence, start=job.start, key=key),
                f"{queued.id}-{_digest(key or '')}",
            )
            for key in (None, *coming)
        ]
        self.add(jobs)
        return jobs

    def of_withdrawal(self, meeting: Meeting, invitee: Invitee) -> list[Queued]:
        """What is promised where an invitation is taken back."""
        if not self.is_told(meeting):
            return []
        job = Withdraw(meeting=_without_settings(meeting), invitee=invitee, news=News.UNINVITED)
        return [self.queued(job, f"uninvited-{base32(self._randomness(16))}")]

    def queued(self, job: Job, job_id: str) -> Queued:
        """A job as the queue has it."""
        now = int(self._clock())
        return QueuedJob(id=job_id, job=job, created_at=now, expires_at=now + KEPT_S)

    def _all(self, before: Meeting, after: Meeting, news: News, *, by: str) -> tuple[Meeting, list[Queued]]:
        after = replace(after, announced=before.announced + 1)
        former = None if before.schedule == after.schedule else before.schedule
        job = TellAll(meeting=_without_settings(after), news=news, by=by, former=former)
        return after, [self.queued(job, _name_of_all(after))]

    def _is_to_come(self, *meetings: Meeting) -> bool:
        now = int(self._clock() * 1000)
        return any(_has_more(each.schedule, now) for each in meetings)

    # ---- promising ----

    def writes(self, promised: Iterable[Queued]) -> list[Write]:
        """The writes for one transaction with what calls for the jobs."""
        return [self._jobs.promise(each) for each in promised]

    def add(self, promised: Iterable[Queued]) -> None:
        """Queues jobs by themselves. Those that are or were in the queue are not queued again."""
        for each in promised:
            self._jobs.add(each)

    def start(self, promised: Sequence[Queued]) -> None:
        """Has promised jobs done now, once their writes have succeeded."""
        ids = [each.id for each in promised]
        for first in range(0, len(ids), _STARTED_AT_ONCE):
            self._function.start({"job_ids": ids[first : first + _STARTED_AT_ONCE]})

    def _used_up(self) -> RateLimitedError:
        left = 86_400 - int(self._clock()) % 86_400
        message = f"You have sent your {self._mails_per_day} mails of today. Nothing was changed."
        return RateLimitedError(message, retry_after_s=left)


def _digest(key: str) -> str:
    """Names an invitation in ids of jobs, which are not to hold addresses."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _name_of_all(meeting: Meeting) -> str:
    return f"all-{meeting.id}-{meeting.announced}"


def _one_of(job: TellAll, invitee: Invitee) -> Job:
    if job.news is News.CANCELLED:
        return Withdraw(meeting=job.meeting, invitee=invitee, news=job.news)
    return Tell(
        meeting_id=job.meeting.id,
        key=invitee.key,
        news=job.news,
        announced=job.meeting.announced,
        former=job.former,
    )


def _without_settings(meeting: Meeting) -> Meeting:
    return replace(meeting, settings=MeetingSettings())


def _has_more(schedule: Schedule | None, now: int) -> bool:
    return schedule is not None and next(occurrences(schedule, after=now), None) is not None
