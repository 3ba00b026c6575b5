"""`chalice package`: the zip holds all of a function's own code, and runs by it; the template has all of its routes.

Third-party packages are left out here (their download is Chalice's own business); that their versions are the locked
ones is checked against the lock file.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from infra.local.aws_server import load_template
from tests.integration.functions.chalice_package import chalice_package
from tests.integration.functions.lambda_events import ROOT, load_app

SERVICES = ("auth", "meetings")
PACKAGES = {"auth": "auth_service", "meetings": "meetings_service"}
FUNCTIONS = {
    "auth": {"Appoint", "Jobs", "WaitingJobs", "RotateSigningKeys"},
    "meetings": {
        "Accounts",
        "Deliveries",
        "Facts",
        "ForgetHistories",
        "Jobs",
        "Recordings",
        "Remind",
        "RotateSigningKeys",
        "StreamKeys",
        "WaitingDeliveries",
        "WaitingJobs",
    },
}


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def packaged(service: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with ``deployment.zip`` and ``sam.json``."""
    return chalice_package(service, tmp_path_factory.mktemp("packaged"))


def sources(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def test_zip_holds_all_of_the_functions_own_code(service: str, packaged: Path) -> None:
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        names = set(archive.namelist())
    own = PACKAGES[service]
    wanted = {"app.py"}
    wanted |= {f"{own}/{name}" for name in sources(ROOT / "functions" / service / own)}
    wanted |= {f"contracts/{name}" for name in sources(ROOT / "contracts")}
    wanted |= {f"functions/serverless/{name}" for name in sources(ROOT / "functions" / "serverless")}
    wanted |= {f"reference_pages/{name}" for name in ("page.py", "page.html", "page.css", "page.js")}
    assert wanted <= names
    assert not [name for name in names if name.startswith((".chalice", "tests", "vendor"))]


def test_zip_starts_by_itself(service: str, packaged: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        archive.extractall(tmp_path)
    stage = json.loads((ROOT / "functions" / service / ".chalice" / "config.json").read_text())["stages"]["prod"]
    code = (
        "import app, json\n"
        "for name in ('openapi.json', 'reference'):\n"
        f"    context = {{'resourcePath': f'/v1/{service}/{{name}}', 'httpMethod': 'GET', 'requestId': '1'}}\n"
        "    print(json.dumps(app.app({'requestContext': context}, None)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), **stage["environment_variables"]},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    document, page = (json.loads(line) for line in done.stdout.splitlines()[-2:])
    assert (document["statusCode"], page["statusCode"]) == (200, 200)
    assert json.loads(document["body"])["openapi"] == "3.1.0"
    assert page["body"].startswith("<!doctype html>")  # what it is made of is in the zip, too


def test_template_has_every_route_and_function(service: str, packaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = json.loads((packaged / "sam.json").read_text())
    config = json.loads((ROOT / "functions" / service / ".chalice" / "config.json").read_text())
    for name, value in config["stages"]["prod"]["environment_variables"].items():
        monkeypatch.setenv(name, value)
    app = load_app(service, f"packaged_{service}").app
    api = template["Resources"]["RestAPI"]["Properties"]
    packaged_routes = {
        (method.upper(), path) for path, methods in api["DefinitionBody"]["paths"].items() for method in methods
    }
    assert packaged_routes == {(method, path) for path, methods in app.routes.items() for method in methods}
    assert api["EndpointConfiguration"] == "REGIONAL"
    kinds = {name: resource["Type"] for name, resource in template["Resources"].items()}
    functions = {name for name, kind in kinds.items() if kind == "AWS::Serverless::Function"}
    assert functions == {"APIHandler"} | FUNCTIONS[service]


def test_every_route_is_reached_through_the_edge(service: str, packaged: Path) -> None:
    edge = load_template(ROOT / "infra/edge.yaml")["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    patterns = [(entry["PathPattern"], entry["TargetOriginId"]) for entry in edge["CacheBehaviors"]]
    paths = json.loads((packaged / "sam.json").read_text())["Resources"]["RestAPI"]["Properties"]["DefinitionBody"][
        "paths"
    ]
    assert paths
    for path in paths:
        origin = next((target for pattern, target in patterns if fnmatchcase(path, pattern)), "page")
        assert origin == service, path


def test_requirements_are_the_locked_versions(service: str) -> None:
    lock = (ROOT / "requirements" / "run.lock").read_text()
    locked = {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE)}
    lines = (ROOT / "functions" / service / "requirements.txt").read_text().split()
    assert lines
    for line in lines:
        name, version = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?==([\w.]+)", line).groups()  # type: ignore[union-attr]
        assert locked[name.lower()] == version
