"""The unit files are hardened, and name modules that exist; the installer does what it says in a folder of its own."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.local.settings import ROOT

MACHINE = ROOT / "infra" / "machine"
UNITS = sorted(MACHINE.glob("*.service"))
WITHOUT_ROOT = {
    "DynamicUser": "true",
    "NoNewPrivileges": "true",
    "ProtectSystem": "strict",
    "ProtectHome": "true",
    "PrivateDevices": "true",
    "RestrictNamespaces": "true",
    "SystemCallFilter": "@system-service",
}


def unit(path: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text())
    return parser["Service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_module_that_exists(path: Path) -> None:
    module = re.search(r"python -m ([\w.]+)", unit(path)["ExecStart"])
    assert module is not None
    assert importlib.util.find_spec(module[1]) is not None


@pytest.mark.parametrize("name", ["parley", "parley-gateway", "parley-media", "parley-measure@", "parley-logs@"])
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = unit(MACHINE / f"{name}.service")
    assert WITHOUT_ROOT.items() <= dict(service).items()
    wanted = "CAP_NET_BIND_SERVICE" if name == "parley-media" else ""
    assert service["CapabilityBoundingSet"] == wanted


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_whoever_is_root_may_write_nowhere(path: Path) -> None:
    service = unit(path)
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "true"


def test_every_kernel_setting_has_its_reason() -> None:
    """Settings that one reason explains stand together below it."""
    blocks = re.split(r"\n(?=#)", (MACHINE / "90-parley.conf").read_text().partition("\n\n")[2])
    settings = [line for block in blocks for line in block.splitlines() if not line.startswith("#")]
    assert len(settings) > 10
    assert all(re.fullmatch(r"net\.[a-z0-9_.]+ = \w+", line) for line in settings)
    assert blocks[0].startswith("#")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release without packages of others; beside it a Python that makes empty environments: a real one takes
    seconds."""
    folder = tmp_path / "release"
    python = tmp_path / "bin" / "python3.11"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\n[ "$2" = venv ] || exit 0\nmkdir -p "$3/bin"\nln -s /bin/true "$3/bin/pip"\n')
    python.chmod(0o755)
    (folder / "wheels").mkdir(parents=True)
    (folder / "requirements.lock").write_text("")
    (folder / "MANIFEST").write_text("one\n")
    shutil.copytree(MACHINE, folder / "infra" / "machine", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def install(release: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [release / "infra/machine/install.sh", *words],
        env={"PARLEY_INSTALL_ROOT": str(root), "PATH": f"{release.parent / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_no_release_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [MACHINE / "install.sh", "media", tmp_path],
        env={"PARLEY_INSTALL_ROOT": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is no release" in done.stderr


def test_an_update_keeps_the_settings_and_can_be_taken_back(release: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    first = install(release, root, "media", str(release))
    assert first.returncode == 0, first.stderr
    settings = root / "etc/parley/media.env"
    settings.write_text(settings.read_text() + "PARLEY_NODE_REGION=here\n")
    before = (root / "opt/parley/current").readlink()
    (release / "MANIFEST").write_text("two\n")
    assert install(release, root, "media", str(release)).returncode == 0
    after = (root / "opt/parley/current").readlink()
    assert after != before
    assert "PARLEY_NODE_REGION=here" in settings.read_text()
    assert settings.stat().st_mode & 0o777 == 0o600
    assert (root / "etc/systemd/system/parley-watch@.service").is_file()
    assert (root / "opt/parley/venv/bin/pip").exists()
    assert install(release, root, "--back").returncode == 0
    assert (root / "opt/parley/current").readlink() == before
