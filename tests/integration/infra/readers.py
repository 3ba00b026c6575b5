"""Reads back from AWS's own APIs what CloudFormation has made, by kind of resource.

Each reader answers what the API tells of one resource, and what the template says of it, in the same words.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3

from tests.integration.infra.nested_stacks import REGION

Pair = tuple[Any, Any]
"""What AWS tells, and what the template says."""
Reader = Callable[[str, dict[str, Any]], Pair]
"""Of the physical id and the properties, which are worked out but for what refers to other resources."""


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def _there(service: str, operation: str, argument: str, *path: str) -> Reader:
    """Of kinds of which moto tells no more than that they are there: by id."""

    def read(physical_id: str, _: dict[str, Any]) -> Pair:
        found = getattr(client(service), operation)(**{argument: [physical_id]})
        for step in path[:-1]:
            found = found[step]
        return [each[path[-1]] for each in found], [physical_id]

    return read


def _table(name: str, says: dict[str, Any]) -> Pair:
    dynamodb = client("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in table["GlobalSecondaryIndexes"]
    ]
    # moto's CloudFormation leaves out keys, time to live and backups: test_templates.py reads those.
    return (
        (table["KeySchema"], indexes, table["DeletionProtectionEnabled"]),
        (says["KeySchema"], says["GlobalSecondaryIndexes"], says["DeletionProtectionEnabled"]),
    )


def _bucket(name: str, says: dict[str, Any]) -> Pair:
    # moto's CloudFormation leaves out who is kept out: test_templates.py reads that.
    encryption = client("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    [rule] = says["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return (
        encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
        rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
    )


def _function(name: str, says: dict[str, Any]) -> Pair:
    told = client("lambda").get_function(FunctionName=name)["Configuration"]
    keys = ("FunctionName", "Runtime", "Handler", "MemorySize", "Timeout")
    variables = told["Environment"]["Variables"]
    return (
        ([told[key] for key in keys], set(variables)),
        ([says[key] for key in keys], set(says["Environment"]["Variables"])),
    )


def _role(name: str, says: dict[str, Any]) -> Pair:
    iam = client("iam")
    told = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    policies = set(iam.list_role_policies(RoleName=name)["PolicyNames"])
    assume = says["AssumeRolePolicyDocument"]["Statement"]
    return (
        ([each["Principal"] for each in told], policies),
        ([each["Principal"] for each in assume], {each["PolicyName"] for each in says.get("Policies", [])}),
    )


def _rule(name: str, says: dict[str, Any]) -> Pair:
    told = client("events").describe_rule(Name=name.rpartition("/")[2])
    return told.get("ScheduleExpression"), says.get("ScheduleExpression")


def _log_group(name: str, says: dict[str, Any]) -> Pair:
    groups = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    [told] = [each for each in groups if each["logGroupName"] == name]
    return told.get("retentionInDays"), says["RetentionInDays"]


def _key(key_id: str, _: dict[str, Any]) -> Pair:
    # moto keeps a policy that comes through CloudFormation in a form that it cannot read: it tells no more than this.
    return [each["KeyId"] for each in client("kms").list_keys()["Keys"] if each["KeyId"] == key_id], [key_id]


def _alias(name: str, _: dict[str, Any]) -> Pair:
    return [each["AliasName"] for each in client("kms").list_aliases()["Aliases"] if each["AliasName"] == name], [name]


def _topic(arn: str, _: dict[str, Any]) -> Pair:
    return client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["TopicArn"], arn


def _dashboard(name: str, says: dict[str, Any]) -> Pair:
    body: Any = client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    told = body if isinstance(body, dict) else json.loads(body)  # moto answers either
    titles = [widget["properties"]["title"] for widget in told["widgets"]]
    return titles, [widget["properties"]["title"] for widget in json.loads(says["DashboardBody"])["widgets"]]


def _group(name: str, says: dict[str, Any]) -> Pair:
    autoscaling = client("autoscaling")
    [told] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return (
        (told["MinSize"], told["MaxSize"], told["HealthCheckType"]),
        (int(says["MinSize"]), int(says["MaxSize"]), says["HealthCheckType"]),
    )


def _api(api_id: str, says: dict[str, Any]) -> Pair:
    """moto reads no documents in Swagger 2, which Chalice writes: test_packaging.py compares the routes."""
    return client("apigateway").get_rest_api(restApiId=api_id)["name"], says["Body"]["info"]["title"]


def _permission(_: str, says: dict[str, Any]) -> Pair:
    return says["Action"], "lambda:InvokeFunction"


def _listener(arn: str, says: dict[str, Any]) -> Pair:
    [told] = client("elbv2").describe_listeners(ListenerArns=[arn])["Listeners"]
    return (told["Port"], told["Protocol"], told["SslPolicy"]), (says["Port"], says["Protocol"], says["SslPolicy"])


def _listener_rule(arn: str, says: dict[str, Any]) -> Pair:
    [told] = client("elbv2").describe_rules(RuleArns=[arn])["Rules"]
    return [each["PathPatternConfig"] for each in told["Conditions"]], [
        each["PathPatternConfig"] for each in says["Conditions"]
    ]


def _target_group(arn: str, says: dict[str, Any]) -> Pair:
    [told] = client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    return (told["Port"], told["HealthCheckPath"]), (int(says["Port"]), says["HealthCheckPath"])


def _launch_template(template_id: str, says: dict[str, Any]) -> Pair:
    [told] = client("ec2").describe_launch_template_versions(LaunchTemplateId=template_id)["LaunchTemplateVersions"]
    data = told["LaunchTemplateData"]
    return data["InstanceType"], says["LaunchTemplateData"]["InstanceType"]


def _subnet(subnet_id: str, says: dict[str, Any]) -> Pair:
    [told] = client("ec2").describe_subnets(SubnetIds=[subnet_id])["Subnets"]
    return (told["CidrBlock"], told["AvailabilityZone"]), (says["CidrBlock"], says["AvailabilityZone"])


def _record(_: str, says: dict[str, Any]) -> Pair:
    records = client("route53").list_resource_record_sets(HostedZoneId=says["HostedZoneId"])["ResourceRecordSets"]
    by_name = {(each["Name"].rstrip("."), each["Type"]) for each in records}
    if says["Name"].startswith("Sender."):  # SES says what it is called; a made-up name here
        return says["Type"] in {kind for _, kind in by_name}, True
    return (says["Name"], says["Type"]) in by_name, True


def _route(_: str, says: dict[str, Any]) -> Pair:
    tables = client("ec2").describe_route_tables()["RouteTables"]
    found = {
        route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
        for table in tables
        for route in table["Routes"]
    }
    wanted = says.get("DestinationCidrBlock") or says.get("DestinationIpv6CidrBlock")
    return wanted in found, True


def _ingress(_: str, says: dict[str, Any]) -> Pair:
    groups = client("ec2").describe_security_groups()["SecurityGroups"]
    ports = {rule.get("FromPort") for group in groups for rule in group["IpPermissions"]}
    return int(says["FromPort"]) in ports, True


def _attachment(_: str, __: dict[str, Any]) -> Pair:
    gateways = client("ec2").describe_internet_gateways()["InternetGateways"]
    return any(each["Attachments"] for each in gateways), True


def _address(physical_id: str, _: dict[str, Any]) -> Pair:
    return [
        each["PublicIp"] for each in client("ec2").describe_addresses()["Addresses"] if physical_id in each.values()
    ] != [], True


def _instance(instance_id: str, _: dict[str, Any]) -> Pair:
    [told] = client("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"]
    return [each["InstanceId"] for each in told["Instances"]], [instance_id]


def _version(_: str, says: dict[str, Any]) -> Pair:
    versions = client("lambda").list_versions_by_function(FunctionName=says["FunctionName"])["Versions"]
    return [each["Version"] for each in versions], ["$LATEST", "1"]


def _profile(name: str, _: dict[str, Any]) -> Pair:
    roles = client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    return len(roles), 1


READERS: dict[str, Reader] = {
    "AWS::ApiGateway::RestApi": _api,
    "AWS::AutoScaling::AutoScalingGroup": _group,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::EIP": _address,
    "AWS::EC2::Instance": _instance,
    "AWS::EC2::InternetGateway": _there(
        "ec2", "describe_internet_gateways", "InternetGatewayIds", "InternetGateways", "InternetGatewayId"
    ),
    "AWS::EC2::LaunchTemplate": _launch_template,
    "AWS::EC2::NatGateway": _there("ec2", "describe_nat_gateways", "NatGatewayIds", "NatGateways", "NatGatewayId"),
    "AWS::EC2::Route": _route,
    "AWS::EC2::RouteTable": _there("ec2", "describe_route_tables", "RouteTableIds", "RouteTables", "RouteTableId"),
    "AWS::EC2::SecurityGroup": _there("ec2", "describe_security_groups", "GroupIds", "SecurityGroups", "GroupId"),
    "AWS::EC2::SecurityGroupIngress": _ingress,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::VPC": _there("ec2", "describe_vpcs", "VpcIds", "Vpcs", "VpcId"),
    "AWS::EC2::VPCEndpoint": _there("ec2", "describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints", "VpcEndpointId"),
    "AWS::EC2::VPCGatewayAttachment": _attachment,
    "AWS::ElasticLoadBalancingV2::Listener": _listener,
    "AWS::ElasticLoadBalancingV2::ListenerRule": _listener_rule,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _there(
        "elbv2", "describe_load_balancers", "LoadBalancerArns", "LoadBalancers", "LoadBalancerArn"
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _target_group,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::InstanceProfile": _profile,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Alias": _alias,
    "AWS::KMS::Key": _key,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _permission,
    "AWS::Lambda::Version": _version,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Route53::RecordSet": _record,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
}
