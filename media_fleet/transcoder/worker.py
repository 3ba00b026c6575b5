"""A transcoder's process: ``python -m media_fleet.transcoder.worker``. `media_fleet.adapters.transcoders` starts it.

Signals are the node's affair: a transcoder ends when its input does.
"""

from __future__ import annotations

import sys

import av
import msgspec

from media_fleet.recorder import worker_process
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.worker_process import Input, say, step_back
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
