"""Each function can do what it does and no more: its role is held against the calls that it makes.

That every call is allowed is seen to in all tests of the functions (`tests.integration.functions.watched_calls`). Here
one story makes every function do all that its role is for, and whatever is allowed beyond that is too much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

from infra.local.aws_server import load_template
from tests.integration.functions.aws_installation import Installation, installation
from tests.integration.functions.chalice_package import chalice_package
from tests.integration.functions.conftest import environment
from tests.integration.functions.lambda_events import ROOT, Client
from tests.integration.functions.role_story import Story
from tests.integration.functions.roles import HTTP, Call, Grant, Template
from tests.integration.functions.watched_calls import Watch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.timeout(600)  # the first test waits for all of the story
FUNCTIONS = [(service, name) for service in ("auth", "meetings") for name in Template(service).functions()]
OF_LAMBDA = {
    "logs:CreateLogStream": "Lambda writes the function's log",
    "logs:PutLogEvents": "Lambda writes the function's log",
    "xray:PutTraceSegments": "Lambda sends its own traces (Tracing: Active)",
    "xray:PutTelemetryRecords": "Lambda sends its own traces (Tracing: Active)",
}
OF_LAMBDA_IN_A_NETWORK = {
    "ec2:CreateNetworkInterface": "Lambda gives the function an address in the broker's network",
    "ec2:DescribeNetworkInterfaces": "Lambda gives the function an address in the broker's network",
    "ec2:DeleteNetworkInterface": "Lambda gives the function an address in the broker's network",
}


@pytest.fixture(scope="module")
def stack(aws: dict[str, str]) -> dict[str, str]:
    """Tables and a bucket that no other test has anything in."""
    with environment(aws):
        cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName="roles",
        TemplateBody=(ROOT / "infra/data.yaml").read_text(),
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "roles"}],
    )
    outputs = cloudformation.describe_stacks(StackName="roles")["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


@pytest.fixture(scope="module")
def installed(  # noqa: PLR0917
    stack: dict[str, str],
    aws: dict[str, str],
    valkey: str,
    role_watch: Watch,
    new_auth: Callable[..., Client],
    new_meetings: Callable[..., Client],
) -> Iterator[Installation]:
    with (
        environment(aws),
        installation(stack, valkey, role_watch, new_auth=new_auth, new_meetings=new_meetings) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def calls(installed: Installation, stack: dict[str, str], s3: S3Client, role_watch: Watch) -> dict[str, set[Call]]:
    """What each function has called when all of the story has happened."""
    with role_watch.recorded() as made, pytest.MonkeyPatch.context() as patch:
        Story(installed, stack["RecordingsBucketName"], s3, patch).happen()
    assert role_watch.take_refused() == []
    return made


# ---- what the roles are held to ----


@pytest.mark.parametrize(("service", "function"), FUNCTIONS)
def test_a_function_may_do_no_more_than_it_does(service: str, function: str, calls: dict[str, set[Call]]) -> None:
    made = calls.get(f"{service}.{function}", set())
    assert made, "the story has nothing for it to do"
    needed = OF_LAMBDA | (OF_LAMBDA_IN_A_NETWORK if is_in_network(service, function) else {})
    granted = list(Template(service).role(function).grants())
    unused = [grant for grant in granted if grant.action not in needed and not any(map(grant.covers, made))]
    assert unused == []


@pytest.mark.parametrize(("service", "function"), FUNCTIONS)
def test_lambda_may_do_for_a_function_what_it_has_to(service: str, function: str) -> None:
    granted = list(Template(service).role(function).grants())
    assert set(OF_LAMBDA) <= {grant.action for grant in granted}
    may_have_addresses = set(OF_LAMBDA_IN_A_NETWORK) <= {grant.action for grant in granted}
    assert may_have_addresses == is_in_network(service, function)
    logs = {grant.resource for grant in granted if grant.action.startswith("logs:")}
    assert logs == {f"{function}Logs.Arn"}


def is_in_network(service: str, function: str) -> bool:
    return "VpcConfig" in Template(service).functions()[function]


def test_what_no_role_allows_is_refused() -> None:
    role = Template("meetings").role("Deliveries")
    assert role.allows(Call("dynamodb:GetItem", "table", frozenset({"WEBHOOK#1"})))
    assert not role.allows(Call("dynamodb:GetItem", "table", frozenset({"MEETING#1"})))
    assert not role.allows(Call("dynamodb:DeleteItem", "table", frozenset({"WEBHOOK#1"})))
    assert not role.allows(Call("dynamodb:Query", "table/index/gsi2", frozenset({"WEBHOOKS#1"})))
    audit = Template("meetings").role(HTTP)
    assert audit.allows(Call("dynamodb:PutItem", "table", frozenset({"AUDIT#1"})))
    assert not audit.allows(Call("dynamodb:BatchWriteItem", "table", frozenset({"MEETING#1", "AUDIT#1"})))


def test_a_grant_is_used_by_what_it_is_for() -> None:
    grant = Grant("dynamodb:GetItem", "table", "WEBHOOK#*")
    assert grant.covers(Call("dynamodb:GetItem", "table", frozenset({"WEBHOOK#1"})))
    assert not grant.covers(Call("dynamodb:GetItem", "table", frozenset({"MEETING#1"})))
    assert not grant.covers(Call("dynamodb:PutItem", "table", frozenset({"WEBHOOK#1"})))


@pytest.mark.parametrize("service", ["auth", "meetings"])
def test_functions_have_the_roles_that_are_written_for_them(
    service: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    packaged = json.loads((chalice_package(service, tmp_path_factory.mktemp("roles")) / "sam.json").read_text())
    written = load_template(ROOT / f"infra/functions/{service}.yaml")["Resources"]
    for name in Template(service).functions():
        role = "ApiHandlerRole" if name == HTTP else f"{name}Role"
        assert packaged["Resources"][name]["Properties"]["Role"] == {"Fn::GetAtt": [role, "Arn"]}
        assert packaged["Resources"][role]["Properties"]["Policies"] == written[role]["Properties"]["Policies"]
