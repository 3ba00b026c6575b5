"""What the functions' roles in infra/functions allow, by the rules of IAM's policies.

Of conditions only those are known that the templates have (``dynamodb:LeadingKeys``); anything else is an error here,
so that no policy is half understood.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infra.local.aws_server import load_template
from tests.integration.functions.lambda_events import ROOT

HTTP = "APIHandler"
"""The function that answers HTTP requests, as Chalice names it."""
_KEYS = "dynamodb:LeadingKeys"
_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "BrokerEndpoint": "broker",
    "Domain": "meet.test",
    "MailSenderArn": "sender",
    "ProvidersArn": "providers",
    "RecordingsBucketName": "recordings",
    "SealingKeysArn": "sealing-keys",
    "SigningKeysArn": "signing-keys",
    "Stage": "test",
    "TableArn": "table",
    "TableName": "table",
}
"""Templates' parameters; what has none of these is named after its parameter."""


@dataclass(frozen=True)
class Call:
    """One call of AWS as IAM sees it. ``keys``: the partition keys that it touches, of a table or an index."""

    action: str
    resource: str
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Grant:
    """One action on one resource, and the pattern of partition keys that it is for, if it is not for all."""

    action: str
    resource: str
    keys: str = "*"

    def covers(self, call: Call) -> bool:
        """Whether a call uses it."""
        return (
            fnmatchcase(call.action, self.action)
            and fnmatchcase(call.resource, self.resource)
            and (self.keys == "*" or any(fnmatchcase(key, self.keys) for key in call.keys))
        )


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. ``keys``: the patterns of its condition, None without one."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    keys: tuple[str, ...] | None

    def fits(self, call: Call) -> bool:
        """Whether it says something of a call: an allowance of all of its keys, a denial of any."""
        if not any(fnmatchcase(call.action, action) for action in self.actions):
            return False
        if not any(fnmatchcase(call.resource, resource) for resource in self.resources):
            return False
        if self.keys is None:
            return True
        known = [any(fnmatchcase(key, pattern) for pattern in self.keys) for key in call.keys]
        return all(known) if self.allows else any(known)


class Role:
    """The policies of one role."""

    def __init__(self, statements: list[Statement]) -> None:
        self._statements = statements
        self.allows = functools.cache(self._allows)

    def _allows(self, call: Call) -> bool:
        """A denial goes before every allowance; what nobody allows is denied."""
        fitting = [each.allows for each in self._statements if each.fits(call)]
        return bool(fitting) and all(fitting)

    def grants(self) -> Iterator[Grant]:
        """All that it allows, one by one. Left out is what does not exist: an index can only be asked (`Query`)."""
        for each in self._statements:
            if each.allows:
                for action in each.actions:
                    for resource in each.resources:
                        if "/index/" not in resource or action == "dynamodb:Query":
                            yield from (Grant(action, resource, keys) for keys in each.keys or ("*",))


class Template:
    """The stack of one service: its functions' roles and environments, parameters filled in. Mail is sent by SES."""

    def __init__(self, service: str) -> None:
        self._resources: dict[str, Any] = load_template(ROOT / f"infra/functions/{service}.yaml")["Resources"]

    def functions(self) -> dict[str, Mapping[str, Any]]:
        """The properties of each function, by its name in the template (``WaitingJobs``)."""
        named = {name: resource["Properties"] for name, resource in self._resources.items()}
        return {name: properties for name, properties in named.items() if "Environment" in properties}

    def environment(self) -> dict[str, str]:
        """The environment that all functions have."""
        variables = self._resources[HTTP]["Properties"]["Environment"]["Variables"]
        return {name: str(_resolved(value)) for name, value in variables.items()}

    def role(self, function: str) -> Role:
        """The role of a function, by its name in the template."""
        name = "ApiHandlerRole" if function == HTTP else f"{function}Role"
        policies = self._resources[name]["Properties"]["Policies"]
        statements = (each for policy in policies for each in policy["PolicyDocument"]["Statement"])
        return Role([_statement(each) for each in map(_resolved, statements) if each is not None])


def template_name(function: str) -> str:
    """The name in the template of a function that the code names ``waiting-jobs``."""
    return "".join(word.capitalize() for word in function.split("-"))


def _statement(written: Mapping[str, Any]) -> Statement:
    assert set(written) <= {"Effect", "Action", "Resource", "Condition"}, written
    allows = {"Allow": True, "Deny": False}[written["Effect"]]
    keys: tuple[str, ...] | None = None
    if "Condition" in written:
        [(operator, condition)] = written["Condition"].items()
        assert operator == ("ForAllValues:StringLike" if allows else "ForAnyValue:StringLike"), written
        [(name, patterns)] = condition.items()
        assert name == _KEYS, written
        keys = tuple(_listed(patterns))
    return Statement(allows, tuple(_listed(written["Action"])), tuple(_listed(written["Resource"])), keys)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _resolved(value: Any) -> Any:
    """A value of a template without intrinsic functions."""
    match value:
        case {"Ref": name}:
            found: Any = None if name == "AWS::NoValue" else _PARAMETERS.get(name, name)
        case {"Fn::Sub": text}:
            found = re.sub(r"\$\{([\w:.]+)\}", lambda place: _PARAMETERS.get(place[1], place[1]), text)
        case {"Fn::If": ["SendsMail", yes, _]}:
            found = _resolved(yes)
        case dict():
            found = {name: _resolved(each) for name, each in value.items()}
        case list():
            found = [_resolved(each) for each in value]
        case _:
            found = value
    return found
