"""One server as an operator sets it up: it answers, people meet on it, it comes back, and it may do little."""

from __future__ import annotations

import base64
import json
import re
import shlex
from typing import Any

import pytest

from tests.server.conftest import HOST
from tests.server.debian import Debian

pytestmark = [pytest.mark.server, pytest.mark.timeout(1800)]

ACCOUNT = {"email": "ada@example.org", "password": "a long enough password", "display_name": "Ada"}
CERTIFICATE = f"/etc/letsencrypt/live/{HOST}/fullchain.pem"


def ask(server: Debian, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
    """The answer's JSON, asked for over HTTPS by nginx; anything but success fails."""
    words = ["curl", "--silent", "--show-error", "--fail-with-body", "--cacert", CERTIFICATE, "--request", method]
    words += ["--header", f"Authorization: Bearer {token}"] if token else []
    words += ["--json", json.dumps(body)] if body is not None else []
    return json.loads(server.run(shlex.join([*words, f"https://{HOST}{path}"])))


def wait_until_ready(server: Debian) -> None:
    """Until the health check answers; the unit has been started once for that."""
    again = "--retry 300 --retry-delay 1 --retry-all-errors"
    server.run(f"curl --silent --fail {again} --cacert {CERTIFICATE} https://{HOST}/healthz")
    assert server.run("systemctl show --property=NRestarts --value parley").strip() == "0"


@pytest.fixture(scope="module")
def token(server: Debian) -> str:
    wait_until_ready(server)
    registered = ask(server, "POST", "/v1/auth/register", ACCOUNT)
    assert registered["user"]["display_name"] == "Ada"
    return log_in(server)


def log_in(server: Debian) -> str:
    told = {"email": ACCOUNT["email"], "password": ACCOUNT["password"]}
    return str(ask(server, "POST", "/v1/auth/login", told)["access_token"])


@pytest.fixture(scope="module")
def meeting(server: Debian, token: str) -> str:
    return str(ask(server, "POST", "/v1/meetings", {"title": "On one server"}, token=token)["id"])


def stay(server: Debian, token: str, meeting: str) -> str:
    """Joins over HTTP, and stays in the room until a message has come back; what that was."""
    joined = ask(server, "POST", f"/v1/meetings/{meeting}/join", {"display_name": "Ada"}, token=token)
    assert joined["gateway_url"] == f"https://{HOST}"
    ticket = shlex.quote(json.dumps({**joined, "meeting_id": meeting}))
    python = f"SSL_CERT_FILE={CERTIFICATE} /opt/parley/venv/bin/python stay.py"
    return server.run(f"{python} <<< {ticket}")


def test_debians_own_python_runs_it(server: Debian) -> None:
    assert "3.11.2" in server.run("/opt/parley/venv/bin/python --version")


def test_health_checks_answer(server: Debian) -> None:
    wait_until_ready(server)
    assert server.run(f"curl --silent --fail --cacert {CERTIFICATE} https://{HOST}/healthz")
    assert server.run("systemctl is-active parley nginx").split() == ["active", "active"]


def test_http_leads_to_https_and_the_page(server: Debian) -> None:
    wait_until_ready(server)
    told = server.run(f"curl --silent --location --cacert {CERTIFICATE} --include http://{HOST}/")
    assert f"Location: https://{HOST}/" in told
    assert "Strict-Transport-Security: max-age=" in told
    assert "<!doctype html>" in told.lower()


def test_people_meet(server: Debian, token: str, meeting: str) -> None:
    assert "Is anybody here?" in stay(server, token, meeting)


def test_it_comes_back_after_a_reboot_with_all_that_it_had(server: Debian, token: str, meeting: str) -> None:
    boot = server.run("cat /proc/sys/kernel/random/boot_id; journalctl --list-boots --quiet | wc -l")
    server.reboot()
    wait_until_ready(server)
    assert server.run("cat /proc/sys/kernel/random/boot_id; journalctl --list-boots --quiet | wc -l") != boot
    again = log_in(server)
    assert ask(server, "GET", f"/v1/meetings/{meeting}", token=again)["title"] == "On one server"
    assert "Is anybody here?" in stay(server, again, meeting)


def test_an_update_to_the_same_release_keeps_what_was_set(server: Debian, token: str) -> None:
    before = server.run("cat /etc/parley/parley.env; readlink /opt/parley/current")
    server.run("release/infra/machine/install.sh server release")
    wait_until_ready(server)
    assert server.run("cat /etc/parley/parley.env; readlink /opt/parley/current") == before


def test_a_copy_has_the_data(server: Debian, meeting: str) -> None:
    server.run("systemctl stop parley && tar czf copy.tar.gz -C /var/lib/private parley && systemctl start parley")
    journal = server.run("tar xzOf copy.tar.gz --wildcards '*journal.jsonl'")
    bodies = [base64.b64decode(json.loads(line)["body"]) for line in journal.splitlines()]
    assert any(meeting.encode() in body for body in bodies)


def test_none_of_its_processes_is_roots_or_has_capabilities(server: Debian) -> None:
    wait_until_ready(server)
    known = server.run("grep --files-with-matches /parley.service /proc/[0-9]*/cgroup", check=False)
    processes = re.findall(r"^/proc/(\d+)/cgroup$", known, re.MULTILINE)  # others end meanwhile
    assert len(processes) > 5, server.run("systemctl status --no-pager --full parley")
    for process in processes:
        status = dict(re.findall(r"^(\w+):\s+(.*)$", server.run(f"cat /proc/{process}/status"), re.MULTILINE))
        assert "0" not in status["Uid"].split()
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("unit", ["parley.service", "parley-gateway.service", "parley-media.service"])
def test_a_units_exposure_is_low(server: Debian, unit: str) -> None:
    told = server.run(f"systemd-analyze security --no-pager --offline=true /opt/parley/current/infra/machine/{unit}")
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert score is not None, told
    assert float(score[1]) <= 2.0, told
