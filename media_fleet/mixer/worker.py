"""A mixer's process: ``python -m media_fleet.mixer.worker``. `media_fleet.adapters.mixers` starts it.

Signals are the node's affair: a mixer ends when its input does.
"""

from __future__ import annotations

import sys

from media_fleet.mixer.mixer import Mixer
from media_fleet.mixer.protocol import Begin, to_mixer
from media_fleet.recorder.worker_process import Input, ended_well, say, step_back
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


if __name__ == "__main__":
    sys.exit(0 if ended_well(run, lambda reason: Failed(reason=reason)) else 1)
