"""Units of systemd, asked and told by systemctl."""

from __future__ import annotations

import subprocess
from typing import Final

SYSTEMCTL: Final = "/usr/bin/systemctl"


def is_active(unit: str) -> bool:
    """Whether it runs, or is just being started or ended."""
    asked = subprocess.run([SYSTEMCTL, "is-active", "--quiet", unit], check=False)  # noqa: S603
    return asked.returncode == 0


def tell(*words: str, check: bool) -> None:
    """Has something done. Raises `subprocess.CalledProcessError` with ``check``: it is not."""
    subprocess.run([SYSTEMCTL, *words], check=check)  # noqa: S603
