"""A transaction of the local AWS is done whole or not at all, and touches nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models.table import Table

from infra.local.aws_transactions import make_transactions_cheap

TABLE = "things"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    make_transactions_cheap()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        for name in ("changed", "replaced", "deleted"):
            client.put_item(TableName=TABLE, Item=item(name, "before"))
        yield client


def item(name: str, value: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "-"}, "value": {"S": value}}


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "-"}}


def change_all() -> list[dict[str, Any]]:
    return [
        {"Put": {"TableName": TABLE, "Item": item("new", "after")}},
        {"Put": {"TableName": TABLE, "Item": item("replaced", "after")}},
        {"Delete": {"TableName": TABLE, "Key": key("deleted")}},
        {
            "Update": {
                "TableName": TABLE,
                "Key": key("changed"),
                "UpdateExpression": "SET #value = :after",
                "ExpressionAttributeNames": {"#value": "value"},
                "ExpressionAttributeValues": {":after": {"S": "after"}},
            }
        },
    ]


def contents(dynamodb: Any) -> dict[str, str]:
    return {found["pk"]["S"]: found["value"]["S"] for found in dynamodb.scan(TableName=TABLE)["Items"]}


def test_all_is_written(dynamodb: Any) -> None:
    dynamodb.transact_write_items(TransactItems=change_all())
    assert contents(dynamodb) == {"new": "after", "replaced": "after", "changed": "after"}


def test_nothing_is_written_if_one_condition_does_not_hold(dynamodb: Any) -> None:
    absent = {"TableName": TABLE, "Key": key("absent"), "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[*change_all(), {"ConditionCheck": absent}])
    assert contents(dynamodb) == {"changed": "before", "replaced": "before", "deleted": "before"}


def test_a_write_that_names_no_item_is_refused_and_nothing_is_written(dynamodb: Any) -> None:
    nameless = {"Put": {"TableName": TABLE, "Item": {"pk": {"S": "nameless"}}}}
    with pytest.raises(dynamodb.exceptions.ClientError):
        dynamodb.transact_write_items(TransactItems=[*change_all(), nameless])
    assert contents(dynamodb) == {"changed": "before", "replaced": "before", "deleted": "before"}


def test_no_table_is_copied(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_table: Table, _memo: dict[int, Any]) -> Table:
        raise AssertionError("the whole table is copied")

    monkeypatch.setattr(Table, "__deepcopy__", refuse, raising=False)
    dynamodb.transact_write_items(TransactItems=change_all())
    assert contents(dynamodb)["new"] == "after"
