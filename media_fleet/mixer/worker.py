"""A mixer's process: ``python -m media_fleet.mixer.worker``. `media_fleet.adapters.mixers` starts it.

Signals are the node's affair: a mixer ends when its input does.
"""

from __future__ import annotations

import sys

import av
import msgspec

from media_fleet.mixer.mixer import Mixer
from media_fleet.mixer.protocol import Begin, to_mixer
from media_fleet.recorder import worker_process
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.worker_process import Input, say, step_back
from media_fleet.transcoder.protocol import Failed, Ready

TICK_S = 0.005
"""A piece of the mix leaves no later than that after its time."""


def run() -> None:
    """One room from the first message to the end of the input.

    Raises:
        RecorderError, OSError, av.FFmpegError: it cannot go on.
    """
    told = Input(to_mixer)
    begin = told.first(Begin, "nothing to mix")
    step_back(is_composer=False, memory_bytes=begin.memory_bytes)
    mixer = Mixer(begin, say)
    mixer.open()
    say(Ready())
    for message in told.beside(mixer, tick_s=TICK_S):
        mixer.tell(message)
    mixer.close()


def main() -> int:
    """The exit status: 0 if it has ended since it was to."""
    worker_process.begin()
    try:
        run()
    except (RecorderError, OSError, av.FFmpegError, MemoryError, msgspec.DecodeError) as error:
        say(Failed(reason=str(error) or type(error).__name__))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
