"""The stacks fit together, and they are what the code and the local platform take them to be."""

from __future__ import annotations

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
    assert properties["SSESpecification"] == {"SSEEnabled": True}


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
            assert all(key.startswith(prefix) for key in variables)


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
    text = Path(ROOT / f"infra/{stack}.yaml").read_text()
    variables = set(re.findall(rf"{prefix}([A-Z_]+)=", text))
    assert {variable.lower() for variable in variables} <= set(kind.__struct_fields__)
    required = {field for field in kind.__struct_fields__ if field not in _with_default(kind)}
    assert required <= {variable.lower() for variable in variables}


def _with_default(kind: Any) -> set[str]:
    defaults = kind.__struct_defaults__
    return set(kind.__struct_fields__[len(kind.__struct_fields__) - len(defaults) :]) if defaults else set()
