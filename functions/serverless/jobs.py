"""Work that is promised in the same write as what calls for it, and done afterwards: at least once, in any order.

Jobs are items of a service's table: ``pk`` ``JOB#<id>``, ``sk`` JOB; in the index ``gsi1`` under ``JOBS``, by when they
were made. Time to live in ``expires_at``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from functions.serverless.aws import from_item, to_item
from functions.serverless.mailers import MailRefusedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

JobT = TypeVar("JobT")
KEPT_S: Final = 86_400
"""A job that could not be done for so long is given up."""
CLAIM_S: Final = 60
"""For so long a job is its worker's alone."""
_PARTITION: Final = "JOBS"


class QueuedJob(Struct, Generic[JobT], frozen=True, kw_only=True):
    """A job in the queue. Times in seconds since the epoch."""

    id: str
    job: JobT
    created_at: int
    expires_at: int
    claimed_until: int = 0


class Jobs(Generic[JobT]):
    """The queue in a table. ``kind``: `QueuedJob` of the service's jobs, a tagged union of structs."""

    def __init__(self, client: Callable[[], DynamoDBClient], table: str, kind: type[QueuedJob[JobT]]) -> None:
        self._client = client
        self._table = table
        self._kind = kind

    def promise(self, queued: QueuedJob[JobT]) -> Write:
        """The write of a transaction that puts a job into the queue, unless it is or was there."""
        return {
            "Put": {
                "TableName": self._table,
                "Item": to_item(self._item(queued)),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def add(self, queued: QueuedJob[JobT]) -> bool:
        """Puts a job into the queue by itself, and tells whether it did: not one that is or was there."""
        client, item = self._client(), to_item(self._item(queued))
        try:
            client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def claim(self, job_id: str, *, now: int) -> QueuedJob[JobT] | None:
        """A job, for the caller alone for a while; None if it is done, or somebody else's."""
        client = self._client()
        answer = client.get_item(TableName=self._table, Key=to_item(_key(job_id)), ConsistentRead=True)
        item = from_item(answer.get("Item", {}))
        if "job" not in item or item["claimed_until"] > now:
            return None
        try:
            client.update_item(
                TableName=self._table,
                Key=to_item(_key(job_id)),
                UpdateExpression="SET claimed_until = :until",
                ConditionExpression="attribute_exists(job) AND claimed_until = :known",
                ExpressionAttributeValues=to_item({":until": now + CLAIM_S, ":known": item["claimed_until"]}),
            )
        except client.exceptions.ConditionalCheckFailedException:
            return None
        return msgspec.convert(item, self._kind)

    def done(self, queued: QueuedJob[JobT]) -> None:
        """Takes a job out of the queue. Its id is kept for a day, so that it is not put there again."""
        kept = {**_key(queued.id), "expires_at": queued.expires_at}
        self._client().put_item(TableName=self._table, Item=to_item(kept))

    def waiting(self) -> Iterator[str]:
        """The ids of the jobs in the queue, oldest first; what was queued a moment ago may be missing."""
        pages = (
            self._client()
            .get_paginator("query")
            .paginate(
                TableName=self._table,
                IndexName="gsi1",
                KeyConditionExpression="gsi1pk = :partition",
                ExpressionAttributeValues=to_item({":partition": _PARTITION}),
                ProjectionExpression="pk",
            )
        )
        for page in pages:
            for item in page["Items"]:
                yield item["pk"]["S"].removeprefix("JOB#")

    def _item(self, queued: QueuedJob[JobT]) -> Mapping[str, Any]:
        index = {"gsi1pk": _PARTITION, "gsi1sk": f"{queued.created_at:012d}#{queued.id}"}
        return {**_key(queued.id), **index, **msgspec.to_builtins(queued)}


class JobRunner(Generic[JobT]):
    """Does jobs, each at least once, by ``do``. A job that fails stays in the queue until it is too old."""

    def __init__(
        self,
        *,
        jobs: Jobs[JobT],
        do: Callable[[QueuedJob[JobT]], None],
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._jobs = jobs
        self._do_job = do
        self._clock = clock
        self._logger = logger

    def work(self, job_id: str) -> None:
        """Does one job, if it is there and nobody else is at it; a failure is logged, and the job stays."""
        fields = {"job_id": job_id}
        try:
            queued = self._jobs.claim(job_id, now=int(self._clock()))
            if queued is None:
                return
            fields["job"] = type(queued.job).__name__
            self._try(queued, fields)
            self._jobs.done(queued)
        except Exception:
            self._logger.exception("job_failed", extra=fields)

    def _try(self, queued: QueuedJob[JobT], fields: Mapping[str, str]) -> None:
        if queued.expires_at <= self._clock():
            self._logger.error("job_given_up", extra=fields)
            return
        try:
            self._do_job(queued)
        except MailRefusedError as error:
            self._logger.warning("mail_refused", extra={**fields, "error": str(error)})

    def work_off(self, *, for_s: float = float("inf")) -> None:
        """Does every job that waits. After so many seconds it begins none: nobody should be cut off in one."""
        until = self._clock() + for_s
        for job_id in list(self._jobs.waiting()):
            if self._clock() >= until:
                return
            self.work(job_id)


def _key(job_id: str) -> dict[str, str]:
    return {"pk": f"JOB#{job_id}", "sk": "JOB"}
