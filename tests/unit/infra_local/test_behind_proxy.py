"""Whose request it is where a reverse proxy stands before the front door."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.local.behind_proxy import told_by_proxy


@pytest.mark.parametrize(
    ("field", "remote"), [("203.0.113.9", "203.0.113.9"), ("1.2.3.4, 2001:db8::1", "2001:db8::1"), (None, "127.0.0.1")]
)
async def test_the_last_that_the_proxy_wrote_is_the_client(field: str | None, remote: str) -> None:
    async def tell(request: web.Request) -> web.Response:
        return web.json_response([request.remote, request.scheme])

    application = web.Application(middlewares=[told_by_proxy])
    application.router.add_get("/", tell)
    async with TestClient(TestServer(application)) as client:
        answer = await client.get("/", headers={"X-Forwarded-For": field} if field else {})
        assert await answer.json() == [remote, "https"]
