"""The platform's front door: the page, the HTTP API in front of the functions, Socket.IO, and the schedules.

``python -m infra.local.front_door`` with `FrontDoorSettings` in the environment. On a port of its own, for this machine
alone, it offers the same HTTP API and Lambda's Invoke API: what the other services talk to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import ssl
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from infra.local.behind_proxy import told_by_proxy
from infra.local.browsers import refuse_browsers
from infra.local.errors import SettingsError
from infra.local.functions_client import Functions, InvocationError, InvocationTimeoutError, scheduled_event
from infra.local.gateway_proxy import PATHS as GATEWAY_PATHS
from infra.local.gateway_proxy import GatewayProxy
from infra.local.lambda_host import function_name
from infra.local.objects import PATH as OBJECTS_PATH
from infra.local.objects import SignedObjects
from infra.local.ports import LOOPBACK
from infra.local.proxy_events import (
    MAX_PAYLOAD_BYTES,
    HttpRequest,
    MalformedAnswerError,
    RouteMatch,
    proxy_answer,
    proxy_event,
)
from infra.local.security_headers import security_headers
from infra.local.settings import read_settings
from infra.local.web_files import WebFiles
from telemetry import logs

logger = logging.getLogger("parley.front_door")
_COMPRESSED_FROM: Final = 1024
"""As ``minimum_compression_size`` in the functions' configuration."""
_TITLES: Final = {
    403: ("permission_denied", "Permission denied"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "Method not allowed"),
    413: ("payload_too_large", "Payload too large"),
    502: ("internal", "Bad gateway"),
    504: ("unavailable", "Gateway timeout"),
}


class FrontDoorSettings(Struct, frozen=True, kw_only=True):
    """``PARLEY_FRONT_DOOR_<NAME>`` for each field. The supervisor sets all of them."""

    bind_address: str
    port: int
    internal_port: int
    gateway_port: int
    aws_port: int
    aws_secret_key: Annotated[str, Meta(min_length=32)]
    """What addresses of recordings are signed with."""
    recordings_bucket: Annotated[str, Meta(min_length=1)]
    function_ports: tuple[int, ...]
    web: str
    proxied: bool = False
    """Whether a reverse proxy on this machine stands before, and says whose requests they are."""
    certificate: str = ""
    key: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> FrontDoorSettings:
        return read_settings(cls, "PARLEY_FRONT_DOOR_", environ)


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """A problem document (RFC 9457), as the functions write them."""
    code, title = _TITLES[status]
    body = {
        "type": f"https://parley.example/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": str(uuid.uuid4()),
    }
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        headers={"Cache-Control": "no-store", **(headers or {})},
        content_type="application/problem+json",
    )


class Api:
    """The HTTP API: what API Gateway is in front of the functions."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Turns a request into a proxy event and the function's answer into a response."""
        await self._functions.discovered.wait()  # at the start, services ask before the functions are up
        route = self._functions.routes.match(request.rel_url.raw_path)
        if route is None:
            return problem(404, "There is no such resource.")
        if request.method not in route.methods:
            return problem(405, "The resource has no such method.", headers={"Allow": ", ".join(sorted(route.methods))})
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return problem(413, f"The body is larger than {MAX_PAYLOAD_BYTES} bytes.")
        return await self._invoke(request, route, body)

    async def _invoke(self, request: web.Request, route: RouteMatch, body: bytes) -> web.StreamResponse:
        event = proxy_event(_http_request(request, body), route, binary_types=self._functions.binary_types)
        try:
            answer = proxy_answer(await self._functions.invoke(route.function, event))
        except InvocationTimeoutError as error:
            logger.warning("%s", error)
            return problem(504, "The service did not answer in time.")
        except (InvocationError, MalformedAnswerError):
            logger.exception("%s %s", request.method, route.resource)
            return problem(502, "The service failed.")
        response = web.Response(status=answer.status, body=answer.body)
        response.headers.popall("Content-Type", None)
        for name, value in answer.headers:
            response.headers.add(name, value)
        if len(answer.body) >= _COMPRESSED_FROM:
            response.enable_compression()
        return response

    async def invoke_api(self, request: web.Request) -> web.Response:
        """Lambda's Invoke API, for services that use an AWS client."""
        name = function_name(request.match_info["name"])
        await self._functions.discovered.wait()
        if not self._functions.has(name):
            body = msgspec.json.encode({"Type": "User", "message": f"Function not found: {name}"})
            kind = {"X-Amzn-ErrorType": "ResourceNotFoundException"}
            return web.Response(status=404, body=body, content_type="application/json", headers=kind)
        headers = {key: value for key, value in request.headers.items() if key.lower().startswith("x-amz-invocation")}
        try:
            answer = await self._functions.forward(name, await request.read(), headers)
        except InvocationError as error:
            body = msgspec.json.encode({"Type": "Service", "message": str(error)})
            kind = {"X-Amzn-ErrorType": "ServiceException"}
            return web.Response(status=500, body=body, content_type="application/json", headers=kind)
        return web.Response(
            status=answer.status, body=answer.payload, headers=answer.headers, content_type="application/json"
        )


def _http_request(request: web.Request, body: bytes) -> HttpRequest:
    return HttpRequest(
        method=request.method,
        raw_path=request.rel_url.raw_path,
        query=request.rel_url.raw_query_string,
        headers=tuple(request.headers.items()),
        body=body,
        source_ip=request.remote or "",
        scheme=request.scheme,
        port=request.url.port or 0,
        request_id=str(uuid.uuid4()),
        at_ms=int(time.time() * 1000),
    )


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


@web.middleware
async def _secured(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turns the router's own refusals into problem documents where programs ask."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status in _TITLES:
            allowed = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
            return problem(refusal.status, refusal.text or refusal.reason, headers=allowed)
        raise


async def _add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in security_headers(request.host).items():
        response.headers.setdefault(name, value)


def public_application(
    api: Api, gateway: GatewayProxy, objects: SignedObjects, files: WebFiles, *, proxied: bool = False
) -> web.Application:
    """What browsers see."""
    before = [told_by_proxy] if proxied else []
    application = web.Application(middlewares=[*before, _secured], client_max_size=MAX_PAYLOAD_BYTES)
    application.on_response_prepare.append(_add_security_headers)
    application.router.add_get("/healthz", _health)
    application.router.add_route("*", "/v1/{path:.*}", api.handle)
    application.router.add_route("*", "/.well-known/openid-configuration", api.handle)
    application.router.add_get(f"{OBJECTS_PATH}/{{path:.*}}", objects.serve)
    for path in GATEWAY_PATHS:
        application.router.add_route("*", path, gateway.forward)
    application.router.add_route("*", "/{path:.*}", files.serve)
    return application


def internal_application(api: Api) -> web.Application:
    """What the services on this machine see."""
    application = web.Application(middlewares=[refuse_browsers], client_max_size=MAX_PAYLOAD_BYTES)
    application.router.add_post("/2015-03-31/functions/{name}/invocations", api.invoke_api)
    application.router.add_route("*", "/v1/{path:.*}", api.handle)
    return application


async def run_schedule(functions: Functions, name: str, every_s: float) -> None:
    """Invokes a scheduled function now and then every ``every_s`` seconds, whatever comes of it."""
    while True:
        try:
            await functions.invoke(name, scheduled_event(name))
        except InvocationError:
            logger.exception("The scheduled function %s failed", name)
        await asyncio.sleep(every_s)


@contextlib.asynccontextmanager
async def serving(
    application: web.Application, address: str, port: int, tls: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """An application that listens, until the context ends."""
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port, ssl_context=tls, shutdown_timeout=2).start()
        yield
    finally:
        await runner.cleanup()


async def run(settings: FrontDoorSettings, stop: asyncio.Event) -> None:
    """Serves until ``stop``."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        )
        functions = Functions(session, settings.function_ports)
        api = Api(functions)
        await stack.enter_async_context(serving(internal_application(api), LOOPBACK, settings.internal_port, None))
        await functions.discover()
        gateway = GatewayProxy(session, settings.gateway_port)
        objects = SignedObjects(
            session, settings.aws_port, bucket=settings.recordings_bucket, key=settings.aws_secret_key
        )
        application = public_application(api, gateway, objects, WebFiles(Path(settings.web)), proxied=settings.proxied)
        await stack.enter_async_context(serving(application, settings.bind_address, settings.port, _tls(settings)))
        schedules = [
            asyncio.create_task(run_schedule(functions, schedule.function, schedule.every_s))
            for schedule in functions.schedules
        ]
        await stop.wait()
        for schedule in schedules:
            schedule.cancel()
        await asyncio.gather(*schedules, return_exceptions=True)


def _tls(settings: FrontDoorSettings) -> ssl.SSLContext | None:
    if not settings.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.certificate, settings.key)
    return context


async def _main(settings: FrontDoorSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(settings, stop)


def main() -> None:
    logs.configure("front door", "INFO")
    try:
        settings = FrontDoorSettings.from_environ(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    asyncio.run(_main(settings))


if __name__ == "__main__":
    main()
