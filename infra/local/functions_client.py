"""Reaches the Lambda hosts: which functions there are, and how to invoke them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct

from infra.local.lambda_host import FunctionsDescription, Schedule
from infra.local.ports import LOOPBACK
from infra.local.proxy_events import INTEGRATION_TIMEOUT_S, RouteTable

_RETRY_S = 0.1


class InvocationError(Exception):
    """The function could not be reached, or failed."""


class InvocationTimeoutError(InvocationError):
    """The function did not answer in time."""


class InvokeAnswer(Struct, frozen=True, kw_only=True):
    """An answer of the Invoke API, as it goes back to the caller."""

    status: int
    headers: dict[str, str]
    payload: bytes


class Functions:
    """All functions of all hosts. ``ports`` are the hosts', on the loopback interface."""

    def __init__(self, session: aiohttp.ClientSession, ports: Sequence[int]) -> None:
        self._session = session
        self._ports = ports
        self._host_of: dict[str, int] = {}
        self.discovered = asyncio.Event()
        self.routes = RouteTable()
        self.binary_types: frozenset[str] = frozenset()
        self.schedules: list[Schedule] = []

    async def discover(self) -> None:
        """Asks each host what it has; waits until it answers."""
        for port in self._ports:
            described = await self._described(port)
            for name in (described.rest_function, *described.functions):
                self._host_of[name] = port
            for resource, methods in described.routes.items():
                self.routes.add(described.rest_function, resource, methods)
            self.binary_types |= frozenset(described.binary_types)
            self.schedules += described.schedules
        self.discovered.set()

    async def _described(self, port: int) -> FunctionsDescription:
        while True:
            try:
                async with self._session.get(f"http://{LOOPBACK}:{port}/parley/functions") as answer:
                    return msgspec.json.decode(await answer.read(), type=FunctionsDescription)
            except aiohttp.ClientError:
                await asyncio.sleep(_RETRY_S)

    async def invoke(self, name: str, event: Any) -> Any:
        """Invokes a function and waits for its answer.

        Raises:
            InvocationTimeoutError, InvocationError: there is none.
        """
        answer = await self.forward(name, msgspec.json.encode(event), {})
        if answer.status != 200 or "X-Amz-Function-Error" in answer.headers:
            raise InvocationError(answer.payload.decode(errors="replace")[:2000])
        return msgspec.json.decode(answer.payload)

    async def forward(self, name: str, payload: bytes, headers: dict[str, str]) -> InvokeAnswer:
        """Passes an invocation on as it is. ``name`` must be one of a host (see `has`)."""
        url = f"http://{LOOPBACK}:{self._host_of[name]}/2015-03-31/functions/{name}/invocations"
        timeout = aiohttp.ClientTimeout(total=INTEGRATION_TIMEOUT_S)
        try:
            async with self._session.post(url, data=payload, headers=headers, timeout=timeout) as answer:
                kept = {key: value for key, value in answer.headers.items() if key.lower().startswith("x-amz")}
                return InvokeAnswer(status=answer.status, headers=kept, payload=await answer.read())
        except TimeoutError as error:
            raise InvocationTimeoutError(f"{name} did not answer within {INTEGRATION_TIMEOUT_S:.0f} s") from error
        except aiohttp.ClientError as error:
            raise InvocationError(f"{name} cannot be reached: {error}") from error

    def has(self, name: str) -> bool:
        return name in self._host_of


def scheduled_event(name: str, *, now: datetime | None = None) -> dict[str, Any]:
    """The event with which EventBridge invokes a scheduled function."""
    moment = now or datetime.now(UTC)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [f"arn:aws:events:us-east-1:123456789012:rule/{name}"],
        "detail": {},
    }
