"""One real platform for the tests that only ask it something, and a page that stands in for the built one."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from parley_client import Ticket
from tests.doubles.trace_collector import Collector
from tests.platform_process import ROOT, Platform, free_port


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the one that Vite builds: these tests are about how it is served."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>Parley</title>")
    (folder / "meeting.html").write_text("<!doctype html><title>Parley: a meeting</title>")
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets").mkdir()
    (folder / "assets" / "index-3fA9.js").write_text("export {};")
    return folder


@pytest.fixture(scope="session")
def gateway_metrics() -> int:
    """The port where the gateway tells its metrics."""
    return free_port(socket.SOCK_STREAM)


@pytest.fixture(scope="session")
def node_metrics() -> int:
    """The port where the media node tells its metrics."""
    return free_port(socket.SOCK_STREAM)


@pytest.fixture(scope="session")
def platform(
    page: Path, gateway_metrics: int, node_metrics: int, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    environ = {
        "PARLEY_GATEWAY_METRICS_PORT": str(gateway_metrics),
        "PARLEY_NODE_METRICS_PORT": str(node_metrics),
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with Platform(data=tmp_path_factory.mktemp("data"), web=page, environ=environ) as running:
        yield running


@pytest.fixture
def tickets(platform: Platform) -> Callable[..., Awaitable[Callable[[], Awaitable[Ticket]]]]:
    """Makes a meeting of a host's own, and returns what gets her tickets for it, asked for with more ``headers``."""

    async def make(headers: Mapping[str, str] | None = None) -> Callable[[], Awaitable[Ticket]]:
        async with httpx.AsyncClient(base_url=platform.url, timeout=30) as client:
            account = {
                "email": f"host-{secrets.token_hex(4)}@example.org",
                "password": "a long enough password",
                "display_name": "Ada",
            }
            session = (await client.post("/v1/auth/register", json=account)).json()
            asked = {"Authorization": f"Bearer {session['access_token']}"}
            meeting: str = (await client.post("/v1/meetings", headers=asked, json={"title": "Hers"})).json()["id"]

        async def ticket() -> Ticket:
            async with httpx.AsyncClient(
                base_url=platform.url, timeout=30, headers=asked | dict(headers or {})
            ) as client:
                told = (await client.post(f"/v1/meetings/{meeting}/join", json={"display_name": "Ada"})).json()
            return Ticket(gateway_url=told["gateway_url"], meeting_token=told["meeting_token"], meeting_id=meeting)

        return ticket

    return make


@pytest.fixture
def client(platform: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.url, timeout=30) as client:
        yield client


@pytest.fixture
def encoder(platform: Platform, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Streams with a token until the test is over, as the DTLS client that browsers are."""
    started: list[subprocess.Popen[bytes]] = []

    def stream(token: str) -> None:
        command = [sys.executable, "-m", "tests.doubles.ffmpeg_whip", f"{platform.url.rstrip('/')}/whip", token]
        started.append(
            subprocess.Popen([*command, str(tmp_path), "whip_flags=dtls_active"], cwd=ROOT, stdin=subprocess.PIPE)
        )

    yield stream
    for process in started:
        process.kill()
        process.communicate()
