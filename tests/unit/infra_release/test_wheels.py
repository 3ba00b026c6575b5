"""A release carries what any server with its Python needs, whatever Python builds it."""

from __future__ import annotations

import re

import pytest
from packaging.tags import parse_tag
from packaging.version import Version

from infra.local.settings import ROOT
from infra.release.wheels import GLIBC_MINOR, PYTHON, LockError, carried, machines, pip_platform

HASH = f"--hash=sha256:{'0' * 64}"


def locked(*requirements: str) -> str:
    """A lock file as `make lock` writes it."""
    return "".join(f"{each} \\\n    {HASH} \\\n    {HASH}\n    # via somebody\n" for each in requirements)


def names(lock: str, machine: str = "x86_64") -> list[str]:
    return re.findall(r"^([\w-]+)==", carried(lock, machine), re.MULTILINE)


@pytest.mark.parametrize(
    "marker",
    [
        "python_full_version < '3.11.3'",  # Debian 12 has 3.11.2
        "python_full_version == '3.11.0'",
        "python_full_version >= '3.11.14'",
        "python_version < '3.12'",
        "implementation_name != 'PyPy'",
        "platform_machine == 'x86_64' and sys_platform == 'linux'",
    ],
)
def test_what_one_server_of_the_kind_needs_is_carried(marker: str) -> None:
    assert names(locked(f"one==1 ; {marker}", "two==2")) == ["one", "two"]


@pytest.mark.parametrize(
    "marker",
    [
        "python_full_version >= '3.12'",
        "python_full_version < '3.11'",
        "sys_platform == 'win32'",
        "platform_machine == 'aarch64'",
        "implementation_name == 'pypy'",
        "platform_system == 'Darwin'",
    ],
)
def test_what_no_server_of_the_kind_needs_stays_away(marker: str) -> None:
    assert names(locked(f"one==1 ; {marker}", "two==2")) == ["two"]


def test_a_release_for_arm_carries_what_arm_needs() -> None:
    lock = locked("arm==1 ; platform_machine == 'aarch64'", "intel==1 ; platform_machine == 'x86_64'")
    assert names(lock, "aarch64") == ["arm"]


def test_what_is_carried_has_all_of_its_hashes_and_no_marker() -> None:
    assert carried(locked("one==1.5 ; python_version < '4'"), "x86_64") == f"one==1.5 {HASH} {HASH}\n"


@pytest.mark.parametrize(
    "line", ["one>=1 --hash=sha256:00\n", "one==1\n", "one\n", "-r other.txt\n", "one==1 ; nowhere\n"]
)
def test_a_lock_file_that_leaves_something_open_is_refused(line: str) -> None:
    with pytest.raises(LockError):
        carried(line, "x86_64")


def test_every_patch_release_of_the_servers_python_is_looked_at() -> None:
    found = [Version(each["python_full_version"]) for each in machines("x86_64")]
    assert found[:3] == [Version("3.11.0"), Version("3.11.1"), Version("3.11.2")]
    assert found == sorted(found)
    assert Version("3.11.15") in found


def test_the_lock_file_itself_has_what_debian_12_asks_for() -> None:
    chosen = names((ROOT / "requirements/run.lock").read_text())
    assert "async-timeout" in chosen
    assert "pywin32" not in chosen
    assert len(chosen) == len(set(chosen))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_wheels_of_the_servers_glibc_are_asked_for_and_none_of_a_newer_one(machine: str) -> None:
    words = pip_platform(machine)
    asked = [words[place + 1] for place, word in enumerate(words) if word == "--platform"]
    assert f"manylinux_2_{GLIBC_MINOR}_{machine}" in asked
    assert f"manylinux_2_{GLIBC_MINOR + 1}_{machine}" not in asked
    assert f"manylinux2014_{machine}" in asked
    assert all(tag.platform.endswith(machine) for each in asked for tag in parse_tag(f"cp311-cp311-{each}"))


def test_the_installer_looks_for_the_releases_python() -> None:
    assert f"python=python{PYTHON}\n" in (ROOT / "infra/machine/install.sh").read_text()
