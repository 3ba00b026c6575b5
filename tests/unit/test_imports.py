"""The house rules of who may import whom (docs/architecture.md), held against the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

SHARED_BY_FUNCTIONS: Final = "functions.serverless"
SERVICES: Final = {
    "contracts": ("contracts",),
    "functions/serverless": (SHARED_BY_FUNCTIONS,),
    "functions/auth": ("auth_service", "functions.auth"),
    "functions/meetings": ("meetings_service", "functions.meetings"),
    "signaling_gateway": ("signaling_gateway",),
    "media_fleet": ("media_fleet",),
    "parley_client": ("parley_client",),
    "infra": ("infra",),
    "telemetry": ("telemetry",),
    "reference_pages": ("reference_pages",),
}
"""Each room's folder, and the names under which its modules are imported."""

MAY_ALSO_IMPORT: Final = {
    "contracts": (),
    "functions/serverless": ("contracts", "telemetry", "reference_pages"),
    "functions/auth": ("contracts", SHARED_BY_FUNCTIONS, "telemetry"),
    "functions/meetings": ("contracts", SHARED_BY_FUNCTIONS, "telemetry"),
    "signaling_gateway": ("contracts", "telemetry", "reference_pages"),
    "media_fleet": ("contracts", "telemetry"),
    "parley_client": (),
    "infra": ("contracts", SHARED_BY_FUNCTIONS, "telemetry"),
    "telemetry": (),
    "reference_pages": (),
}

DOMAINS: Final = (
    "functions/auth/auth_service/domain",
    "functions/meetings/meetings_service/domain",
    "signaling_gateway/domain",
    "media_fleet/domain",
)
PURE_LIBRARIES: Final = frozenset({"msgspec"})
"""Third-party packages without I/O that domain code and contracts may use."""
PURE_FOR_TOKENS: Final = PURE_LIBRARIES | {"jwt", "cryptography"}
IMPURE_STANDARD_MODULES: Final = frozenset(
    {
        "asyncio",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
        "uuid",
    }
)


def modules_in(folder: str) -> list[Path]:
    return sorted(
        path
        for path in (ROOT / folder).rglob("*.py")
        if not {"vendor", "target", "node_modules"} & set(path.relative_to(ROOT).parts)
    )


def imported_by(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import, those within functions and those for type checkers included."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.lineno, node.module or ""


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize("room", SERVICES)
def test_no_room_imports_another_one(room: str) -> None:
    others = [package for other, packages in SERVICES.items() if other != room for package in packages]
    allowed = MAY_ALSO_IMPORT[room]
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules_in(room)
        for line, name in imported_by(path)
        if any(is_below(name, package) for package in others) and not any(is_below(name, entry) for entry in allowed)
    ]
    assert not offences


@pytest.mark.parametrize("room", SERVICES)
def test_no_room_imports_tests_or_measurements(room: str) -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules_in(room)
        for line, name in imported_by(path)
        if is_below(name, "tests") or is_below(name, "bench")
    ]
    assert not offences


@pytest.mark.parametrize("domain", DOMAINS)
def test_domain_code_does_no_input_and_output_and_has_no_clock(domain: str) -> None:
    modules = modules_in(domain)
    assert modules, f"{domain} is gone"
    own = domain.removeprefix("functions/auth/").removeprefix("functions/meetings/").replace("/", ".")
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules
        for line, name in imported_by(path)
        if not may_be_used_by_a_domain(name, own)
    ]
    assert not offences


def may_be_used_by_a_domain(name: str, own: str) -> bool:
    service = own.removesuffix(".domain")
    if is_below(name, own) or is_below(name, "contracts"):
        return True
    if is_below(name, service) or is_below(name, "functions"):
        # A service's errors and plain values stand beside its layers; the layers around the domain do not.
        return name.rpartition(".")[2] in (
            "errors",
            "problems",
            "names",
            "ids",
            "times",
            "merge_patch",
            "mails",
            "audit",
            "cursors",
        )
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return top not in IMPURE_STANDARD_MODULES and name not in IMPURE_STANDARD_MODULES
    return top in PURE_LIBRARIES


def test_contracts_are_pure() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules_in("contracts")
        for line, name in imported_by(path)
        if (top := name.partition(".")[0]) != "contracts"
        and (top in IMPURE_STANDARD_MODULES if top in sys.stdlib_module_names else top not in PURE_FOR_TOKENS)
    ]
    assert not offences


PUBLIC_OF_AIORTC: Final = (
    "aiortc.sdp",
    "aiortc.codecs",
    "aiortc.rtcrtpparameters",
    "aiortc.rtp",
    "aiortc.mediastreams",
)


def test_the_private_names_of_aiortc_stay_behind_two_borders() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules_in("media_fleet")
        for line, name in imported_by(path)
        if is_below(name, "aiortc")
        and name != "aiortc"  # what it gives to everybody
        and path.name not in ("dtls_border.py", "sctp_border.py")
        and not any(is_below(name, public) for public in PUBLIC_OF_AIORTC)
    ]
    assert not offences


@pytest.mark.parametrize("room", [*SERVICES, "tests", "bench"])
def test_no_module_is_a_wall(room: str) -> None:
    walls = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in modules_in(room)
        if (lines := len(path.read_text().splitlines())) > 450  # "about 400": room for a last table or example
    ]
    assert not walls


def test_no_module_is_a_drawer_for_anything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    found = [str(path.relative_to(ROOT)) for room in (*SERVICES, "tests", "bench") for path in modules_in(room)]
    assert not [name for name in found if Path(name).stem in drawers]
