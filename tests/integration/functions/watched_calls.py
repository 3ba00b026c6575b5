"""Which function calls what of AWS, in all tests of the functions: what a role does not allow is refused as AWS would.

A function runs as long as its handler does, or the one method that its handler consists of, where a test calls that.
"""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.serverless import aws
from functions.serverless.dynamodb import DynamoDB
from functions.serverless.service import Service
from tests.integration.functions.roles import HTTP, Call, Role, Template, template_name

METHODS = {
    "auth": {"Jobs": "worker.work", "WaitingJobs": "worker.work_off", "RotateSigningKeys": "signing_keys.rotate"},
    "meetings": {
        "Facts": "consumer.take",
        "Accounts": "accounts.take",
        "StreamKeys": "streaming.open",
        "Deliveries": "postman.work",
        "Jobs": "mailing.work",
        "WaitingJobs": "mailing.work_off",
        "Remind": "reminding.remind",
        "ForgetHistories": "retention.run",
        "Recordings": "recordings_upkeep.run",
        "RotateSigningKeys": "signing_keys.rotate",
    },
}
"""What the handlers of functions consist of, where tests call it without the handler."""
_NAMES = (
    "table",
    "signing_secret",
    "sealing_secret",
    "providers_secret",
    "jobs_function",
    "accounts_function",
    "deliveries_function",
    "recordings_bucket",
)
"""The settings that name something of AWS."""
_BUCKET = "arn:aws:s3:::"
_PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
"""The operations of a transaction's parts: a transaction itself takes no permission."""


@dataclass(frozen=True)
class Function:
    """One function of one instance. ``names``: what its settings name is called so in the template."""

    service: str
    name: str
    role: Role
    names: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.service}.{self.name}"


@dataclass
class Watch:
    """What was called by whom, and what was refused, since it was last taken."""

    calls: dict[str, set[Call]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _hooked: set[int] = field(default_factory=set)

    def hooked(self, client: Any) -> Any:
        """A client of botocore's whose requests are seen, those that it only signs among them."""
        if id(client) not in self._hooked:
            self._hooked.add(id(client))
            client.meta.events.register_first("before-parameter-build", self._hook)
        return client

    def _hook(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.see(model.service_model.service_name, model.name, params)

    def take_refused(self) -> list[str]:
        """What was refused since the last time."""
        taken, self.refused = self.refused, []
        return taken

    @contextmanager
    def recorded(self) -> Iterator[dict[str, set[Call]]]:
        """The calls by function (``auth.Jobs``), for as long as it lasts."""
        before, self.calls = self.calls, {}
        try:
            yield self.calls
        finally:
            self.calls = before

    def see(self, service: str, operation: str, asked: Mapping[str, Any]) -> None:
        """Notes what the function that runs asks for.

        Raises:
            ClientError: its role does not allow it.
        """
        function = _running.get()
        if function is None:
            return
        for call in calls_of(service, operation, asked, function.names):
            self.calls.setdefault(str(function), set()).add(call)
            if not function.role.allows(call):
                self.refused.append(f"{function}: {call}")
                message = f"{function} is not authorized to perform {call.action} on {call.resource}"
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, operation)


_running: ContextVar[Function | None] = ContextVar("running", default=None)
_instances: dict[int, Function] = {}
"""The HTTP function of each application, by the application's identity; applications live as long as the tests."""


def watched(service: str, module: ModuleType) -> ModuleType:
    """An instance whose calls are seen."""
    template = Template(service)
    environment = template.environment()
    prefix = f"PARLEY_{service.upper()}_"
    named = {getattr(module.settings, name, ""): environment.get(f"{prefix}{name.upper()}", "") for name in _NAMES}
    names = {**{mine: theirs for mine, theirs in named.items() if mine}, module.settings.mail_from: "sender"}

    def function(name: str) -> Function:
        return Function(service, name, template.role(name), names)

    _instances[id(module.app)] = function(HTTP)
    for entry in (*module.app.pure_lambda_functions, *module.app.event_sources):
        handler = entry.handler_string.removeprefix("app.")
        setattr(module, handler, _running_as(function(template_name(entry.name)), getattr(module, handler)))
    for name, path in METHODS[service].items():
        part, method = path.split(".")
        owner = getattr(module, part)
        setattr(owner, method, _running_as(function(name), getattr(owner, method), unless_running=True))
    return module


def _running_as(function: Function, real: Callable[..., Any], *, unless_running: bool = False) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if unless_running and _running.get() is not None:
            return real(*arguments, **named)
        token = _running.set(function)
        try:
            return real(*arguments, **named)
        finally:
            _running.reset(token)

    return call


@contextmanager
def watching() -> Iterator[Watch]:
    """Sees what the functions of all instances that are `watched` call, through whichever client."""
    watch = Watch()
    real_call, real_client, real_signer = DynamoDB._call, aws._client, aws._s3_signer
    real_submit, real_service = ThreadPoolExecutor.submit, Service.__call__

    def call(self: DynamoDB, operation: str, request: Mapping[str, Any]) -> Any:
        watch.see("dynamodb", operation, request)
        return real_call(self, operation, request)

    def submit(self: ThreadPoolExecutor, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        return real_submit(self, contextvars.copy_context().run, work, *arguments, **named)

    def answer(self: Service, event: dict[str, Any], context: Any) -> dict[str, Any]:
        function = _instances.get(id(self))
        real: Callable[..., dict[str, Any]] = real_service.__get__(self)
        if function is None:
            return real(event, context)
        answered: dict[str, Any] = _running_as(function, real)(event, context)
        return answered

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoDB, "_call", call)
        patch.setattr(aws, "_client", lambda service: watch.hooked(real_client(service)))
        patch.setattr(aws, "_s3_signer", lambda address: watch.hooked(real_signer(address)))
        patch.setattr(ThreadPoolExecutor, "submit", submit)
        patch.setattr(Service, "__call__", answer)
        yield watch


def calls_of(service: str, operation: str, asked: Mapping[str, Any], names: Mapping[str, str]) -> list[Call]:
    """What IAM is asked for one request of a client: of a transaction, each of its parts."""

    def named(field: str) -> str:
        return names.get(asked[field], asked[field])

    if service == "dynamodb":
        return list(_calls_of_tables(operation, asked, names))
    found: list[Call] = []
    match service, operation:
        case "secretsmanager", "GetSecretValue" | "PutSecretValue":
            found = [Call(f"secretsmanager:{operation}", named("SecretId"))]
        case "secretsmanager", "CreateSecret":
            found = [Call("secretsmanager:CreateSecret", named("Name"))]
        case "lambda", "Invoke":
            arn = "arn:aws:lambda:eu-central-1:123456789012:function:"
            found = [Call("lambda:InvokeFunction", arn + named("FunctionName"))]
        case "sesv2", "SendEmail":
            # Raw mails take the permission that they take in the first version of the API.
            action = "ses:SendRawEmail" if "Raw" in asked["Content"] else "ses:SendEmail"
            found = [Call(action, named("FromEmailAddress"))]
        case "s3", "GetObject" | "HeadObject":
            found = [Call("s3:GetObject", f"{_BUCKET}{named('Bucket')}/{asked['Key']}")]
        case "s3", "ListObjectsV2":
            found = [Call("s3:ListBucket", f"{_BUCKET}{named('Bucket')}")]
        case "s3", "DeleteObjects":
            keys = [each["Key"] for each in asked["Delete"]["Objects"]]
            found = [Call("s3:DeleteObject", f"{_BUCKET}{named('Bucket')}/{key}") for key in keys]
    assert found, f"{service} {operation}: which permission does that take?"
    return found


def _calls_of_tables(operation: str, asked: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Call]:
    action = f"dynamodb:{operation}"
    match operation:
        case "TransactWriteItems":
            for kind, part in (part for each in asked["TransactItems"] for part in each.items()):
                yield from _calls_of_tables(_PARTS[kind], part, names)
        case "BatchGetItem" | "BatchWriteItem":
            for table, each in asked["RequestItems"].items():
                yield Call(action, names.get(table, table), frozenset(map(_key_of, _batch(operation, each))))
        case "Query":
            index = asked.get("IndexName")
            resource = names.get(asked["TableName"], asked["TableName"]) + (f"/index/{index}" if index else "")
            yield Call(action, resource, frozenset({_asked_key(asked, f"{index or ''}pk")}))
        case "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "ConditionCheckItem":
            place = asked["Item" if operation == "PutItem" else "Key"]
            yield Call(action, names.get(asked["TableName"], asked["TableName"]), frozenset({_key_of(place)}))
        case _:
            raise AssertionError(f"DynamoDB's {operation}: which permission does that take?")


def _batch(operation: str, asked: Any) -> list[Mapping[str, Any]]:
    if operation == "BatchGetItem":
        return list(asked["Keys"])
    return [each["PutRequest"]["Item"] if "PutRequest" in each else each["DeleteRequest"]["Key"] for each in asked]


def _key_of(item: Mapping[str, Any]) -> str:
    return str(item["pk"]["S"])


def _asked_key(asked: Mapping[str, Any], attribute: str) -> str:
    """The partition key that a query is for."""
    condition = asked["KeyConditionExpression"]
    for alias, name in asked.get("ExpressionAttributeNames", {}).items():
        condition = re.sub(rf"{alias}\b", name, condition)
    found = re.search(rf"\b{attribute}\s*=\s*(:\w+)", condition)
    assert found is not None, condition
    return str(asked["ExpressionAttributeValues"][found[1]]["S"])
