"""Queries of the local AWS find what moto finds in all of the table, whatever was put, changed and deleted before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models.table import Table

from infra.local.aws_queries import make_queries_cheap

TABLE = "things"
_of_moto = Table.query


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    make_queries_cheap()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gsi1pk", "gsi1sk")
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "gsi1",
                    "KeySchema": [
                        {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                        {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        yield client


def change(dynamodb: Any, chance: random.Random) -> None:
    """One write of any kind, on one of a few items, in one of a few partitions of the index."""
    key = {"pk": {"S": chance.choice("ab")}, "sk": {"S": chance.choice("1234")}}
    place = {"gsi1pk": {"S": chance.choice("xy")}, "gsi1sk": {"S": chance.choice("56")}}
    put: dict[str, Any] = {"TableName": TABLE, "Item": key | place}
    moved: dict[str, Any] = {
        "TableName": TABLE,
        "Key": key,
        "UpdateExpression": "SET gsi1pk = :pk, gsi1sk = :sk",
        "ExpressionAttributeValues": {":pk": place["gsi1pk"], ":sk": place["gsi1sk"]},
    }
    match chance.randrange(6):
        case 0:
            dynamodb.put_item(**put)
        case 1:
            dynamodb.update_item(**moved)
        case 2:
            dynamodb.update_item(TableName=TABLE, Key=key, UpdateExpression="REMOVE gsi1pk")
        case 3:
            dynamodb.delete_item(TableName=TABLE, Key=key)
        case 4:
            dynamodb.transact_write_items(TransactItems=[{"Update": moved}])
        case 5:
            dynamodb.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": key | place}}]})


def found(dynamodb: Any) -> list[Any]:
    """What every query of a partition gives, forwards and backwards, and in pages of two."""
    asked: list[dict[str, Any]] = [
        {"KeyConditionExpression": "pk = :it AND sk > :from", "ExpressionAttributeValues": {":it": {"S": it}}}
        for it in "abz"
    ]
    asked += [
        {"IndexName": "gsi1", "KeyConditionExpression": "gsi1pk = :it AND gsi1sk > :from"}
        | {"ExpressionAttributeValues": {":it": {"S": it}}}
        for it in "xyz"
    ]
    answers = []
    for request in asked:
        request["ExpressionAttributeValues"][":from"] = {"S": "1"}
        for forward in (True, False):
            pages = dynamodb.get_paginator("query").paginate(
                TableName=TABLE, ScanIndexForward=forward, PaginationConfig={"PageSize": 2}, **request
            )
            answers += [page["Items"] for page in pages]
    return answers


@pytest.mark.parametrize("seed", range(2))
def test_every_query_finds_what_moto_finds(dynamodb: Any, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, lengths = random.Random(seed), set[int]()
    for _ in range(8):
        for _ in range(4):
            change(dynamodb, chance)
        cheap = found(dynamodb)
        with monkeypatch.context() as patch:
            patch.setattr(Table, "query", _of_moto)
            assert found(dynamodb) == cheap
        lengths.add(sum(map(len, cheap)))
    assert len(lengths) > 3


def test_nothing_is_found_in_a_table_that_has_never_had_anything(dynamodb: Any) -> None:
    assert not any(found(dynamodb))


def test_a_query_looks_at_its_partition_alone(dynamodb: Any) -> None:
    for number in range(50):
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": f"other {number}"}, "sk": {"S": "1"}})
    dynamodb.put_item(
        TableName=TABLE, Item={"pk": {"S": "a"}, "sk": {"S": "1"}, "gsi1pk": {"S": "x"}, "gsi1sk": {"S": "1"}}
    )
    looked_at: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        through = Table.all_items

        def all_items(self: Table) -> Any:
            items = through(self)
            looked_at.append(len(items))
            return items

        patch.setattr(Table, "all_items", all_items)
        found(dynamodb)
    assert max(looked_at) == 1
