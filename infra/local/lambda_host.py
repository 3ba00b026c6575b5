"""Runs one Chalice application as Lambda does, and serves Lambda's Invoke API for it.

``python -m infra.local.lambda_host NAME PORT`` loads ``functions/NAME/app.py`` with the modules that its bundle would
hold (its own folder and ``vendor/``), and answers on the loopback interface:

- ``POST /2015-03-31/functions/<function>/invocations``: runs the application (its REST edge, under the application's
  name) or one of its named functions (``<application>-<function>``), as the AWS API reference of Invoke has it.
- ``GET /parley/functions``: a `FunctionsDescription`, so that the front door knows routes and schedules from the code.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct

from functions.serverless.settings import SettingsError
from infra.local.browsers import refuse_browsers
from infra.local.ports import LOOPBACK
from infra.local.settings import ROOT

MAX_EVENT_BYTES: Final = 6 * 1024 * 1024
"""The largest event of a synchronous invocation (AWS Lambda quotas)."""
_CONCURRENCY: Final = 16
_TIMEOUT_S: Final = 15
Handler = Callable[[Any, Any], Any]


class Schedule(Struct, frozen=True, kw_only=True):
    """A function that is to be invoked every ``every_s`` seconds."""

    function: str
    every_s: int


class FunctionsDescription(Struct, frozen=True, kw_only=True):
    """What an application has. ``routes``: methods by path, as API Gateway knows it (``/v1/meetings/{id}``)."""

    rest_function: str
    functions: tuple[str, ...]
    routes: dict[str, tuple[str, ...]]
    binary_types: tuple[str, ...]
    schedules: tuple[Schedule, ...]


class LambdaContext(Struct, frozen=True, kw_only=True):
    """The second argument of every handler (AWS Lambda, "context object")."""

    function_name: str
    aws_request_id: str
    invoked_function_arn: str
    deadline: float
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "1024"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


def load_application(name: str) -> Any:
    """The Chalice object of ``functions/<name>/app.py``."""
    folder = ROOT / "functions" / name
    sys.path[:] = [str(folder), str(folder / "vendor"), *(entry for entry in sys.path if not _is_root(entry))]
    return importlib.import_module("app").app


def _is_root(entry: str) -> bool:
    return Path(entry or ".").resolve() == ROOT


def describe(app: Any) -> FunctionsDescription:
    """What the application registered with Chalice."""
    named = [function.name for function in app.pure_lambda_functions]
    scheduled = [source for source in app.event_sources if hasattr(source, "schedule_expression")]
    schedules = tuple(
        Schedule(function=f"{app.app_name}-{source.name}", every_s=rate_seconds(source.schedule_expression))
        for source in scheduled
    )
    return FunctionsDescription(
        rest_function=app.app_name,
        functions=tuple(f"{app.app_name}-{name}" for name in (*named, *(source.name for source in scheduled))),
        routes={path: tuple(methods) for path, methods in app.routes.items()},
        binary_types=tuple(app.api.binary_types),
        schedules=schedules,
    )


def rate_seconds(expression: Any) -> int:
    """The period of a rate expression of EventBridge, ``rate(1 hour)``.

    Raises:
        ValueError: it is another expression.
    """
    text = expression if isinstance(expression, str) else expression.to_string()
    words = text.removeprefix("rate(").removesuffix(")").split()
    seconds = {"minute": 60, "hour": 3_600, "day": 86_400}
    if len(words) != 2 or words[1].rstrip("s") not in seconds:
        raise ValueError(f"the local platform knows rate expressions only, not {text}")
    return int(words[0]) * seconds[words[1].rstrip("s")]


def handlers_of(app: Any, described: FunctionsDescription) -> dict[str, Handler]:
    """What each function runs, by the function's name."""
    handlers: dict[str, Handler] = {described.rest_function: app}
    sources = {entry.name: entry.handler_string for entry in (*app.pure_lambda_functions, *app.event_sources)}
    module = sys.modules["app"]
    for name, handler_string in sources.items():
        handlers[f"{app.app_name}-{name}"] = getattr(module, handler_string.removeprefix("app."))
    return handlers


class Host:
    """Answers the Invoke API. Handlers run in threads, up to `_CONCURRENCY` at a time; more wait."""

    def __init__(self, handlers: Mapping[str, Handler], described: FunctionsDescription) -> None:
        self._handlers = handlers
        self._described = msgspec.json.encode(described)
        self._threads = ThreadPoolExecutor(max_workers=_CONCURRENCY, thread_name_prefix="invocation")
        self._in_background: set[asyncio.Future[Any]] = set()

    def application(self) -> web.Application:
        application = web.Application(middlewares=[refuse_browsers], client_max_size=MAX_EVENT_BYTES + 1)
        application.router.add_get("/parley/functions", self._describe)
        application.router.add_post("/2015-03-31/functions/{name}/invocations", self._invoke)
        return application

    async def _describe(self, _: web.Request) -> web.Response:
        return web.Response(body=self._described, content_type="application/json")

    async def _invoke(self, request: web.Request) -> web.Response:
        name = function_name(request.match_info["name"])
        handler = self._handlers.get(name)
        if handler is None:
            return _error(404, "ResourceNotFoundException", f"Function not found: {name}")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            message = f"Request must be smaller than {MAX_EVENT_BYTES} bytes for the InvokeFunction operation"
            return _error(413, "RequestTooLargeException", message)
        try:
            event = msgspec.json.decode(body) if body else {}
        except msgspec.DecodeError as error:
            return _error(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return web.Response(status=204)
        running = asyncio.get_running_loop().run_in_executor(
            self._threads, functools.partial(_run, handler, name, event)
        )
        if kind == "Event":
            self._in_background.add(running)
            running.add_done_callback(self._in_background.discard)
            return web.Response(status=202)
        payload, failed = await asyncio.shield(running)
        headers = {"X-Amz-Executed-Version": "$LATEST"}
        if failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return web.Response(body=payload, content_type="application/json", headers=headers)


def function_name(reference: str) -> str:
    """The name in a function reference: a name, a partial or full ARN, each with or without a qualifier."""
    if ":function:" in reference:
        reference = reference.rpartition(":function:")[2]
    return reference.partition(":")[0]


def _run(handler: Handler, name: str, event: Any) -> tuple[bytes, bool]:
    """The payload of one invocation, and whether the function failed."""
    context = LambdaContext(
        function_name=name,
        aws_request_id=str(uuid.uuid4()),
        invoked_function_arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        deadline=time.monotonic() + _TIMEOUT_S,
    )
    try:
        return msgspec.json.encode(handler(event, context)), False
    except Exception as error:  # noqa: BLE001  (whatever a function raises is its caller's answer)
        traceback.print_exc()
        failure = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": context.aws_request_id,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        return msgspec.json.encode(failure), True


def _error(status: int, kind: str, message: str) -> web.Response:
    body = msgspec.json.encode({"Type": "User", "message": message})
    headers = {"X-Amzn-ErrorType": kind}
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def main() -> None:
    name, port = sys.argv[1], int(sys.argv[2])
    os.environ.setdefault("AWS_LAMBDA_FUNCTION_NAME", f"parley-{name}")
    try:
        app = load_application(name)
    except SettingsError as error:
        sys.exit(f"parley-{name}: {error}")
    described = describe(app)
    host = Host(handlers_of(app, described), described)
    web.run_app(host.application(), host=LOOPBACK, port=port, print=None, access_log=None, shutdown_timeout=3)


if __name__ == "__main__":
    main()
