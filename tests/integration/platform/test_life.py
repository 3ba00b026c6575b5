"""How the real platform starts, survives and stops."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.platform_process import Platform, Watch

ACCOUNT = {"email": "bea@example.org", "password": "correct horse battery", "display_name": "Bea"}


def register(url: str) -> dict[str, Any]:
    answer = httpx.post(f"{url}/v1/auth/register", json=ACCOUNT, timeout=30)
    assert answer.status_code == 201
    session: dict[str, Any] = answer.json()
    return session


def make_meeting(url: str, session: dict[str, Any]) -> str:
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    answer = httpx.post(f"{url}/v1/meetings", headers=headers, json={"title": "Kept"}, timeout=30)
    return str(answer.json()["id"])


def assert_all_is_there(url: str, meeting: str) -> None:
    login = {"email": ACCOUNT["email"], "password": ACCOUNT["password"]}
    assert httpx.post(f"{url}/v1/auth/login", json=login, timeout=30).status_code == 200
    assert httpx.get(f"{url}/v1/meetings/{meeting}", timeout=30).json()["title"] == "Kept"


def test_users_and_meetings_survive_a_stop_and_a_crash(page: Path, tmp_path: Path) -> None:
    platform = Platform(data=tmp_path, web=page)
    with platform:
        session = register(platform.url)
        meeting = make_meeting(platform.url, session)
        running = Watch(platform.children())
        assert len(platform.children()) == 8
        assert platform.stop() == 0
        assert "Parley has stopped." in platform.printed
        assert running.left_after(0) == []

        platform.start()
        assert_all_is_there(platform.url, meeting)
        # The tokens of the first run are good in the second: the signing keys are the same.
        headers = {"Authorization": f"Bearer {session['access_token']}"}
        assert httpx.get(f"{platform.url}/v1/auth/me", headers=headers, timeout=30).status_code == 200
        running = Watch(platform.children())
        platform.kill()
        assert running.left_after(10) == []

        platform.start()
        assert_all_is_there(platform.url, meeting)


def test_a_service_that_dies_is_started_again(page: Path, tmp_path: Path) -> None:
    with Platform(data=tmp_path, web=page) as platform:
        gateway = platform.process_of("signaling_gateway.main")
        os.kill(gateway, signal.SIGKILL)
        platform.wait_for_line("gateway died (killed by SIGKILL)")
        platform.wait_for_line("again")
        assert httpx.get(f"http://127.0.0.1:{platform.gateway_port}/readyz", timeout=30).status_code == 200
        assert platform.stop() == 0


def test_the_local_aws_comes_back_with_all_that_it_held(page: Path, tmp_path: Path) -> None:
    with Platform(data=tmp_path, web=page) as platform:
        meeting = make_meeting(platform.url, register(platform.url))
        aws = platform.process_of("infra.local.aws_server")
        os.kill(aws, signal.SIGKILL)
        platform.wait_for_line("aws died (killed by SIGKILL)")
        platform.wait_for_line("again")
        assert_all_is_there(platform.url, meeting)


def test_a_second_platform_in_the_same_folder_is_refused(platform: Platform, page: Path) -> None:
    second = Platform(data=platform.data, web=page)
    second.spawn()
    assert second.wait() == 1
    assert f"process {platform.process.pid}" in second.wait_for_line("Parley already runs")


@pytest.mark.parametrize(
    ("which", "kind", "variable"),
    [
        ("port", socket.SOCK_STREAM, "PARLEY_PORT"),
        ("gateway_port", socket.SOCK_STREAM, "PARLEY_GATEWAY_PORT"),
        ("mailbox_port", socket.SOCK_STREAM, "PARLEY_MAILBOX_PORT"),
        ("media_port", socket.SOCK_DGRAM, "PARLEY_MEDIA_PORT"),
    ],
)
def test_a_taken_port_is_named_with_what_to_do(
    page: Path, tmp_path: Path, which: str, kind: int, variable: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        port = holder.getsockname()[1]
        platform = Platform(data=tmp_path, web=page, **{which: port})
        platform.spawn()
        assert platform.wait() == 1
    line = platform.wait_for_line(f"Port {port}/")
    assert f"(process {os.getpid()})" in line
    assert f"make run {variable}=" in line


def test_a_page_that_is_not_built_is_named(tmp_path: Path) -> None:
    platform = Platform(data=tmp_path, web=tmp_path / "nothing")
    platform.spawn()
    assert platform.wait() == 1
    assert "make build" in platform.wait_for_line("The page is not built")


def test_a_setting_that_is_not_known_is_named(page: Path, tmp_path: Path) -> None:
    platform = Platform(data=tmp_path, web=page, environ={"PARLEY_HOTS": "192.0.2.7"})
    platform.spawn()
    assert platform.wait() == 1
    platform.wait_for_line("PARLEY_HOTS: there is no such setting")


def test_a_services_bad_setting_stops_the_platform_with_its_name(page: Path, tmp_path: Path) -> None:
    platform = Platform(data=tmp_path, web=page, environ={"PARLEY_GATEWAY_GRACE_MS": "long"})
    platform.spawn()
    assert platform.wait(within_s=60) == 1
    platform.wait_for_line("PARLEY_GATEWAY_GRACE_MS")


def test_with_a_host_everything_is_https_with_a_certificate_for_it(page: Path, tmp_path: Path) -> None:
    with Platform(data=tmp_path, web=page, host="127.0.0.1") as platform:
        assert platform.url == f"https://127.0.0.1:{platform.port}"
        trust = ssl.create_default_context(cafile=str(tmp_path / "tls" / "127.0.0.1.pem"))
        with httpx.Client(base_url=platform.url, verify=trust, timeout=30) as client:
            assert client.get("/").status_code == 200
            answer = client.post("/v1/auth/register", json={**ACCOUNT, "session": "cookie"})
            assert "Secure" in answer.headers["Set-Cookie"]
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            made = client.post("/v1/meetings", headers=headers, json={"title": "Over TLS"}).json()
            join = client.post(f"/v1/meetings/{made['id']}/join", headers=headers, json={}).json()
            assert join["gateway_url"] == platform.url
            assert made["join_url"].startswith(platform.url)


def test_the_next_start_after_ctrl_c_during_a_start_works(page: Path, tmp_path: Path) -> None:
    platform = Platform(data=tmp_path, web=page)
    platform.spawn()
    platform.wait_for_line("valkey")
    running = Watch(platform.children())
    assert platform.stop() == 0
    assert running.left_after(0) == []
    with platform:
        assert httpx.get(f"{platform.url}/healthz", timeout=30).status_code == 200
