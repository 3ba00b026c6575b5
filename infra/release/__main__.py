"""``python -m infra.release MACHINE…``: builds ``build/release/parley-<machine>.tar.gz`` for each (``x86_64``,
``aarch64``), on a machine of either kind.

In it: the packages, ``wheels/`` with everything they need (the packet core among it), and ``requirements.lock`` with
their hashes, which `infra/machine/install.sh` installs without a network.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from infra.local.settings import ROOT
from infra.release.archive import write_archive
from infra.release.core import build_core
from infra.release.wheels import carried, pip_platform

MACHINES: Final = ("x86_64", "aarch64")
PACKAGES: Final = (
    "contracts",
    "media_fleet",
    "reference_pages",
    "signaling_gateway",
    "telemetry",
    "infra",
    "functions",
)
_IGNORED: Final = shutil.ignore_patterns("__pycache__", "*.pyc", "target", "fuzz", "packet_core", "deployments", "*.so")


def collect(folder: Path) -> None:
    """Copies the services, the page as far as it is built, and the lock file."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=_IGNORED)
    if (ROOT / "web/app/dist/index.html").is_file():
        shutil.copytree(ROOT / "web/app/dist", folder / "web/app/dist", ignore=shutil.ignore_patterns(".stamp"))
    for name in ("LICENSE", "template.yaml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements/run.lock", folder / "requirements.lock")


def add_wheels(folder: Path, machine: str) -> None:
    """Downloads the locked wheels, and builds the core's.

    Raises:
        subprocess.CalledProcessError: pip or maturin failed, and said why.
    """
    wheels, lock = folder / "wheels", folder / "requirements.lock"
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as chosen:
        chosen.write(carried(lock.read_text(), machine))
        chosen.flush()
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "download"]
        # The lock file is complete, and pip would look for dependencies of this machine.
        strict = ["--require-hashes", "--only-binary=:all:", "--no-deps"]
        subprocess.run([*pip, *strict, *pip_platform(machine), "-r", chosen.name, "-d", wheels], check=True)  # noqa: S603
    wheel = build_core(machine, wheels)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    version = wheel.name.split("-")[1]
    with lock.open("a") as written:
        written.write(f"parley-packet-core=={version} \\\n    --hash=sha256:{digest}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.release")
    parser.add_argument("machines", nargs="+", choices=MACHINES, metavar="MACHINE")
    for machine in parser.parse_args().machines:
        target = ROOT / "build/release" / f"parley-{machine}.tar.gz"
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            collect(folder)
            add_wheels(folder, machine)
            digest = write_archive(folder, target)
        sys.stdout.write(f"{target.relative_to(ROOT)}  sha256:{digest}\n")


if __name__ == "__main__":
    main()
