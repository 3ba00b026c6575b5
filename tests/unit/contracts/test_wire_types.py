"""The TypeScript types of the client are those of the contracts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_client_types_are_up_to_date() -> None:
    command = [sys.executable, "web/scripts/wire_types.py", "--check"]
    run = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
