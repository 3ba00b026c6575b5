"""Values of the local AWS come back as they were put, and keys are in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.aws_values import make_values_cheap

TABLE = "things"
EVERY_KIND: dict[str, Any] = {
    "string": {"S": "ä\u0000"},
    "empty": {"S": ""},
    "number": {"N": "-12.5"},
    "binary": {"B": b"\x00\xff"},
    "true": {"BOOL": True},
    "false": {"BOOL": False},
    "nothing": {"NULL": True},
    "strings": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "list": {"L": [{"S": "a"}, {"L": []}, {"M": {"deep": {"L": [{"N": "1"}]}}}]},
    "map": {"M": {"S": {"S": "named as a kind"}, "none": {"M": {}}}},
}


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    make_values_cheap()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with mock_aws():
        yield boto3.client("dynamodb", region_name="us-east-1")


def make_table(dynamodb: Any, kind: str) -> None:
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": kind},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )


def test_every_kind_of_value_comes_back(dynamodb: Any) -> None:
    make_table(dynamodb, "S")
    item = {"pk": {"S": "a"}, "sk": {"S": "-"}, **EVERY_KIND}
    dynamodb.put_item(TableName=TABLE, Item=item)
    key = {name: item[name] for name in ("pk", "sk")}
    assert dynamodb.get_item(TableName=TABLE, Key=key)["Item"] == item
    assert dynamodb.scan(TableName=TABLE)["Items"] == [item]
    changed = dynamodb.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET added = :value",
        ExpressionAttributeValues={":value": EVERY_KIND["list"]},
        ReturnValues="ALL_NEW",
    )
    assert changed["Attributes"] == {**item, "added": EVERY_KIND["list"]}


@pytest.mark.parametrize(("kind", "keys"), [("S", ["1", "10", "9", "a"]), ("N", ["-2", "1", "9", "10"])])
def test_keys_are_in_the_order_of_their_kind(dynamodb: Any, kind: str, keys: list[str]) -> None:
    make_table(dynamodb, kind)
    for value in reversed(keys):
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "a"}, "sk": {kind: value}})
    found = dynamodb.query(
        TableName=TABLE, KeyConditionExpression="pk = :a", ExpressionAttributeValues={":a": {"S": "a"}}
    )["Items"]
    assert [item["sk"][kind] for item in found] == keys
