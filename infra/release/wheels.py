"""Which wheels a release carries: those for Linux with glibc and CPython 3.11, whatever builds it.

Servers have any 3.11 (Debian 12: 3.11.2), so that what a marker of the lock file asks for on only some of them is
carried as well. pip evaluates markers for the Python that it runs on, and not for ``--python-version``: it is handed
what is chosen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

PYTHON: Final = "3.11"
"""What Debian 12 and Amazon Linux 2023 have, and `infra/machine/install.sh` looks for."""
GLIBC_MINOR: Final = 34
"""Amazon Linux 2023 has glibc 2.34, Debian 12 has 2.36."""
_PATCHES: Final = range(100)
_OLDEST_GLIBC_MINOR: Final = 17
"""The first that has 64-bit Arm."""


class LockError(Exception):
    """The lock file has a line that is no pinned requirement with hashes."""


def machines(machine: str) -> list[dict[str, str]]:
    """The markers' variables (PEP 508) of every server that a release for ``machine`` (as ``uname -m`` says) is for."""
    same = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_version": PYTHON,
        "sys_platform": "linux",
    }
    each = (f"{PYTHON}.{patch}" for patch in _PATCHES)
    return [{**same, "implementation_version": full, "python_full_version": full} for full in each]


def carried(lock: str, machine: str) -> str:
    """The requirements of a lock file that at least one server needs, without markers, with their hashes.

    Raises:
        LockError: a line is no requirement, pins no version or has no hash.
    """
    servers = machines(machine)
    return "".join(
        f"{requirement.name}{requirement.specifier} {' '.join(hashes)}\n"
        for requirement, hashes in _requirements(lock)
        if requirement.marker is None or any(requirement.marker.evaluate(dict(server)) for server in servers)
    )


def _requirements(lock: str) -> Iterator[tuple[Requirement, list[str]]]:
    joined = re.sub(r"\\\n", " ", lock)
    for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines()):
        if not line:
            continue
        text, *hashes = re.split(r"\s+(?=--hash=)", line)
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise LockError(f"no requirement: {text}") from error
        if not hashes or [each.operator for each in requirement.specifier] != ["=="]:
            raise LockError(f"neither version nor hash is open in a lock file: {text}")
        yield requirement, hashes


def pip_platform(machine: str) -> list[str]:
    """pip's arguments for wheels of such servers: every manylinux tag (PEP 600) that their glibc is new enough for."""
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC_MINOR, _OLDEST_GLIBC_MINOR - 1, -1)]
    tags += [f"manylinux2014_{machine}", f"linux_{machine}"]
    if machine == "x86_64":
        tags += [f"manylinux_2_{minor}_{machine}" for minor in range(_OLDEST_GLIBC_MINOR - 1, 4, -1)]
        tags += [f"manylinux2010_{machine}", f"manylinux1_{machine}"]
    platforms = [word for tag in tags for word in ("--platform", tag)]
    return ["--implementation", "cp", "--python-version", PYTHON, *platforms]
