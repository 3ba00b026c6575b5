"""What machines on AWS may do is what they can do: actions in their roles, held against what runs on them calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from infra.local.aws_server import load_template
from infra.local.settings import ROOT

MODULES = {
    "gateway": [*(ROOT / "signaling_gateway").rglob("*.py"), *(ROOT / "infra/machine").glob("*.py")],
    "media": [*(ROOT / "media_fleet").rglob("*.py"), *(ROOT / "infra/machine").glob("*.py")],
    "turn": [],
}
TRANSFERS = {"upload_file": {"s3:PutObject", "s3:AbortMultipartUpload"}}
"""What boto3 makes of several calls: a large file is sent in parts, which are given up when one fails."""
PERMISSIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
}
"""Operations whose permission has another name."""
COMMANDS = {
    r"\baws s3 cp .*\"s3://": {"s3:GetObject"},
    r"\baws secretsmanager get-secret-value\b": {"secretsmanager:GetSecretValue"},
    r"\bcertbot certonly (?:.*\\\n)*.*--dns-route53\b|\bcertbot certonly .*--dns-route53\b": {
        "route53:ListHostedZones",
        "route53:GetChange",
        "route53:ChangeResourceRecordSets",
    },
}
"""What the commands in user data call."""
WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData": "knows no resource: the namespace is its condition",
    "route53:ListHostedZones": "knows no resource",
    "route53:GetChange": "a change has no name before it is made",
}


def called(path: Path) -> Iterator[str]:
    """The permissions that a module's calls of AWS take."""
    source = path.read_text()
    services = re.findall(r"boto3\.client\(\s*\"([\w-]+)\"", source)
    methods = set(re.findall(r"\.(\w+)\(", source))
    paginated = set(re.findall(r"get_paginator\(\"(\w+)\"\)", source))
    for service in services:
        model = boto3.client(service, region_name="eu-central-1").meta.service_model
        for operation in model.operation_names:
            if xform_name(operation) in methods | paginated:
                action = f"{service}:{operation}"
                yield PERMISSIONS.get(action, action)
        for method in methods & set(TRANSFERS):
            yield from TRANSFERS[method]


def commanded(stack: str) -> Iterator[str]:
    """The permissions that the commands of an instance's user data take."""
    data = (ROOT / f"infra/{stack}.yaml").read_text().partition("UserData:")[2]
    for command, actions in COMMANDS.items():
        if re.search(command, data):
            yield from actions


def statements(stack: str) -> list[dict[str, Any]]:
    """All that stands in the policies of a stack's role."""
    resources = load_template(ROOT / f"infra/{stack}.yaml")["Resources"]
    documents = [each["PolicyDocument"] for each in resources["Role"]["Properties"]["Policies"]]
    documents += [
        each["Properties"]["PolicyDocument"] for each in resources.values() if each["Type"] == "AWS::IAM::RolePolicy"
    ]
    return [statement for document in documents for statement in document["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("stack", MODULES)
def test_a_machine_may_do_what_runs_on_it_calls_and_no_more(stack: str) -> None:
    allowed = {action for statement in statements(stack) for action in listed(statement["Action"])}
    needed = {action for path in MODULES[stack] for action in called(path)} | set(commanded(stack))
    assert allowed == needed


@pytest.mark.parametrize("stack", MODULES)
def test_a_machines_permissions_are_for_named_resources(stack: str) -> None:
    for statement in statements(stack):
        assert statement["Effect"] == "Allow"
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= set(WITHOUT_RESOURCE), statement


@pytest.mark.parametrize("stack", MODULES)
def test_beyond_its_own_policies_a_machine_has_session_manager_alone(stack: str) -> None:
    role = load_template(ROOT / f"infra/{stack}.yaml")["Resources"]["Role"]["Properties"]
    managed = [each["Fn::Sub"].rpartition("/")[2] for each in role.get("ManagedPolicyArns", [])]
    assert managed in ([], ["AmazonSSMManagedInstanceCore"])


def test_calls_are_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('client = boto3.client("s3")\nclient.upload_file(1)\nclient.delete_object(2)\nothers.invoke()\n')
    assert set(called(module)) == {"s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"}
