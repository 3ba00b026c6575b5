"""The packet core's wheel for another kind of machine than this one, too: Rust with zig for what is C and for linking.

zig has every glibc's symbols, so that what comes out is the same wherever it is built, and runs where `GLIBC_MINOR`
says. Paths of this machine are left out for the same reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra.local.settings import ROOT
from infra.release.archive import EPOCH
from infra.release.wheels import GLIBC_MINOR, PYTHON


def build_core(machine: str, wheels: Path) -> Path:
    """Builds the wheel for ``machine`` (as ``uname -m`` says) into ``wheels``, and answers where it is.

    Raises:
        subprocess.CalledProcessError: maturin failed, and said why.
    """
    target = f"{machine}-unknown-linux-gnu"
    tools = Path(sys.executable).parent
    remapped = {ROOT: "parley", Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")): "cargo"}
    environ = {
        **os.environ,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(f"--remap-path-prefix={path}={name}" for path, name in remapped.items()),
        # Other flags than those of `make build`: apart, so that neither has the other built anew.
        "CARGO_TARGET_DIR": str(ROOT / "build/core"),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "VIRTUAL_ENV": str(tools.parent),
    }
    words = ["build", "--release", "--locked", "--quiet", "--zig", "--compatibility", f"manylinux_2_{GLIBC_MINOR}"]
    subprocess.run(  # noqa: S603
        [tools / "maturin", *words, "--interpreter", f"python{PYTHON}", "--target", target, "--out", wheels],
        cwd=ROOT / "media_fleet/packet_core",
        env=environ,
        check=True,
    )
    [wheel] = wheels.glob("parley_packet_core-*.whl")
    return wheel
