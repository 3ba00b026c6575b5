"""An encoder that people use to send RTMP: FFmpeg."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def pushing(film: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """FFmpeg sends a film by RTMP, again and again."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(film)]
    process = subprocess.Popen([*command, "-c", "copy", "-f", "flv", url], stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
