"""A recorder's process: ``python -m media_fleet.recorder.worker``. `media_fleet.adapters.recorders` starts it.

Signals are the node's affair: a recorder ends when it is told to, or when its input does, and completes its files
first.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import msgspec

from contracts.recording_manifest import Manifest, RecordedFile
from media_fleet.recorder import manifest
from media_fleet.recorder.manifest import held
from media_fleet.recorder.path_to_node import PathToNode, SenderReport
from media_fleet.recorder.protocol import (
    Begin,
    Failed,
    Finish,
    Finished,
    FromRecorder,
    Ready,
    ToRecorder,
    TrackBegun,
    TrackMuted,
    TrackOver,
    encoder,
    to_recorder,
)
from media_fleet.recorder.track import RecordedTrack

OPEN_S = 5.0
"""The node is on this machine: one that does not answer by then never will."""
TICK_S = 0.02
MANIFEST_AGAIN_MS = 2_000.0
NICENESS = 5
"""Packets come first."""


class RecorderError(Exception):
    """It cannot go on; the text says why."""


class Recorder:
    """One recording, or the part of it that one node makes."""

    def __init__(self, begin: Begin, folder: Path) -> None:
        self._begin = begin
        self._folder = folder
        self._path = PathToNode(begin)
        self._started_at = time.time_ns() // 1_000_000
        self._zero = time.monotonic()
        self._tracks: dict[int, RecordedTrack] = {}
        self._complete: list[RecordedFile] = []
        self._written_at = float("-inf")
        self._number = 0

    @property
    def descriptor(self) -> int:
        return self._path.socket.fileno()

    @property
    def now(self) -> float:
        """Milliseconds since the recording began."""
        return (time.monotonic() - self._zero) * 1000

    def open(self) -> None:
        """Returns when the node has answered.

        Raises:
            RecorderError: it does not.
        """
        until = time.monotonic() + OPEN_S
        while not self._path.is_open:
            if time.monotonic() > until:
                raise RecorderError("the node does not answer")
            self._path.tick()
            select.select([self.descriptor], [], [], TICK_S)
            list(self._path.receive())
        self._write_manifest(None)

    def tell(self, message: ToRecorder) -> None:
        """Tracks come, go, and are muted."""
        if isinstance(message, TrackBegun):
            self._number += 1
            self._tracks[message.ssrc] = RecordedTrack(message, self._folder, self._number, self.now)
        elif isinstance(message, TrackMuted) and message.ssrc in self._tracks:
            self._tracks[message.ssrc].set_muted(self.now, muted=message.muted)
        elif isinstance(message, TrackOver) and message.ssrc in self._tracks:
            self._complete_track(self._tracks.pop(message.ssrc))

    def work(self) -> None:
        """Writes what has come, and asks for what has not."""
        for received in self._path.receive():
            track = self._tracks.get(received.ssrc)
            if track is None:
                continue
            if isinstance(received, SenderReport):
                track.sender_report(received.ntp, received.timestamp)
            else:
                track.receive(received, self.now)
        now = self.now
        for ssrc, track in self._tracks.items():
            track.tick(now)
            if missing := track.missing(now):
                self._path.ask_for(ssrc, missing)
            if track.wants_key_frame(now):
                self._path.ask_for_key_frame(ssrc)
        self._path.tick()
        if now - self._written_at >= MANIFEST_AGAIN_MS:
            self._write_manifest(None)

    def close(self) -> None:
        """Completes the files and the manifest."""
        for track in self._tracks.values():
            self._complete_track(track)
        self._tracks.clear()
        self._path.close()
        self._write_manifest(self._started_at + round(self.now))

    def _complete_track(self, track: RecordedTrack) -> None:
        track.close()
        if track.about is not None:
            self._complete.append(track.about)

    def _write_manifest(self, ended_at: int | None) -> None:
        self._written_at = self.now
        growing = (track.about for track in self._tracks.values())
        manifest.write(
            Manifest(
                meeting_id=self._begin.meeting_id,
                recording_id=self._begin.recording_id,
                started_at=self._started_at,
                ended_at=ended_at,
                files=(*self._complete, *(about for about in growing if about is not None)),
            ),
            self._folder,
        )


class _Input:
    """Messages from standard input, without waiting for any."""

    def __init__(self) -> None:
        self.descriptor = sys.stdin.fileno()
        self._begun = b""
        self.has_ended = False

    def read(self) -> Iterator[ToRecorder]:
        """What has come. Called when there is something."""
        data = os.read(self.descriptor, 65_536)
        self.has_ended = not data
        *lines, self._begun = (self._begun + data).split(b"\n")
        return (to_recorder.decode(line) for line in lines)


def _say(message: FromRecorder) -> None:
    try:
        os.write(sys.stdout.fileno(), encoder.encode(message) + b"\n")
    except BrokenPipeError:
        return  # the node is gone, and the files matter


def run() -> None:
    """One recording from its first message to its end.

    Raises:
        RecorderError, OSError, av.FFmpegError: it cannot go on. What is written stays.
    """
    told = _Input()
    waiting: list[ToRecorder] = []
    while not waiting and not told.has_ended:
        waiting += told.read()
    begin = waiting.pop(0) if waiting else None
    if not isinstance(begin, Begin):
        raise RecorderError("nothing to record")
    folder = Path(begin.folder)
    folder.mkdir(parents=True)
    with held(folder):
        _record(Recorder(begin, folder), told, waiting)


def _record(recorder: Recorder, told: _Input, waiting: list[ToRecorder]) -> None:
    recorder.open()
    _say(Ready())
    try:
        while not told.has_ended:
            for message in waiting:
                if isinstance(message, Finish):
                    return
                recorder.tell(message)
            recorder.work()
            readable, _, _ = select.select([recorder.descriptor, told.descriptor], [], [], TICK_S)
            waiting = list(told.read()) if told.descriptor in readable else []
    finally:
        recorder.close()


def main() -> int:
    """The exit status: 0 if all files are complete."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    os.umask(0o077)  # what people say is for nobody else on this machine
    av.logging.set_level(None)
    try:
        run()
    except (RecorderError, OSError, av.FFmpegError, msgspec.DecodeError) as error:
        _say(Failed(reason=str(error)))
        return 1
    _say(Finished())
    return 0


if __name__ == "__main__":
    sys.exit(main())
