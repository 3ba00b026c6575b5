"""What has to follow a change of a meeting, whoever is cut off on the way: it is promised in the change's own write.

Whoever makes the change does it at once, and if they do not come to that, it is a job that waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from contracts.rooms import MeetingId
from functions.serverless.jobs import KEPT_S, Jobs, QueuedJob
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.prepared import Prepared
from meetings_service.adapters.repository import Repository
from meetings_service.domain.meetings import Meeting, agenda_position
from meetings_service.domain.notices import Announce, Job, Move, TakeAlong
from meetings_service.domain.webhook_events import Event
from meetings_service.errors import MeetingNotFoundError
from meetings_service.outbox import Outbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

Promised = Sequence[QueuedJob[Job]]


class FollowUps:
    """``clock``: seconds since the epoch."""

    def __init__(
        self,
        *,
        jobs: Jobs[Job],
        repository: Repository,
        invitees: Invitees,
        prepared: Prepared,
        outbox: Outbox,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._jobs = jobs
        self._repository = repository
        self._invitees = invitees
        self._prepared = prepared
        self._outbox = outbox
        self._clock = clock
        self._logger = logger

    # ---- promising ----

    def of_change(self, before: Meeting, after: Meeting) -> Promised:
        """A meeting that takes place at another time is there in the agendas of the invited."""
        if agenda_position(before) == agenda_position(after):
            return ()
        return (self._queued(f"moved-{before.id}-{before.version}", Move(meeting_id=before.id)),)

    def of_renewal(self, former: MeetingId, made: Meeting) -> Promised:
        """A meeting in the place of another one has what was prepared for it."""
        return (self._queued(f"renewed-{made.id}", TakeAlong(former=former, made=made.id)),)

    def of_event(self, meeting: Meeting, event: Event) -> Promised:
        """What has become of a meeting is told to the webhooks that want it."""
        if not self._outbox.is_wanted(meeting.host_id, event):
            return ()
        return (self._queued(f"told-{event.message_id}", Announce(host_id=meeting.host_id, event=event)),)

    def writes(self, promised: Promised) -> list[Write]:
        """The writes for one transaction with the change."""
        return [self._jobs.promise(each) for each in promised]

    def _queued(self, job_id: str, job: Move | TakeAlong | Announce) -> QueuedJob[Job]:
        now = int(self._clock())
        return QueuedJob(id=job_id, job=job, created_at=now, expires_at=now + KEPT_S)

    # ---- doing ----

    def keep(self, promised: Promised) -> None:
        """Does what was promised, once its write has succeeded. What fails stays promised."""
        for each in promised:
            try:
                self.do(each.job)
            except Exception:  # the change is made, and the answer tells so
                self._logger.exception("not_followed_up", extra={"job_id": each.id})
            else:
                self._jobs.done(each)

    def do(self, job: Job) -> None:
        """Does one of these jobs. May be repeated; nothing where the meeting is gone."""
        try:
            match job:
                case Move(meeting_id=meeting_id):
                    self._move(self._repository.find(meeting_id))
                case TakeAlong(former=former, made=made):
                    self._repository.find(made)
                    self.take_along(former, made)
                case Announce(host_id=host_id, event=event):
                    self._outbox.tell(host_id, event)
                case _:
                    raise TypeError(f"{type(job).__name__} is none of these jobs")
        except MeetingNotFoundError:
            return

    def _move(self, meeting: Meeting) -> None:
        # Of two changes at once, who writes last may have read first: so each looks once more when it is done.
        while True:
            self._invitees.move(meeting)
            now = self._repository.find(meeting.id)
            if agenda_position(now) == agenda_position(meeting):
                return
            meeting = now

    def take_along(self, former: MeetingId, made: MeetingId) -> None:
        """What was prepared for a meeting is in the one that follows, for those who are invited there. Repeatable."""
        self._prepared.take_along(former, made, invited={each.key for each in self._invitees.of(made)})
