"""The data stack in moto: taken whole, as the local platform needs it."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from infra.local.aws_server import STACK, create_stack, load_template
from infra.local.settings import ROOT


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return "us-east-1"


@mock_aws
def test_moto_creates_every_resource_of_the_data_stack(region: str) -> None:
    outputs = create_stack(boto3.client)
    created = boto3.client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    template = load_template(ROOT / "infra" / "data.yaml")
    assert {resource["LogicalResourceId"] for resource in created} == set(template["Resources"])
    assert {resource["ResourceStatus"] for resource in created} == {"CREATE_COMPLETE"}
    assert set(outputs) == set(template["Outputs"])


@mock_aws
def test_what_the_stack_describes_is_there(region: str) -> None:
    outputs = create_stack(boto3.client)
    dynamodb = boto3.client("dynamodb")
    for table, indexes in (("AuthTableName", {"gsi1"}), ("MeetingsTableName", {"gsi1", "gsi2"})):
        described = dynamodb.describe_table(TableName=outputs[table])["Table"]
        assert {index["IndexName"] for index in described["GlobalSecondaryIndexes"]} == indexes
    bucket = outputs["RecordingsBucketName"]
    s3 = boto3.client("s3")
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    secrets = boto3.client("secretsmanager").list_secrets()["SecretList"]
    assert sorted(secret["Name"] for secret in secrets) == [
        "parley/auth/local/providers",
        "parley/auth/local/sealing-keys",
        "parley/auth/local/signing-keys",
        "parley/edge/local/secret",
        "parley/meetings/local/sealing-keys",
        "parley/meetings/local/signing-keys",
    ]
