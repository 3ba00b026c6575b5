"""What this machine's clock says."""

from __future__ import annotations

import time


def local_ms() -> int:
    """Milliseconds since the epoch, as this machine counts them."""
    return time.time_ns() // 1_000_000
