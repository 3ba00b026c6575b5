"""The whole of ``template.yaml``: its nested stacks in the order of what they need, translated, and created in moto.

moto's CloudFormation knows no nested stacks and not all kinds of resources. So each stack is created by itself, with
the parameters that the root gives it; what moto does not know is taken out first, and whoever refers to it sees a
made-up value. `UNKNOWN` in test_whole_template.py lists what that is.
"""

from __future__ import annotations

import base64
import importlib
import ipaddress
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from moto.cloudformation.parsing import get_model_map
from samtranslator.translator.transform import transform

from infra.local.aws_server import load_template
from infra.local.settings import ROOT

REGION = "eu-central-1"
Template = dict[str, Any]
for _service in ("logs", "secretsmanager"):  # moto's CloudFormation knows what has been imported
    importlib.import_module(f"moto.{_service}.models")
KNOWN = frozenset(get_model_map()) - {"AWS::ApiGateway::Deployment"}
"""The kinds of resources that moto's CloudFormation creates. It deploys no API that is given as a document."""


@dataclass
class Created:
    """A nested stack in moto."""

    template: Template
    """Translated; all of it."""
    parameters: dict[str, str]
    outputs: dict[str, str]
    physical_ids: dict[str, str] = field(default_factory=dict)
    """Of the resources that moto made, by their names in the template."""

    def known(self) -> Iterator[tuple[str, Template]]:
        for name, resource in self.template["Resources"].items():
            if resource["Type"] in KNOWN and name in self.physical_ids:
                yield name, resource


def references(document: Any) -> Iterator[str]:
    """What a template's value refers to: names of resources and parameters, with ``.Attribute`` where it has one."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value if isinstance(value, str) else ".".join(value)
            elif key == "Fn::Sub":
                text, names = (value, {}) if isinstance(value, str) else value
                yield from (name for name in re.findall(r"\$\{([^!}][^}]*)\}", text) if name not in names)
                yield from references(names)
            else:
                yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


def in_order(template: Template) -> list[str]:
    """The root's resources, those that others need first.

    Raises:
        ValueError: they need each other.
    """
    resources = template["Resources"]
    waiting = {
        name: {each.partition(".")[0] for each in references(resource)} & set(resources) | set(_depends(resource))
        for name, resource in resources.items()
    }
    ordered: list[str] = []
    while waiting:
        ready = [name for name, needed in waiting.items() if needed <= set(ordered)]
        if not ready:
            raise ValueError(f"a circle: {waiting}")
        ordered += ready
        waiting = {name: needed for name, needed in waiting.items() if name not in ready}
    return ordered


def _depends(resource: Template) -> list[str]:
    named = resource.get("DependsOn", [])
    return [named] if isinstance(named, str) else named


def translated(template: Template, code: Mapping[str, str]) -> Template:
    """What CloudFormation makes of a SAM template; others stay as they are. ``code``: where the function's zip is."""
    if "Transform" not in template:
        return template
    document = json.loads(json.dumps(template))
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = dict(code)
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    result: Template = transform(document, {}, _NoManagedPolicies())
    return result


class _NoManagedPolicies:
    """The translator asks for AWS's managed policies; roles here name their own."""

    def load(self) -> dict[str, str]:
        return {}


class Values:
    """Works out intrinsic functions from what names are known to be."""

    def __init__(self, known: Mapping[str, Any], conditions: Mapping[str, Any], mappings: Mapping[str, Any]) -> None:
        self._known = {**known, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::AccountId": "123456789012"}
        self._known |= {"AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": None, "AWS::StackName": "parley"}
        self._conditions = conditions
        self._mappings = mappings

    def of(self, document: Any) -> Any:
        if isinstance(document, list):
            return [value for value in map(self.of, document) if value is not None]
        if not isinstance(document, dict):
            return document
        if len(document) == 1:
            [(name, argument)] = document.items()
            if name == "Ref" or name.startswith("Fn::") or name == "Condition":
                return self._function(name.removeprefix("Fn::"), argument)
        worked = {key: self.of(value) for key, value in document.items()}
        return {key: value for key, value in worked.items() if value is not None}

    def _function(self, name: str, argument: Any) -> Any:  # noqa: C901, PLR0911  (one line for each)
        match name:
            case "Ref":
                return self._known[argument]
            case "GetAtt":
                return self._known[argument if isinstance(argument, str) else ".".join(argument)]
            case "If":
                condition, yes, no = argument
                return self.of(yes if self.holds(condition) else no)
            case "Condition":
                return self.holds(argument)
            case "Sub":
                return self._substituted(argument)
            case "FindInMap":
                of_map, first, second = self.of(argument)
                return self._mappings[of_map][first][second]
            case "Equals":
                left, right = self.of(argument)
                return str(left) == str(right)
            case "Not":
                return not self.of(argument)[0]
            case "And":
                return all(self.of(argument))
            case "Or":
                return any(self.of(argument))
            case _:
                return self._text(name, self.of(argument))

    def _text(self, name: str, argument: Any) -> Any:
        match name:
            case "Join":
                return argument[0].join(map(str, argument[1]))
            case "Select":
                return argument[1][int(argument[0])]
            case "Split":
                return argument[1].split(argument[0])
            case "GetAZs":
                return [f"{REGION}{letter}" for letter in "abc"]
            case "Base64":
                return base64.b64encode(argument.encode()).decode()
            case "Cidr":
                block, count, bits = argument
                network = ipaddress.ip_network(block)
                subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
                return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]
            case _:
                raise KeyError(f"Fn::{name}")

    def holds(self, condition: str) -> bool:
        return bool(self.of(self._conditions[condition]))

    def _substituted(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        names = {name: self.of(value) for name, value in own.items()}
        return re.sub(
            r"\$\{([^!}][^}]*)\}", lambda found: str(names.get(found[1], self._known.get(found[1]))), text
        ).replace("${!", "${")


class Platform:
    """Creates the root's stacks in the moto that is active."""

    def __init__(self, parameters: Mapping[str, str], generated: Mapping[str, Path], code: Mapping[str, str]) -> None:
        """``generated``: the folders with the functions' own stacks (`chalice package`), by the service's name."""
        self.root = load_template(ROOT / "template.yaml")
        self._generated = generated
        self._code = code
        given = {name: each.get("Default") for name, each in self.root["Parameters"].items()} | dict(parameters)
        self._known: dict[str, Any] = dict(given)
        self.stacks: dict[str, Created] = {}

    def _values(self) -> Values:
        return Values(self._known, self.root.get("Conditions", {}), self.root.get("Mappings", {}))

    def template_of(self, url: str) -> Template:
        generated = re.fullmatch(r"build/functions/(\w+)/sam\.json", url)
        if generated is None:
            return load_template(ROOT / url)
        template: Template = json.loads((self._generated[generated[1]] / "sam.json").read_text())
        return translated(template, self._code)

    def create(self) -> None:
        for name in in_order(self.root):
            resource = self.root["Resources"][name]
            if "Condition" in resource and not self._values().holds(resource["Condition"]):
                continue
            properties = resource["Properties"]
            created = create_stack(
                f"parley-{name.lower()}", self.template_of(properties["TemplateURL"]), self._values().of(properties)
            )
            self.stacks[name] = created
            self._known |= {f"{name}.Outputs.{output}": value for output, value in created.outputs.items()}

    def outputs(self) -> dict[str, str]:
        return {
            name: self._values().of(output["Value"])
            for name, output in self.root["Outputs"].items()
            if "Condition" not in output or self._values().holds(output["Condition"])
        }


def create_stack(name: str, template: Template, nested: Template) -> Created:
    """One stack, with what moto knows of it.

    Raises:
        AssertionError: moto did not take it whole.
    """
    given = {key: _as_text(value) for key, value in nested.get("Parameters", {}).items()}
    declared = template.get("Parameters", {})
    parameters = {key: given.get(key, _as_text(each.get("Default", ""))) for key, each in declared.items()}
    # Images are looked up in SSM by CloudFormation; moto has an image of its own for all.
    parameters |= {key: "ami-03cf127a" for key, each in declared.items() if each["Type"].startswith("AWS::SSM::")}
    reduced = _known_part(template, parameters)
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(reduced), Capabilities=["CAPABILITY_IAM"])
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE", (name, stack["StackStatus"])
    made = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    ids = {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in made}
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    return Created(template, parameters, outputs, ids)


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _known_part(template: Template, parameters: Mapping[str, str]) -> Template:
    """The template with all values worked out but those that refer to resources which moto makes."""
    lists = {key for key, each in template.get("Parameters", {}).items() if "List" in each["Type"]}
    resources = template["Resources"]
    known: dict[str, Any] = {key: value.split(",") if key in lists else value for key, value in parameters.items()}
    values = _Partly(known, template.get("Conditions", {}), template.get("Mappings", {}))
    kept = {
        name: resource
        for name, resource in resources.items()
        if resource["Type"] in KNOWN and ("Condition" not in resource or values.holds(resource["Condition"]))
    }
    values.made = frozenset(kept)
    values.aliases = {
        name: resource["Properties"]["FunctionName"]["Ref"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Alias"
    }
    reduced = {
        name: {
            "Type": resource["Type"],
            "Properties": values.of(resource.get("Properties", {})),
            "DependsOn": [each for each in _depends(resource) if each in kept],
        }
        for name, resource in kept.items()
    }
    for resource in reduced.values():
        if resource["Type"] == "AWS::ApiGateway::RestApi":  # AWS takes the name from the document
            resource["Properties"].setdefault("Name", resource["Properties"]["Body"]["info"]["title"])
    outputs = {
        name: {"Value": values.of(output["Value"])}
        for name, output in template.get("Outputs", {}).items()
        if "Condition" not in output or values.holds(output["Condition"])
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": reduced, "Outputs": outputs}


class _Partly(Values):
    """Leaves to moto what refers to a resource that it makes."""

    made: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = {}
    """moto knows functions, and not their aliases."""
    # What moto does not tell of what it makes.
    _UNTOLD: Mapping[str, Any] = {
        "Vpc.Ipv6CidrBlocks": ["2001:db8:1234:1a00::/56"],
        "LoadBalancer.CanonicalHostedZoneID": "Z215JYRZR1TBD5",
        "LoadBalancer.LoadBalancerFullName": "app/parley/50dc6c495c0c9188",
        "Targets.TargetGroupFullName": "targetgroup/parley/73e2d6bc24d8a067",
    }

    def _function(self, name: str, argument: Any) -> Any:
        if name in ("Ref", "GetAtt"):
            text = argument if isinstance(argument, str) else ".".join(argument)
            if text in self._UNTOLD:
                return self._UNTOLD[text]
            text = self.aliases.get(text, text)
            if text.partition(".")[0] in self.made:
                return {"Ref": text} if name == "Ref" else {"Fn::GetAtt": text.split(".", 1)}
            if text not in self._known:
                return _made_up(text)
        return super()._function(name, argument)

    def _substituted(self, argument: Any) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        inner = {name: self.of(value) for name, value in own.items()}
        parts: list[Any] = []
        for part in re.split(r"(\$\{[^}]+\})", text):
            name = part[2:-1] if part.startswith("${") else ""
            if name.startswith("!"):
                parts.append("${" + name[1:] + "}")
            elif name:
                parts.append(inner[name] if name in inner else self.of({"Fn::GetAtt" if "." in name else "Ref": name}))
            else:
                parts.append(part)
        if any(isinstance(part, dict) for part in parts):
            return {"Fn::Join": ["", [part for part in parts if part != ""]]}
        return "".join(map(str, parts))

    def _text(self, name: str, argument: Any) -> Any:
        if name in ("Join", "Select", "Split") and any("made" for _ in references(argument)):
            return {f"Fn::{name}": argument}
        return super()._text(name, argument)


def _made_up(reference: str) -> str:
    if reference.endswith(("Arn", "Password", "Secret", "Keys", "Providers", "ARN")):
        return f"arn:aws:made-up:{REGION}:123456789012:{reference}"
    return f"made-up-{reference.replace('.', '-').lower()}"
