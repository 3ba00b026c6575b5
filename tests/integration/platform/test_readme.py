"""What the README shows must run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.platform_process import ROOT, Platform


def test_the_example_of_the_readme_runs(platform: Platform, tmp_path: Path) -> None:
    examples: list[str] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(examples) == 1
    script = tmp_path / "example.py"
    script.write_text(examples[0].replace("http://localhost:8080", platform.url))
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert f"Send this to others: {platform.url}/m/" in run.stdout
    assert "with a token for host" in run.stdout


def test_the_client_of_the_event_reference_gets_into_a_room(platform: Platform, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "events.md").read_text(), re.DOTALL)
    account = {"email": "reader@example.test", "password": "a long enough password", "display_name": "Reader"}
    session = httpx.post(f"{platform.url}/v1/auth/register", json=account, timeout=30).json()
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    with httpx.Client(base_url=platform.url, headers=bearer, timeout=30) as host:
        meeting_id = host.post("/v1/meetings", json={"title": "By the book"}).json()["id"]
        ticket = host.post(f"/v1/meetings/{meeting_id}/join", json={}).json()
    script = tmp_path / "client.py"
    script.write_text(f"{example}\nasyncio.run(say_hello({ticket!r}, {meeting_id!r}))\n")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert "in the room as p_" in run.stdout
    assert "sent as m_" in run.stdout


def test_every_file_that_the_readme_links_to_exists() -> None:
    links: list[str] = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
