"""The browser of all tests: Chromium without a window of its own, which takes half of what the whole one takes."""

from __future__ import annotations

from typing import Final

EXECUTABLE: Final = "/usr/bin/chromium-headless-shell"


def arguments(*, pictures_per_second: int) -> list[str]:
    """Its switches. Cameras and microphones are made up, and nobody is asked for them: the shell has nobody to ask."""
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--use-fake-device-for-media-stream=fps={pictures_per_second}",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ]
