"""Promises jobs in the write that calls for them, and has them started afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from auth_service.domain.jobs import (
    LATE_S,
    Announce,
    ConfirmAddress,
    ConfirmRegistration,
    Erase,
    EraseKeys,
    Job,
    OfferReset,
    is_late,
)
from functions.serverless.ids import base32
from functions.serverless.jobs import KEPT_S, Jobs, QueuedJob
from functions.serverless.rate_limits import Quota
from functions.serverless.redis_limits import Limits
from functions.serverless.started_functions import StartedFunction

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


MAILS_TO_ONE: Final = Quota(name="mails-to-one", limit=5, window_s=1_500)
"""Of each kind that anybody can have sent to an address. The next one fits before the last link for a new password is
too old: who floods a mailbox keeps nobody out."""


class Promise(Struct, frozen=True, kw_only=True):
    """A job with its id, and the write that puts it into the queue."""

    id: str
    job: Job
    write: Write


class JobQueue:
    """Queues jobs. ``sends_mail``: without it, jobs that only send a mail are not queued."""

    def __init__(
        self,
        *,
        jobs: Jobs[Job],
        function: StartedFunction,
        limits: Limits,
        sends_mail: bool,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._jobs = jobs
        self._function = function
        self._limits = limits
        self.sends_mail = sends_mail
        self._clock = clock
        self._randomness = randomness

    def promise(self, *jobs: Job) -> list[Promise]:
        """Writes that go into one transaction with what calls for the jobs."""
        wanted = [self._queued(job) for job in jobs if self.sends_mail or isinstance(job, Erase | EraseKeys | Announce)]
        return [Promise(id=queued.id, job=queued.job, write=self._jobs.promise(queued)) for queued in wanted]

    def start(self, promises: Iterable[Promise]) -> None:
        """Has promised jobs done now, once their writes have succeeded; late ones wait for their time."""
        for promise in promises:
            if not is_late(promise.job):
                self._function.start({"job_id": promise.id})

    def add(self, job: ConfirmRegistration | OfferReset | ConfirmAddress, *, name: str | None = None) -> None:
        """Queues a job by itself and starts it. One with the same ``name`` as another of the last day is not done, nor
        one whose address has just had `MAILS_TO_ONE`; whoever asked for it is not told."""
        if not self._limits.count(MAILS_TO_ONE, f"{type(job).__name__} {job.email}").allowed:
            return
        queued = self._queued(job, name)
        self._jobs.add(queued)
        self._function.start({"job_id": queued.id})

    def _queued(self, job: Job, name: str | None = None) -> QueuedJob[Job]:
        now = int(self._clock())
        job_id = name or base32(self._randomness(16))
        not_before = now + LATE_S if is_late(job) else 0
        return QueuedJob(id=job_id, job=job, created_at=now, expires_at=now + KEPT_S, claimed_until=not_before)
