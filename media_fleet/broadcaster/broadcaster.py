"""A broadcast: the meeting is composed and encoded once, and goes to those who watch by HLS and to servers by RTMP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path

from media_fleet.broadcaster.cutting import SEGMENT_S, Cut, Cutter, Grid
from media_fleet.broadcaster.encoding import EncodedPacket, Encoding, peak_bits
from media_fleet.broadcaster.loop_thread import LoopThread
from media_fleet.broadcaster.origin import Origin
from media_fleet.broadcaster.playlist import Names, Window, multivariant
from media_fleet.broadcaster.shelf import Shelf
from media_fleet.broadcaster.target import Targets
from media_fleet.composer.drawing import Drawing
from media_fleet.composer.lettering import Lettering
from media_fleet.composer.live import LiveComposition, Reports
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.protocol import (
    BeginBroadcast,
    BroadcastOrdered,
    BroadcastReady,
    FromBroadcaster,
    PacketsDropped,
    TargetsChanged,
    ToBroadcaster,
)

MOST_BEHIND_MS = 15_000.0
"""What is so late is not live any more."""


class Hls:
    """What is encoded, cut into parts and put on the shelf, which another thread has."""

    def __init__(self, grid: Grid, shelf: Shelf, network: LoopThread) -> None:
        self._cutter = Cutter(grid)
        self._shelf = shelf
        self._network = network

    def take(self, packet: EncodedPacket) -> None:
        """See `media_fleet.broadcaster.encoding.PacketTaker`."""
        if packet.is_picture:
            self._put(self._cutter.picture(packet.data, packet.at, is_key=packet.is_key))
        else:
            self._cutter.sound(packet.data, packet.at, packet.duration)

    def end(self) -> None:
        """Nothing follows."""
        self._put(self._cutter.end())
        self._network.call(self._shelf.end)

    def _put(self, cut: Cut | None) -> None:
        if cut is not None:
            self._network.call(lambda: self._shelf.put(cut))


class Broadcaster:
    """One broadcast, or what one process makes of it."""

    def __init__(self, begin: BeginBroadcast, say: Callable[[FromBroadcaster], None]) -> None:
        """Raises `OSError`: the font cannot be read. `av.FFmpegError`: there is no encoder."""
        self._begin = begin
        self._say = say
        self._network = LoopThread()
        order = begin.composite
        self._drawing = Drawing(order, Lettering(None if order.font is None else Path(order.font)))
        self._encoding = Encoding(order)
        self._live = LiveComposition(begin, order, self._encoding, self._drawing)
        self._reports = Reports(self._live, say)
        self._targets = Targets(
            self._encoding.parameters,
            self._network,
            may_reach_any=begin.may_reach_any,
            changed=lambda states: say(TargetsChanged(targets=states)),
        )
        self._dropped_told = 0
        self._hls: Hls | None = None
        self._origin: Origin | None = None
        if begin.origin is not None:
            shelf = self._shelf()
            self._hls = Hls(Grid(order.frame_rate), shelf, self._network)
            self._origin = Origin(begin.origin, shelf, self._network)
        self._encoding.takers = (self._targets,) if self._hls is None else (self._hls, self._targets)

    def _shelf(self) -> Shelf:
        order, started_at = self._begin.composite, self._live.intake.started_at
        names, grid = Names(secrets.token_hex(4)), Grid(order.frame_rate)
        window = Window(
            names,
            first=first_number(started_at, self._begin.run),
            segment_s=SEGMENT_S,
            part_s=grid.part_s,
            is_continuation=self._begin.run > 0,
        )
        index = multivariant(
            codecs=self._encoding.codecs,
            width=order.width,
            height=order.height,
            frame_rate=order.frame_rate,
            bits=peak_bits(order.height),
        )
        picture_ms = 1000 / order.frame_rate
        return Shelf(window, names, index=index, init=self._encoding.init, started_at=started_at, picture_ms=picture_ms)

    @property
    def descriptor(self) -> int:
        """Of the socket on which packets come."""
        return self._live.intake.descriptor

    def open(self) -> None:
        """Returns when the node has answered, and HLS is served. Raises `RecorderError`: one of them fails."""
        self._live.open()
        port = None if self._origin is None else self._origin.open()
        self._say(BroadcastReady(port=port))
        self._targets.are(self._begin.targets)
        self._live.thread.start()

    def tell(self, message: ToBroadcaster) -> None:
        """Tracks and people come, go, and are muted; what the broadcast is to be like changes."""
        if isinstance(message, BroadcastOrdered):
            self._live.happens(lambda _: self._drawing.lay_out(message.layout))
            self._targets.are(message.targets)
        else:
            self._live.tell(message)

    def work(self) -> None:
        """Takes what has come, and asks for what has not. Raises what stopped the composition, `RecorderError` where it
        is too far behind: another broadcaster begins where the meeting is."""
        self._live.work()
        if self._live.composition.behind(self._live.intake.now) > MOST_BEHIND_MS:
            raise RecorderError("composing is slower than the meeting")
        if self._reports.is_due:
            self._report()

    def close(self, *, is_over: bool) -> None:
        """Composes no more. Playlists go on being served. Raises what stopped the composition.

        ``is_over``: they say that this was all; who is told that asks for nothing more, though another broadcaster may
        go on.
        """
        self._live.close(with_rest=False)
        if self._hls is not None and is_over:
            self._hls.end()
        self._report()
        self._targets.close()
        if self._live.error is not None:
            raise self._live.error

    def leave(self, until: Callable[[float], bool], linger_s: float) -> None:
        """Serves playlists for a while yet. ``until`` waits so many seconds, and tells whether it is to end now."""
        end = time.monotonic() + linger_s
        while self._origin is not None and (left := end - time.monotonic()) > 0:
            if until(left):
                break
        if self._origin is not None:
            self._origin.close()
        self._network.close()

    def _report(self) -> None:
        self._reports.report(pictures=self._encoding.pictures, composed_ms=self._encoding.duration_ms)
        dropped = self._targets.dropped
        if dropped > self._dropped_told:
            self._say(PacketsDropped(packets=dropped - self._dropped_told))
            self._dropped_told = dropped


def first_number(started_at: int, run: int) -> int:
    """The media sequence number at which a broadcaster begins that was started at a time (ms since the epoch).

    Segments are two seconds, and numbers count these since the epoch: they go on wherever another broadcaster does.
    ``run``: how many have come before it, one of which may have begun a little early.
    """
    return -(-started_at // (SEGMENT_S * 1000)) + run
