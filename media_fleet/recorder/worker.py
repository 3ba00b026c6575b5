"""A recorder's process: ``python -m media_fleet.recorder.worker``. `media_fleet.adapters.recorders` starts it.

Signals are the node's affair: a recorder ends when it is told to, or when its input does, and completes its files
first.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Protocol

import av
import msgspec

from contracts.recording_manifest import PartEnd
from media_fleet.recorder import manifest, worker_process
from media_fleet.recorder.ending import end_of
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.protocol import (
    Begin,
    Failed,
    Finish,
    Finished,
    Ready,
    ToRecorder,
    to_recorder,
)
from media_fleet.recorder.track_recorder import TrackRecorder
from media_fleet.recorder.worker_process import Input, Worker, say, step_back


class Recorder(Worker, Protocol):
    """One recording, or the part of it that one node makes. Methods raise `OSError`, `av.FFmpegError`."""

    def open(self) -> None:
        """Returns when the node has answered. Raises `RecorderError`: it does not."""

    def tell(self, message: ToRecorder) -> None:
        """Tracks and people come, go, and are muted."""

    def close(self, end: PartEnd, *, is_cut_off: bool) -> None:
        """Completes the files and the manifest, as far as it can where it is cut off."""


def run() -> None:
    """One recording from its first message to its end.

    Raises:
        RecorderError, OSError, av.FFmpegError: it cannot go on. What is written stays.
    """
    told = Input(to_recorder)
    begin = told.first(Begin, "nothing to record")
    folder = Path(begin.folder)
    folder.mkdir(parents=True)
    with manifest.held(folder):
        manifest.reserve(folder)
        _record(_recorder(begin, folder), folder, told)


def _recorder(begin: Begin, folder: Path) -> Recorder:
    step_back(is_composer=begin.composite is not None, memory_bytes=begin.memory_bytes)
    if begin.composite is None:
        return TrackRecorder(begin, folder, say)
    from media_fleet.composer.composer import Composer  # noqa: PLC0415 - a recorder of tracks needs none of it

    return Composer(begin, begin.composite, folder, say)


def _record(recorder: Recorder, folder: Path, told: Input[ToRecorder]) -> None:
    recorder.open()
    say(Ready())
    try:
        end = _work(recorder, told)
    except BaseException as error:
        manifest.spend(folder)
        with contextlib.suppress(RecorderError, OSError, av.FFmpegError):  # what came first tells more
            recorder.close(end_of(error), is_cut_off=True)
        raise
    recorder.close(end, is_cut_off=False)


def _work(recorder: Recorder, told: Input[ToRecorder]) -> PartEnd:
    """Records until the end that it is told; a node that is gone tells none."""
    for message in told.beside(recorder):
        if isinstance(message, Finish):
            return message.end
        recorder.tell(message)
    return PartEnd.FINISHED


def main() -> int:
    """The exit status: 0 if all files are complete."""
    worker_process.begin()
    try:
        run()
    except (RecorderError, OSError, av.FFmpegError, msgspec.DecodeError) as error:
        say(Failed(reason=str(error), end=end_of(error)))
        return 1
    say(Finished())
    return 0


if __name__ == "__main__":
    sys.exit(main())
