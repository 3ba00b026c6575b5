"""A transcoder's process: ``python -m media_fleet.transcoder.worker``. `media_fleet.adapters.transcoders` starts it.

Signals are the node's affair: a transcoder ends when its input does.
"""

from __future__ import annotations

import sys

from media_fleet.recorder.worker_process import Input, ended_well, say, step_back
from media_fleet.transcoder.protocol import Begin, Failed, Rate, Ready, to_transcoder
from media_fleet.transcoder.transcoder import Transcoder


def run() -> None:
    """One track from the first message to the end of the input.

    Raises:
        RecorderError, OSError, av.FFmpegError: it cannot go on.
    """
    told = Input(to_transcoder)
    begin = told.first(Begin, "nothing to transcode")
    step_back(is_composer=False, memory_bytes=begin.memory_bytes)
    transcoder = Transcoder(begin, say)
    transcoder.open()
    say(Ready())
    for message in told.beside(transcoder):
        if isinstance(message, Rate):
            transcoder.limit(message.bits_per_s)
    transcoder.close()


if __name__ == "__main__":
    sys.exit(0 if ended_well(run, lambda reason: Failed(reason=reason)) else 1)
