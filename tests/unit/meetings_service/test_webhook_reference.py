"""docs/webhooks.md: its code verifies what we sign and nothing else, and it names every type of event."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from meetings_service.domain.webhook_events import TEST, EventType
from meetings_service.domain.webhooks import Secret, new_secret, rotated, signed_headers

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
BODY = '{"type":"meeting.started","data":{"meeting":{"title":"Wöchentlich"}}}'.encode()
SECRET = new_secret(bytes(range(32)))
Verifies = Callable[[str, dict[str, str], bytes], bool]


def code(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


@pytest.fixture
def by_python() -> Verifies:
    names: dict[str, Any] = {}
    exec(code("python"), names)

    def verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
        try:
            names["verify"](secret, headers, body)
        except ValueError:
            return False
        return True

    return verifies


@pytest.fixture
def by_javascript(tmp_path: Path) -> Verifies:
    node = shutil.which("node")
    assert node is not None
    program = """
const [secret, headers, body] = JSON.parse(process.argv[2]);
try { verify(secret, headers, Buffer.from(body, "base64")); console.log("yes"); }
catch (error) { if (!/too old|signature/.test(error.message)) throw error; console.log("no"); }
"""
    script = tmp_path / "verify.mjs"
    script.write_text(code("js") + program)

    def verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
        given = json.dumps([secret, headers, base64.b64encode(body).decode()])
        done = subprocess.run([node, script, given], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip() == "yes"

    return verifies


@pytest.mark.parametrize("language", ["by_python", "by_javascript"])
def test_code_of_the_page_verifies_what_is_ours_and_nothing_else(language: str, request: pytest.FixtureRequest) -> None:
    verifies: Verifies = request.getfixturevalue(language)
    now = int(time.time() * 1000)
    other = new_secret(b"x" * 32)
    headers = signed_headers("msg_1", BODY, (Secret(text=SECRET),), now=now)
    assert verifies(SECRET, headers, BODY)
    assert not verifies(other, headers, BODY)
    assert not verifies(SECRET, headers, BODY + b" ")
    assert not verifies(SECRET, headers | {"webhook-id": "msg_2"}, BODY)
    assert not verifies(SECRET, headers | {"webhook-timestamp": str(now // 1000 + 1)}, BODY)
    assert not verifies(SECRET, headers | {"webhook-timestamp": "soon"}, BODY)
    assert not verifies(SECRET, headers | {"webhook-signature": "v1,é"}, BODY)
    old = signed_headers("msg_1", BODY, (Secret(text=SECRET),), now=now - 301_000)
    assert not verifies(SECRET, old, BODY)
    both = signed_headers("msg_1", BODY, rotated((Secret(text=SECRET),), other, now=now), now=now)
    assert verifies(SECRET, both, BODY)
    assert verifies(other, both, BODY)


def test_page_names_every_type_of_event() -> None:
    named = re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", PAGE, re.MULTILINE)
    assert named == [*EventType, TEST]
