"""The full template with its nested stacks, translated and created in moto; what moto knows is read back."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.aws_server import secret_names
from tests.integration.infra.conftest import DOMAIN
from tests.integration.infra.nested_stacks import KNOWN, Created, Platform, Values, create_stack, in_order
from tests.integration.infra.readers import READERS, client

pytestmark = pytest.mark.timeout(600)  # the first test packages both functions, and creates everything
UNKNOWN = {
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::AutoScaling::ScalingPolicy",
    "AWS::Budgets::Budget",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::EC2::EIPAssociation",
    "AWS::EC2::VPCCidrBlock",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::IAM::RolePolicy",
    "AWS::Lambda::Alias",
    "AWS::S3::BucketPolicy",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SecretsManager::Secret",
}
"""What the template has and moto's CloudFormation does not know: cfn-lint alone looks at these."""
UNTOLD = {"AWS::EC2::SubnetRouteTableAssociation"}
"""What moto makes, and its API does not tell of."""
UNTOLD_ROUTES = {"Network.PublicDefaultRouteIpv6"}


def resources(platform: Platform) -> list[tuple[str, Created, str, dict[str, Any]]]:
    return [
        (stack, created, name, resource)
        for stack, created in platform.stacks.items()
        for name, resource in created.template["Resources"].items()
    ]


def test_what_moto_does_not_know_is_listed(platform: Platform) -> None:
    kinds = {resource["Type"] for _, _, _, resource in resources(platform)}
    assert kinds - KNOWN == UNKNOWN
    assert not [kind for kind in kinds if kind.startswith("AWS::Serverless::")]


def test_all_that_moto_knows_is_made(platform: Platform) -> None:
    missing = [
        f"{stack}.{name}"
        for stack, created, name, resource in resources(platform)
        if resource["Type"] in KNOWN and "Condition" not in resource and name not in created.physical_ids
    ]
    assert not missing


def test_what_is_made_reads_back_as_the_template_says(platform: Platform) -> None:
    different = {}
    for stack, created in platform.stacks.items():
        for name, resource in created.known():
            if resource["Type"] in UNTOLD or f"{stack}.{name}" in UNTOLD_ROUTES:
                continue
            values = _AsMade.of_stack(created)
            told, said = READERS[resource["Type"]](
                created.physical_ids[name], values.of(resource.get("Properties", {}))
            )
            if told != said:
                different[f"{stack}.{name}"] = (told, said)
    assert not different


class _AsMade(Values):
    """Works out a stack's properties: parameters and made resources are known, anything else stands for itself."""

    @classmethod
    def of_stack(cls, created: Created) -> _AsMade:
        lists = {key for key, each in created.template.get("Parameters", {}).items() if "List" in each["Type"]}
        given = {key: value.split(",") if key in lists else value for key, value in created.parameters.items()}
        template = created.template
        return cls({**given, **created.physical_ids}, template.get("Conditions", {}), template.get("Mappings", {}))

    def _function(self, name: str, argument: Any) -> Any:
        if name in ("Ref", "GetAtt"):
            text = argument if isinstance(argument, str) else ".".join(argument)
            return self._known.get(text, text)
        if name in ("Cidr", "Select") and "Ipv6CidrBlocks" in str(argument):
            return "an IPv6 network"
        return super()._function(name, argument)


def test_outputs_say_where_people_meet(platform: Platform) -> None:
    assert platform.outputs()["Url"] == f"https://{DOMAIN}"


def test_stacks_do_not_need_each_other_in_a_circle(platform: Platform) -> None:
    order = in_order(platform.root)
    assert order.index("Network") < order.index("Broker") < order.index("Gateway") < order.index("Edge")


def test_the_local_platform_has_the_tables_of_production(platform: Platform) -> None:
    local = create_stack("local", platform.template_of("infra/data.yaml"), {"Parameters": {"Stage": "local"}})
    whole = platform.stacks["Data"]
    assert {name for name, _ in local.known()} == {name for name, _ in whole.known()}
    for name in ("AuthTable", "MeetingsTable"):
        assert _shape(local.physical_ids[name]) == _shape(whole.physical_ids[name])
    assert set(local.outputs) == set(whole.outputs)


def _shape(table: str) -> Any:
    told = client("dynamodb").describe_table(TableName=table)["Table"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in told["GlobalSecondaryIndexes"]
    ]
    return told["KeySchema"], told["AttributeDefinitions"], indexes


def test_the_local_platform_has_the_secrets_of_production(platform: Platform) -> None:
    template = platform.template_of("infra/secrets.yaml")
    assert [name.replace("/local/", "/prod/") for name, _ in secret_names(template, "local")] == [
        name for name, _ in secret_names(template, "prod")
    ]
