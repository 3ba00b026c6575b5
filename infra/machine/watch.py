"""``python -m infra.machine.watch UNIT URL``: ends a service that has not been healthy for a minute; systemd starts it
again.

One that is not running, as it drains or has just ended, is left alone.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Final

from infra.machine.units import is_active, tell

EVERY_S: Final = 10.0
FAILURES: Final = 6


def look(healthy: Callable[[], bool], active: Callable[[], bool], failures: int) -> int:
    """How many looks in a row have failed, after one more."""
    return 0 if healthy() or not active() else failures + 1


def main() -> None:
    unit, url = sys.argv[1:3]
    failures = 0

    def healthy() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  (this machine's own)
                return True
        except OSError:
            return False

    while True:
        time.sleep(EVERY_S)
        failures = look(healthy, lambda: is_active(unit), failures)
        if failures == FAILURES:
            tell("kill", "--signal=KILL", unit, check=False)
            failures = 0


if __name__ == "__main__":
    main()
