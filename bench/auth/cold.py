"""The functions' bundles as Lambda gets them: how large they are, and what importing one costs a fresh process."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.platform_process import ROOT

_IMPORT = """
import resource
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
before = cpu()
import app
after = cpu()
import boto3
boto3.client("dynamodb")
print(after - before, cpu() - after)
"""
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")


def measure_bundle(function: str, folder: Path, *, rounds: int) -> dict[str, Any]:
    """Packs nothing: takes what `make package` has left in ``build/functions``."""
    archive = ROOT / "build" / "functions" / function / "deployment.zip"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
        parts = Counter[str]()
        for entry in packed.infolist():
            parts[entry.filename.split("/")[0]] += entry.compress_size
    runs = [_run(function, folder) for _ in range(rounds)]
    own, client = zip(*(map(float, run.split()) for run in runs), strict=True)
    return {
        "zip_bytes": archive.stat().st_size,
        "zip_largest_bytes": dict(parts.most_common(6)),
        "import_best_ms": _ms(min(own)),
        "import_median_ms": _ms(statistics.median(own)),
        "boto3_and_client_best_ms": _ms(min(client)),
        "boto3_and_client_median_ms": _ms(statistics.median(client)),
        "import_largest_ms": _largest_imports(function, folder),
    }


def _run(function: str, folder: Path, *options: str, code: str = _IMPORT) -> str:
    """A fresh process in the extracted bundle. As in Lambda, where the bundle cannot be written to, nothing compiled is
    kept; boto3 belongs to the runtime there and to this environment here."""
    stage = json.loads((ROOT / "functions" / function / ".chalice" / "config.json").read_text())["stages"]["prod"]
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **stage["environment_variables"],
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout or done.stderr


def _largest_imports(function: str, folder: Path) -> dict[str, float]:
    """The milliseconds in modules of each package, its own only; with the cost of measuring."""
    spent = Counter[str]()
    for line in _run(function, folder, "-X", "importtime", code="import app").splitlines():
        found = _LINE.match(line)
        if found:
            spent[found[4].split(".")[0]] += int(found[1])
    return {name: round(us / 1000, 1) for name, us in spent.most_common(8)}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
