"""The stacks fit together, and they are what the code and the local platform take them to be."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws_server import load_template, secret_names
from infra.local.security_headers import security_headers
from infra.local.settings import ROOT
from infra.machine.measure import COUNTERS, GAUGES
from infra.machine.start import environment
from media_fleet.broadcast_site import PORTS

TEMPLATE = load_template(ROOT / "template.yaml")
NESTED = {name: resource["Properties"] for name, resource in TEMPLATE["Resources"].items()}
CHALICE_OUTPUTS = {"RestAPIId", "APIHandlerName", "APIHandlerArn", "EndpointURL"}


def template_of(stack: str) -> dict[str, Any]:
    """The template of a nested stack; for a generated one, what is merged into it."""
    url = NESTED[stack]["TemplateURL"]
    generated = re.fullmatch(r"build/functions/(\w+)/sam\.json", url)
    return load_template(ROOT / (f"infra/functions/{generated[1]}.yaml" if generated else url))


def values_in(document: Any) -> Iterator[Any]:
    yield document
    if isinstance(document, dict):
        for value in document.values():
            yield from values_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from values_in(value)


def test_every_hand_written_stack_is_nested() -> None:
    nested = {properties["TemplateURL"] for properties in NESTED.values()}
    assert {f"infra/{path.name}" for path in (ROOT / "infra").glob("*.yaml")} <= nested


OF_OPENTELEMETRY = {"OTEL_EXPORTER_OTLP_ENDPOINT"}


@pytest.mark.parametrize("stack", NESTED)
def test_a_stack_is_given_what_it_asks_for(stack: str) -> None:
    declared = template_of(stack)["Parameters"]
    given = set(NESTED[stack]["Parameters"])
    assert given <= set(declared)
    assert {name for name, parameter in declared.items() if "Default" not in parameter} <= given


def test_every_output_that_is_used_exists() -> None:
    used = [value["Fn::GetAtt"] for value in values_in(TEMPLATE) if isinstance(value, dict) and "Fn::GetAtt" in value]
    assert used
    for reference in used:
        stack, _, output = reference.partition(".Outputs.")
        outputs = set(template_of(stack).get("Outputs", {})) or CHALICE_OUTPUTS
        assert output in outputs, reference


@pytest.mark.parametrize(("table", "projections"), [("AuthTable", ["ALL"]), ("MeetingsTable", ["ALL", "KEYS_ONLY"])])
def test_a_table_has_the_keys_that_the_repositories_use(table: str, projections: list[str]) -> None:
    properties = load_template(ROOT / "infra/data.yaml")["Resources"][table]["Properties"]
    assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"]
    indexes = properties["GlobalSecondaryIndexes"]
    assert [index["Projection"]["ProjectionType"] for index in indexes] == projections
    for number, index in enumerate(indexes, start=1):
        assert index["IndexName"] == f"gsi{number}"
        assert [key["AttributeName"] for key in index["KeySchema"]] == [f"gsi{number}pk", f"gsi{number}sk"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["SSEType"] == "KMS"
    assert properties["DeletionProtectionEnabled"] is True


def test_the_secrets_have_the_names_that_the_local_platform_uses() -> None:
    names = [name for name, _ in secret_names(load_template(ROOT / "infra/secrets.yaml"), "local")]
    keys = ["parley/auth/local/signing-keys", "parley/meetings/local/signing-keys"]
    sealing = ["parley/auth/local/sealing-keys", "parley/meetings/local/sealing-keys"]
    others = ["parley/auth/local/providers", "parley/edge/local/secret"]
    assert names == [keys[0], sealing[0], others[0], keys[1], sealing[1], others[1]]


def test_the_edge_sends_the_same_security_headers_as_the_local_front_door() -> None:
    resources = load_template(ROOT / "infra/edge.yaml")["Resources"]
    config = resources["SecurityHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    edge = {entry["Header"]: entry["Value"] for entry in config["CustomHeadersConfig"]["Items"]}
    security = config["SecurityHeadersConfig"]
    assert security["ContentSecurityPolicy"]["Override"] is False  # stricter ones of single pages stay
    policy = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    assert " https://${RecordingsHost};" in policy  # recordings come from the bucket there, and from the same door here
    policy = policy.replace(" https://${RecordingsHost}", "")
    edge["Content-Security-Policy"] = policy.replace("${Domain}", "meet.example")
    edge["Referrer-Policy"] = security["ReferrerPolicy"]["ReferrerPolicy"]
    assert security["ContentTypeOptions"]["Override"] is True
    edge["X-Content-Type-Options"] = "nosniff"
    assert edge == security_headers("meet.example")


def test_the_edge_keeps_no_failure_and_puts_no_page_in_its_place() -> None:
    config = load_template(ROOT / "infra/edge.yaml")["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    answers = config["CustomErrorResponses"]
    assert {each["ErrorCode"] for each in answers} >= {400, 404, 500, 502, 503, 504}
    assert all(each.keys() == {"ErrorCode", "ErrorCachingMinTTL"} for each in answers)
    assert {each["ErrorCachingMinTTL"] for each in answers} == {0}
    # CloudFront takes no others.
    assert {each["ErrorCode"] for each in answers} <= {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}


@pytest.mark.parametrize("name", ["auth", "meetings"])
def test_what_is_merged_names_functions_that_chalice_generates(name: str) -> None:
    merged = load_template(ROOT / f"infra/functions/{name}.yaml")["Resources"]
    source = (ROOT / f"functions/{name}/app.py").read_text()
    named = re.findall(r"@app\.(?:lambda_function|schedule)\([^\n]*name=\"([\w-]+)\"\)", source)
    functions = {"".join(word.capitalize() for word in entry.split("-")) for entry in named}
    roles = {f"{function}Role" for function in functions} | {"ApiHandlerRole"}
    assert {key for key, resource in merged.items() if "Type" not in resource} == {
        "APIHandler",
        "RestAPI",
        *functions,
        *roles,
    }


_CHANGES = {"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
_KEYS = "dynamodb:LeadingKeys"


@pytest.mark.parametrize("name", ["auth", "meetings"])
def test_no_role_may_change_what_stands_in_the_audit_log(name: str) -> None:
    resources = load_template(ROOT / f"infra/functions/{name}.yaml")["Resources"]
    roles = {key: each["Properties"]["Policies"] for key, each in resources.items() if key.endswith("Role")}
    changing = set[str]()
    for role, policies in roles.items():
        statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
        allowed = _changes_of_audit_log(statements, "Allow", "ForAllValues:StringLike")
        assert allowed <= _changes_of_audit_log(statements, "Deny", "ForAnyValue:StringLike"), role
        changing |= {role} if allowed else set()
    assert "ApiHandlerRole" in changing


def _changes_of_audit_log(statements: list[dict[str, Any]], effect: str, condition: str) -> set[str]:
    """Which changes of its items in the table are allowed, or denied; a statement without condition is of all items."""
    found = set[str]()
    for each in statements:
        if each.get("Effect") == effect and {"Ref": "TableArn"} in _listed(each["Resource"]):
            keys = each.get("Condition", {}).get(condition, {}).get(_KEYS, ["*"])
            if any(fnmatch("AUDIT#1", key) for key in keys):
                found |= {
                    change for change in _CHANGES for action in _listed(each["Action"]) if fnmatch(change, action)
                }
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(("name", "prefix"), [("auth", "PARLEY_AUTH_"), ("meetings", "PARLEY_MEETINGS_")])
def test_the_functions_environment_is_complete(name: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "functions" / name), *sys.path])
    settings = __import__(f"{name}_service.settings", fromlist=["x"])
    [kind] = [getattr(settings, each) for each in dir(settings) if each.lower() == f"{name}settings"]
    for resource in load_template(ROOT / f"infra/functions/{name}.yaml")["Resources"].values():
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables")
        if variables:
            given = {key: value if isinstance(value, str) else _example(key) for key, value in variables.items()}
            kind.from_environ(given)
            assert all(key.startswith(prefix) or key in OF_OPENTELEMETRY for key in variables)


def _example(variable: str) -> str:
    if variable.endswith(("_PROXIES", "_DAYS")):
        return "1"
    if "REDIS" in variable:
        return "rediss://:x@broker:6379/0"
    if variable.endswith(("ADMINISTRATORS", "APP_REDIRECTS", "TURN_URLS")):
        return "[]"
    services = ("PARLEY_AUTH_", "PARLEY_MEETINGS_")
    known = {f"{service}MAIL": "ses" for service in services}
    known |= {f"{service}MAIL_FROM": "parley@meet.example" for service in services}
    known["PARLEY_AUTH_SECOND_FACTOR"] = "optional"
    if variable in known or variable.endswith("_PROXIES"):
        return known.get(variable, "1")
    return "https://meet.example" if variable.endswith(("URL", "ISSUER")) else "name"


@pytest.mark.parametrize(
    ("stack", "module", "class_name", "prefix"),
    [
        ("gateway", "signaling_gateway.settings", "GatewaySettings", "PARLEY_GATEWAY_"),
        ("media", "media_fleet.settings", "Settings", "PARLEY_NODE_"),
    ],
)
def test_the_machines_settings_are_known_to_the_service(stack: str, module: str, class_name: str, prefix: str) -> None:
    kind = getattr(__import__(module, fromlist=["x"]), class_name)
    lines = re.findall(r"^ {18}([A-Z0-9_]+)=(.*)$", Path(ROOT / f"infra/{stack}.yaml").read_text(), re.MULTILINE)
    given = environment(stack, dict(lines), secret=lambda _: "p", about=lambda _: "192.0.2.7", now=lambda: 1.0)
    variables = {name.removeprefix(prefix).lower() for name in given if name.startswith(prefix)}
    assert variables <= set(kind.__struct_fields__)
    assert {field for field in kind.__struct_fields__ if field not in _with_default(kind)} <= variables


def test_gateways_alone_reach_what_nodes_stream_out() -> None:
    media = load_template(ROOT / "infra/media.yaml")["Resources"]
    rules = [each["Properties"] for each in media.values() if each["Type"] == "AWS::EC2::SecurityGroupIngress"]
    [first] = re.findall(r"PARLEY_NODE_BROADCAST_PORT=(\d+)$", (ROOT / "infra/media.yaml").read_text(), re.MULTILINE)
    ports = (int(first), int(first) + PORTS - 1)
    [rule] = [each for each in rules if (each["FromPort"], each["ToPort"]) == ports]
    assert rule["SourceSecurityGroupId"] == {"Ref": "GatewayGroupId"}
    assert "CidrIp" not in rule


def _with_default(kind: Any) -> set[str]:
    defaults = kind.__struct_defaults__
    return set(kind.__struct_fields__[len(kind.__struct_fields__) - len(defaults) :]) if defaults else set()


ALARMS = [
    (stack, name, resource)
    for stack in (
        "infra/alarms.yaml",
        "infra/objectives.yaml",
        "infra/functions/auth.yaml",
        "infra/functions/meetings.yaml",
    )
    for name, resource in load_template(ROOT / stack)["Resources"].items()
    if resource.get("Type", "").endswith(("::Alarm", "::CompositeAlarm"))
    and not str(resource["Properties"]["AlarmDescription"]).startswith("Part of ")
]
_ALARM_PAGE = (ROOT / "docs/operations/alarms.md").read_text()


@pytest.mark.parametrize(("stack", "name", "alarm"), ALARMS)
def test_an_alarm_has_a_paragraph_that_says_what_to_do(stack: str, name: str, alarm: dict[str, Any]) -> None:
    written = alarm["Properties"]["AlarmDescription"]
    anchor = re.fullmatch(r".+\. docs/operations/alarms\.md#(\w+)", written)
    assert anchor is not None, written
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", _ALARM_PAGE, re.MULTILINE)}
    assert anchor[1] in headings
    assert alarm["Properties"]["AlarmName"]["Fn::Sub"].lower().endswith(f"-{anchor[1]}")


def test_the_page_of_alarms_names_none_that_is_not_there() -> None:
    known = {resource["Properties"]["AlarmName"]["Fn::Sub"].rpartition("-")[2] for _, _, resource in ALARMS}
    assert set(re.findall(r"^### (\w+)$", _ALARM_PAGE, re.MULTILINE)) == known


def test_alarms_look_at_metrics_that_machines_tell() -> None:
    told = {*GAUGES.values(), *COUNTERS.values()}
    looked_at = set(re.findall(r"MetricName: (\w+)", (ROOT / "infra/objectives.yaml").read_text()))
    own = {
        resource["Properties"]["MetricName"]
        for _, _, resource in ALARMS
        if resource["Properties"].get("Namespace") == "Parley"
    }
    assert own <= told
    assert looked_at <= told | {"5XXError", "Count"}
    assert set(re.findall(r'"Parley", "(\w+)"', (ROOT / "infra/alarms.yaml").read_text())) <= told


def test_machines_tell_what_services_measure() -> None:
    page = (ROOT / "docs/metrics.md").read_text()
    for name in [*GAUGES, *(name for name, _ in COUNTERS)]:
        assert f"`{re.sub('_(count|bucket)$', '', name)}`" in page


def test_the_grafana_dashboard_asks_for_what_is_measured() -> None:
    dashboard = json.loads((ROOT / "infra/grafana/parley.json").read_text())
    page = (ROOT / "docs/metrics.md").read_text()
    asked = {
        re.sub("_(count|bucket|sum)$", "", name)
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"parley_\w+", target["expr"])
    }
    assert len(asked) > 20
    assert not {name for name in asked if f"`{name}`" not in page}


@pytest.mark.parametrize(("stack", "bucket"), [("data", "RecordingsBucket"), ("edge", "PageBucket")])
def test_nobody_is_let_into_a_bucket_by_accident(stack: str, bucket: str) -> None:
    properties = load_template(ROOT / f"infra/{stack}.yaml")["Resources"][bucket]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_functions_and_what_they_are_built_for_are_of_one_kind() -> None:
    for name in ("auth", "meetings"):
        config = json.loads((ROOT / "functions" / name / ".chalice/config.json").read_text())
        assert config["lambda_architecture"] == "arm64"
