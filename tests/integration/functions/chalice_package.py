"""`chalice package` of a function without the packages of others: those are what takes long, and need a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.functions.lambda_events import ROOT


def chalice_package(service: str, folder: Path) -> Path:
    """The folder with ``deployment.zip`` and ``sam.json``, what stands in ``infra/functions`` merged into it."""
    project = folder / "project"
    shutil.copytree(ROOT / "functions" / service, project, symlinks=False, ignore=shutil.ignore_patterns("deployments"))
    (project / "requirements.txt").write_text("")
    out = folder / "out"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    merged = ROOT / "infra" / "functions" / f"{service}.yaml"
    subprocess.run(
        [Path(sys.executable).with_name("chalice"), "package", "--stage", "prod", "--merge-template", merged, out],
        cwd=project,
        env=environ | {"AWS_DEFAULT_REGION": "eu-central-1", "PYTHONPATH": ""},
        check=True,
        capture_output=True,
        timeout=400,
    )
    subprocess.run([sys.executable, "-m", "infra.setup.as_json", out / "sam.yaml"], cwd=ROOT, check=True, timeout=200)
    return out
