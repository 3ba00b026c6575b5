"""Does the jobs of the queue: tells people of meetings by mail, each of them once, in their language, and sees to
what else follows from changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from email.utils import parseaddr

from functions.serverless.jobs import JobRunner, Jobs
from functions.serverless.mailers import Mailer
from meetings_service.adapters.contacts import Contact, Contacts
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.repository import Repository
from meetings_service.domain import reminder_mails
from meetings_service.domain.answering import answer_to, standing, standing_occurrences, token_of
from meetings_service.domain.icalendar import Event, Person
from meetings_service.domain.invitation_mails import WITHDRAWN, Told, compose
from meetings_service.domain.meetings import Answer, Invitee, Meeting
from meetings_service.domain.notices import (
    Announce,
    Job,
    Move,
    News,
    Remind,
    RemindAll,
    TakeAlong,
    Tell,
    TellAll,
    TellHost,
    Withdraw,
)
from meetings_service.domain.recurrence import Occurrence, occurrences
from meetings_service.domain.reminder_mails import Reminder
from meetings_service.domain.rule_words import Locale
from meetings_service.domain.schedule import Schedule
from meetings_service.errors import MeetingNotFoundError
from meetings_service.follow_ups import FollowUps
from meetings_service.notices import Notices, Queued

DEFAULT_LOCALE: Locale = "en"


class Mailing(JobRunner[Job]):
    """``mailer``: None where no mail is sent. ``sender``: as ``Parley <parley@meet.example>``. ``page``: the platform's
    one address; ``site``: its host name."""

    def __init__(
        self,
        *,
        jobs: Jobs[Job],
        notices: Notices,
        follow_ups: FollowUps,
        repository: Repository,
        invitees: Invitees,
        contacts: Contacts,
        mailer: Mailer | None,
        sender: str,
        page: str,
        site: str,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        super().__init__(jobs=jobs, do=self._do, clock=clock, logger=logger)
        self._notices = notices
        self._follow_ups = follow_ups
        self._repository = repository
        self._invitees = invitees
        self._contacts = contacts
        self._mailer = mailer
        self._sender = parseaddr(sender)[1]
        self._page = page.rstrip("/")
        self._site = site

    def _do(self, queued: Queued) -> None:
        match queued.job:
            case Tell():
                self._tell(queued.id, queued.job)
            case TellAll():
                self._notices.start(self._notices.expand(queued, queued.job))
            case Withdraw():
                job = queued.job
                self._send(queued.id, job.news, job.meeting, job.invitee, at=queued.created_at * 1000)
            case TellHost():
                self._tell_host(queued.id, queued.job)
            case RemindAll():
                self._notices.start(self._notices.expand_reminder(queued, queued.job))
            case Remind():
                self._remind(queued.id, queued.job)
            case Move() | TakeAlong() | Announce():
                self._follow_ups.do(queued.job)

    def _tell(self, job_id: str, job: Tell) -> None:
        try:
            meeting = self._repository.find(job.meeting_id)
        except MeetingNotFoundError:
            return
        invitee = self._invitees.find(job.meeting_id, job.key)
        if meeting.is_over or invitee is None:
            return  # what became of it is told by another job
        if job.news is News.CHANGED and meeting.announced > job.announced:
            return
        self._send(job_id, job.news, meeting, invitee, former=job.former)

    def _tell_host(self, job_id: str, job: TellHost) -> None:
        """Their calendars stay as they are: it is the same meeting at the same time."""
        try:
            meeting = self._repository.find(job.meeting_id)
        except MeetingNotFoundError:
            return
        host, former = self._contacts.find(job.host_id), self._contacts.find(job.former_id)
        own, other = (former, host) if job.news is News.REASSIGNED else (host, former)
        address = own.address or job.invited_address
        if meeting.is_over or meeting.host_id != job.host_id or self._mailer is None or address is None:
            return
        given = job.news is News.HANDED_OVER
        told = Told(
            to=address,
            locale=own.locale or other.locale or DEFAULT_LOCALE,
            host=meeting.host_name,
            former_host=job.former_name,
            sender_name=f"{job.former_name} (Parley)" if given else None,
            reply_to=former.address if given else None,
            title=meeting.title,
            description=meeting.description,
            link=self._join_url(meeting),
            passcode=meeting.settings.passcode,
            schedule=meeting.schedule,
            meeting_page=f"{self._page}/meetings/{meeting.id}",
            mail_id=job_id,
            next_one=self._next(meeting),
            reader_zone=own.time_zone,
        )
        self._mailer(compose(job.news, told))
        self._logger.info("mail_sent", extra={"mail": job.news.value, "meeting_id": meeting.id})

    def _remind(self, job_id: str, job: Remind) -> None:
        found = self._notices.reminded_of(job)
        if found is None or self._mailer is None:
            return
        meeting, occurrence = found
        invitee = None if job.key is None else self._invitees.find(job.meeting_id, job.key)
        if job.key is not None and (invitee is None or answer_to(meeting, invitee, occurrence) is Answer.DECLINED):
            return
        host = self._contacts.find(meeting.host_id)
        own = host
        if invitee is not None:
            own = Contact() if invitee.user_id is None else self._contacts.find(invitee.user_id)
        address = own.address if invitee is None else invitee.address or own.address
        if address is None:
            return
        meeting_zone = "UTC" if meeting.schedule is None else meeting.schedule.time_zone
        reminder = Reminder(
            to=address,
            locale=own.locale or host.locale or DEFAULT_LOCALE,
            host=None if invitee is None else meeting.host_name,
            title=occurrence.title or meeting.title,
            occurrence=occurrence,
            time_zone=own.time_zone or meeting_zone,
            link=self._join_url(meeting),
            passcode=meeting.settings.passcode,
            sender_name=None if invitee is None else f"{meeting.host_name} (Parley)",
            reply_to=None if invitee is None else host.address,
            mail_id=job_id,
        )
        self._mailer(reminder_mails.compose(reminder, now=int(self._clock() * 1000)))
        self._logger.info("mail_sent", extra={"mail": "reminder", "meeting_id": meeting.id})

    def _send(
        self,
        job_id: str,
        news: News,
        meeting: Meeting,
        invitee: Invitee,
        *,
        former: Schedule | None = None,
        at: int = 0,
    ) -> None:
        """``at``: when it was called for, if that is later than what the meeting and the invitation tell."""
        own = Contact() if invitee.user_id is None else self._contacts.find(invitee.user_id)
        host = self._contacts.find(meeting.host_id)
        address = invitee.address or own.address
        if self._mailer is None or address is None:
            return
        is_withdrawn = news in WITHDRAWN or meeting.schedule is None
        schedule = meeting.schedule or former
        token = None if is_withdrawn else token_of(meeting.id, invitee)
        told = Told(
            to=address,
            locale=own.locale or host.locale or DEFAULT_LOCALE,
            host=meeting.host_name,
            sender_name=f"{meeting.host_name} (Parley)",
            reply_to=host.address,
            title=meeting.title,
            description=meeting.description,
            link=self._join_url(meeting),
            passcode=meeting.settings.passcode,
            schedule=meeting.schedule,
            former=former,
            answer_page=None if token is None else f"{self._page}/invitation#token={token}",
            event=None
            if schedule is None
            else self._event(meeting, invitee, schedule, address=address, at=at, is_withdrawn=is_withdrawn),
            is_withdrawn=is_withdrawn,
            mail_id=job_id,
            next_one=self._next(meeting),
            reader_zone=own.time_zone,
        )
        self._mailer(compose(news, told))
        self._logger.info("mail_sent", extra={"mail": news.value, "meeting_id": meeting.id})

    def _event(
        self, meeting: Meeting, invitee: Invitee, schedule: Schedule, *, address: str, at: int, is_withdrawn: bool
    ) -> Event:
        """The meeting for the calendar of one invitee, who sees nobody else's address.

        Its organiser has the sender's address: Google's and Outlook's calendars take it from nobody else.
        """
        answers = [] if is_withdrawn else standing_occurrences(meeting, invitee)
        return Event(
            uid=f"{meeting.id}@{self._site}",
            sequence=meeting.sequence,
            stamp=max(meeting.changed_at or 0, invitee.invited_at, at),
            title=meeting.title,
            description=meeting.description,
            link=self._join_url(meeting),
            schedule=schedule,
            organizer=Person(address=self._sender, name=meeting.host_name),
            attendees=(Person(address=address, name=invitee.name, answer=standing(meeting, invitee)),),
            cancelled=is_withdrawn,
            answers=tuple((each.occurrence, each.answer) for each in answers),
        )

    def _next(self, meeting: Meeting) -> Occurrence | None:
        if meeting.schedule is None:
            return None
        return next(occurrences(meeting.schedule, after=int(self._clock() * 1000)), None)

    def _join_url(self, meeting: Meeting) -> str:
        return f"{self._page}/m/{meeting.id}"
