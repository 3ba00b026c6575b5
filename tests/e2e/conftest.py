"""One real platform with an OpenID provider, and one real Chromium for all browser tests of a process; fresh people for
each."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests import chromium
from tests.doubles.trace_collector import Collector
from tests.e2e.person import PATIENCE_MS, Person
from tests.integration.functions.openid_provider import openid_provider
from tests.platform_process import ROOT, Platform, free_port

ARTEFACTS = ROOT / "artefacts" / "e2e"
CHROMIUM_ARGUMENTS = [
    # Ten pictures a second are enough to see that they go on, and leave a small machine time for four browsers.
    *chromium.arguments(pictures_per_second=10),
    # The picker of screens picks a tab that shows the meeting.
    "--auto-select-tab-capture-source-by-title=Weekly planning",
]

# Playwright gives what is expected five seconds, whatever a page's own patience is.
expect.set_options(timeout=PATIENCE_MS)

Meet = Callable[..., Person]


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """The folder of screenshots and logs, which all processes that run browser tests share."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="session")
def platform(
    tmp_path_factory: pytest.TempPathFactory, artefacts: Path, worker_id: str, collector: Collector
) -> Iterator[Platform]:
    data = tmp_path_factory.mktemp("platform")
    # Far from everybody, so that a test can have a nearer node take its meetings.
    port = free_port(socket.SOCK_STREAM)
    callback = f"http://localhost:{port}/v1/auth/providers/op/callback"
    with openid_provider([{"client_id": "parley", "client_secret": "s", "redirect_uris": [callback]}]) as issuer:
        provider = {"kind": "oidc", "id": "op", "name": "Example", "issuer": issuer, "vouches_for": ["example.org"]}
        groups = {"scopes": ["openid", "email", "profile", "groups"], "roles": {"administrator": ["admins"]}}
        providers = json.dumps([{**provider, **groups, "client_id": "parley", "client_secret": "s"}])
        # One video of a meeting is a small one: a small machine has browsers to run, too.
        film = {"PARLEY_NODE_COMPOSITE_HEIGHT": "360", "PARLEY_NODE_COMPOSITE_FRAME_RATE": "10"}
        film["PARLEY_NODE_BROADCAST_HEIGHT"] = "360"
        traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        environ = {"PARLEY_NODE_REGION": "far", "PARLEY_AUTH_PROVIDERS": providers, **film, **traces}
        with Platform(data=data, port=port, environ=environ) as running:
            yield running
    shutil.copytree(data / "logs", artefacts / "logs" / worker_id, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.EXECUTABLE, args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def person(
    browser: Browser, platform: Platform, artefacts: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Person]]:
    """Makes people. If the test fails, what each of them saw last is kept."""
    people: list[Person] = []

    def make(name: str, *, phone: bool = False) -> Person:
        people.append(Person(browser, platform.url, name, artefacts, phone=phone))
        return people[-1]

    failed_before = request.session.testsfailed
    yield make
    if request.session.testsfailed > failed_before:
        for someone in people:
            someone.screenshot(f"failed-{request.node.name}-{someone.name}")
            # Shown with the failure, where nobody can look into the artefacts.
            sys.stderr.write(f"{someone.name}: {someone.describe()}\n")
    for someone in people:
        someone.close()
    assert [error for someone in people for error in someone.errors] == []


@pytest.fixture
def boss(person: Callable[..., Person]) -> Person:
    """An administrator, by a group at the identity provider."""
    someone = person("boss")
    someone.sign_in_at_provider("boss@example.org")
    return someone
