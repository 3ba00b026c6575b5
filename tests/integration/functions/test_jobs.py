"""The queue of promised work: one job that cannot be had, done or noted as done is in nobody's way."""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from msgspec import Struct

from functions.serverless.jobs import KEPT_S, JobRunner, Jobs, QueuedJob

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Say(Struct, frozen=True, kw_only=True, tag_field="job", tag="say"):
    word: str


@pytest.mark.parametrize("operation", ["get_item", "update_item", "put_item"])
def test_a_job_at_which_the_table_fails_stays_and_the_others_are_done(
    dynamodb: DynamoDBClient, tables: dict[str, str], monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    name = f"jobs-{uuid.uuid4().hex}"
    dynamodb.create_table(**like(dynamodb, tables["meetings"], name))
    jobs = Jobs(lambda: dynamodb, name, QueuedJob[Say])
    now = int(time.time())
    for word in ("first", "second"):
        assert jobs.add(QueuedJob(id=word, job=Say(word=word), created_at=now, expires_at=now + KEPT_S))
    said: list[str] = []
    later = 0
    runner = JobRunner(
        jobs=jobs,
        do=lambda queued: said.append(queued.job.word),
        clock=lambda: time.time() + later,
        logger=logging.getLogger("test"),
    )
    real = getattr(dynamodb, operation)
    failed: list[Any] = []

    def throttled(**request: Any) -> Any:
        if not failed:
            failed.append(request)
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Slow down."}}, operation)
        return real(**request)

    with monkeypatch.context() as patch:
        patch.setattr(dynamodb, operation, throttled)
        runner.work_off()
    assert failed
    assert "second" in said
    assert list(jobs.waiting()) == ["first"]
    later = 61  # claims are over
    runner.work_off()
    assert list(jobs.waiting()) == []
    assert set(said) == {"first", "second"}


def like(dynamodb: DynamoDBClient, table: str, name: str) -> Any:
    """A table as another one is."""
    told: Any = dynamodb.describe_table(TableName=table)["Table"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in told["GlobalSecondaryIndexes"]
    ]
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": told["KeySchema"],
        "AttributeDefinitions": told["AttributeDefinitions"],
        "GlobalSecondaryIndexes": indexes,
    }
