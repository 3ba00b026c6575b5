"""A broadcaster's process: ``python -m media_fleet.broadcaster.worker``. `media_fleet.adapters.broadcasters` starts it.

Signals are the node's affair: it ends when it is told to, or when its input does.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys

import av
import msgspec

from media_fleet.broadcaster.broadcaster import Broadcaster
from media_fleet.recorder import worker_process
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.protocol import (
    BeginBroadcast,
    Failed,
    FinishBroadcast,
    Finished,
    ToBroadcaster,
    to_broadcaster,
)
from media_fleet.recorder.worker_process import Input, say, step_back


def run() -> None:
    """One broadcast from its first message to its end.

    Raises:
        RecorderError, OSError, av.FFmpegError: it cannot go on.
    """
    told = Input(to_broadcaster)
    begin = told.first(BeginBroadcast, "nothing to stream out")
    step_back(is_composer=True, memory_bytes=begin.memory_bytes)
    broadcaster = Broadcaster(begin, say)
    broadcaster.open()
    try:
        finish = _work(broadcaster, told)
    except BaseException:
        with contextlib.suppress(RecorderError, OSError, av.FFmpegError):  # what came first tells more
            broadcaster.close(is_over=False)
        raise
    broadcaster.close(is_over=finish.is_over)
    broadcaster.leave(lambda seconds: _is_told_to_end(told, seconds), finish.linger_s)


def _work(broadcaster: Broadcaster, told: Input[ToBroadcaster]) -> FinishBroadcast:
    """Streams out until it is told to stop, and how. Where the node is gone, another one goes on."""
    for message in told.beside(broadcaster):
        if isinstance(message, FinishBroadcast):
            return message
        broadcaster.tell(message)
    return FinishBroadcast(is_over=False)


def _is_told_to_end(told: Input[ToBroadcaster], seconds: float) -> bool:
    """Waits so long at the most. Whether there is no reason to linger any more."""
    readable, _, _ = select.select([told.descriptor], [], [], seconds)
    if not readable:
        return False
    finish = any(isinstance(message, FinishBroadcast) for message in told.read())
    return finish or told.has_ended


def main() -> int:
    """The exit status: 0 if it has come to its end."""
    worker_process.begin()
    try:
        run()
    except (RecorderError, OSError, av.FFmpegError, msgspec.DecodeError) as error:
        say(Failed(reason=reason_of(error)))
        return 1
    say(Finished())
    return 0


def reason_of(error: Exception) -> str:
    """Why it has failed: in its own words, and no others, which may have addresses in them."""
    return str(error) if isinstance(error, RecorderError) else type(error).__name__


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # threads that wait for servers end with it
