"""AWS in this process: moto without a socket, so that a table can be looked at, set back, and cut at any write."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from moto.dynamodb.models import dynamodb_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from functions.serverless.aws import from_item
from functions.serverless.connections import Connections, Reply
from functions.serverless.dynamodb import DynamoDB
from infra.local.aws_calls import make_calls_cheap
from infra.local.aws_queries import make_queries_cheap
from infra.local.aws_transactions import make_transactions_cheap
from infra.local.aws_values import make_values_cheap
from tests.integration.functions.lambda_events import ROOT

ADDRESS = "http://aws.test"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL": ADDRESS,
}
WRITES = ("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items")
SECRET_WRITES = ("put_secret_value", "create_secret")
Request = Mapping[str, Any]
Around = Callable[[str, Request, Callable[[], Any]], Any]
"""Gets the name of a write, what it asks for, and what does it."""


class _Raw:
    """A body as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> list[bytes]:
        return [self._content]


class _Moto(Connections):
    """Has requests answered here."""

    def __init__(self) -> None:
        super().__init__(ADDRESS, connect_timeout_s=1, read_timeout_s=1)
        self._application = DomainDispatcherApplication(create_backend_app)

    def post(self, fields: dict[str, str], body: bytes) -> Reply:
        return self.send("POST", self.path, fields, body)

    def send(self, method: str, path: str, fields: Mapping[str, str], body: bytes) -> Reply:
        asked = EnvironBuilder(path=path, base_url=ADDRESS, method=method, headers=list(fields.items()), data=body)
        answer = Response.from_app(self._application, asked.get_environ())
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.get_data())

    def before_send(self, request: Any, **_: object) -> Any:
        """What botocore's event of this name gives, and wants."""
        fields = {name: value.decode() if type(value) is bytes else value for name, value in request.headers.items()}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        reply = self.send(request.method, urlsplit(request.url).path or "/", fields, body)
        headers: Any = reply.fields
        return AWSResponse(request.url, reply.status, headers, _Raw(reply.body))


class _Cut:
    """A client some of whose calls go through ``around`` first."""

    def __init__(self, client: Any, store: Store, names: tuple[str, ...]) -> None:
        self._client = client
        self._store = store
        self._names = names

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in self._names:
            return call

        def write(**request: Any) -> Any:
            around = self._store.around
            return call(**request) if around is None else around(name, request, lambda: call(**request))

        return write


class Store:
    """The table of a service, as the platform's template makes it, and its secrets. ``output``: what the template
    calls the table. ``around``: what every write goes through. This process has one at a time: a new one begins with
    an AWS that has nothing yet."""

    def __init__(self, output: str) -> None:
        moto_api_backend.reset()
        make_calls_cheap()
        make_queries_cheap()
        make_transactions_cheap()
        make_values_cheap()
        self._moto = _Moto()
        self._session = boto3.Session()
        self.table = self._created_table(output)
        boto = self._boto("dynamodb")
        credentials = self._session.get_credentials()
        assert credentials is not None
        plain = DynamoDB(boto, connections=self._moto, credentials=credentials.get_frozen_credentials)
        self.around: Around | None = None
        self.dynamodb: Any = _Cut(plain, self, WRITES)
        self.secrets: Any = _Cut(self._boto("secretsmanager"), self, SECRET_WRITES)

    def items(self) -> list[dict[str, Any]]:
        """All that the table holds, as plain values."""
        return [from_item(item.to_json()["Attributes"]) for part in self._items().values() for item in part.values()]

    def kept(self) -> Any:
        """The table as it is now, for `set_back`."""
        return copy.deepcopy(self._items())

    def set_back(self, kept: Any) -> None:
        self._items().clear()
        self._items().update(copy.deepcopy(kept))

    def _items(self) -> dict[Any, dict[Any, Any]]:
        backend = dynamodb_backends["123456789012"][ENVIRONMENT["AWS_DEFAULT_REGION"]]
        return cast("dict[Any, dict[Any, Any]]", backend.tables[self.table].items)

    def _boto(self, service: str) -> Any:
        client: Any = self._session.client(cast("Any", service))
        client.meta.events.register("before-send", self._moto.before_send)
        return client

    def _created_table(self, output: str) -> str:
        cloudformation, stack = self._boto("cloudformation"), f"cuts-{output}"
        cloudformation.create_stack(StackName=stack, TemplateBody=(ROOT / "infra" / "data.yaml").read_text())
        outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        return str(next(each["OutputValue"] for each in outputs if each["OutputKey"] == output))
