"""The queue of jobs in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from auth_service.adapters.table import CancelledError, Table, job_key
from auth_service.domain.jobs import CLAIM_S, QueuedJob
from functions.serverless.aws import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

_PARTITION = "JOBS"


class JobsTable:
    """Keeps jobs until they are done."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def promise(self, queued: QueuedJob) -> Write:
        """The write that puts a job into the queue."""
        index = {"gsi1pk": _PARTITION, "gsi1sk": f"{queued.created_at:012d}#{queued.id}"}
        return self._table.put({**job_key(queued.id), **index, **msgspec.to_builtins(queued)})

    def add(self, queued: QueuedJob) -> None:
        """Puts a job into the queue by itself; one that is or was there is not put there again."""
        with contextlib.suppress(CancelledError):
            self._table.transact([self.promise(queued)])

    def claim(self, job_id: str, *, now: int) -> QueuedJob | None:
        """A job, for the caller alone for a while; None if it is done, or somebody else's."""
        item = self._table.get(job_key(job_id))
        if item is None or "job" not in item or item["claimed_until"] > now:
            return None
        queued = msgspec.convert(item, QueuedJob)
        expected = {"claimed_until": queued.claimed_until}
        try:
            self._table.transact([self._table.update(job_key(job_id), {"claimed_until": now + CLAIM_S}, expected)])
        except CancelledError:
            return None
        return queued

    def done(self, queued: QueuedJob) -> None:
        """Takes a job out of the queue. Its id is kept for a day, so that it is not put there again."""
        kept = {**job_key(queued.id), "expires_at": queued.expires_at}
        self._table.client.put_item(TableName=self._table.name, Item=to_item(kept))

    def waiting(self) -> Iterator[str]:
        """The ids of the jobs in the queue, oldest first."""
        for key in self._table.keys_of(_PARTITION):
            yield key["pk"].removeprefix("JOB#")
