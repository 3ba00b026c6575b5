"""What a table holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def stored_items(dynamodb: DynamoDBClient, table: str) -> list[dict[str, Any]]:
    """All of it, in DynamoDB's JSON, in pages so small that moto answers each of them in time on a busy machine."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, ConsistentRead=True, PaginationConfig={"PageSize": 200}
    )
    return [item for page in pages for item in page["Items"]]
