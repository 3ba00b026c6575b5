"""One room's sound on its way through a mixer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from aiortc.rtp import RtpPacket

from media_fleet.composer.mixing import RATE
from media_fleet.mixer.heard import HeardVoice
from media_fleet.mixer.mix import PIECE, Mix
from media_fleet.mixer.outlets import Outlets
from media_fleet.mixer.protocol import Begin, FromMixer, ListenerBegun, ListenerOver, Progress, ToMixer
from media_fleet.recorder.path_to_node import PathToNode
from media_fleet.recorder.protocol import TrackBegun, TrackOver
from media_fleet.transcoder.pictures import Payload
from media_fleet.transcoder.stream import Stream

_PIECE_MS = 1000 * PIECE / RATE
_REPORT_MS = 1_000.0
MOST_BEHIND_MS = 200.0
"""A mixer that is later than this, since its machine had no time for it, leaves out what lies before."""


class Mixer:
    """Times are milliseconds since it began."""

    def __init__(self, begin: Begin, say: Callable[[FromMixer], None]) -> None:
        self._path = PathToNode(begin)
        self._payload_type, self._redundant = begin.payload_type, begin.red_payload_type
        self._say = say
        self._zero = time.monotonic()
        self._mix = Mix()
        self._outlets = Outlets()
        self._voices: dict[int, HeardVoice] = {}
        self._streams: dict[int, Stream] = {}
        self._first = random.getrandbits(32)
        """The timestamp of the clock's beginning, in all streams."""
        self._mixed = 0
        """Samples."""
        self._skipped = self._late = 0
        self._reported_at = 0.0
        self._reported = Progress(encoded_ms=0, skipped_ms=0, late=0, busy_ms=0.0)

    @property
    def descriptor(self) -> int:
        """Of the socket on which packets come."""
        return self._path.socket.fileno()

    @property
    def _now(self) -> float:
        return (time.monotonic() - self._zero) * 1000

    def open(self) -> None:
        """Returns when the node has answered. Raises `RecorderError`: it does not."""
        self._path.open()

    def tell(self, message: ToMixer) -> None:
        """Voices and listeners come and go."""
        if isinstance(message, TrackBegun):
            self._voices[message.ssrc] = HeardVoice(message, self._redundant)
            self._mix.add(message.ssrc, message.participant_id, message.source)
        elif isinstance(message, TrackOver):
            self._voices.pop(message.ssrc, None)
            self._mix.remove(message.ssrc)
        elif isinstance(message, ListenerBegun):
            self._streams[message.ssrc] = Stream(self._path, ssrc=message.ssrc, payload_type=self._payload_type)
            self._outlets.add(message.ssrc, message.without)
        elif isinstance(message, ListenerOver):
            self._outlets.remove(message.ssrc)
            self._streams.pop(message.ssrc, None)

    def work(self) -> None:
        """Takes what has come, and sends what is due."""
        for received in self._path.receive():
            if isinstance(received, RtpPacket) and (voice := self._voices.get(received.ssrc)) is not None:
                self._put(received.ssrc, voice, received)
        now = self._now
        for ssrc, voice in self._voices.items():
            self._put(ssrc, voice, None)
        self._catch_up(now)
        while self._mixed * 1000 / RATE + _PIECE_MS <= now:
            self._send()
        self._path.tick()
        if now - self._reported_at >= _REPORT_MS:
            self._report(now)

    def close(self) -> None:
        """Nothing comes any more."""
        self._path.close()

    def _put(self, ssrc: int, voice: HeardVoice, packet: RtpPacket | None) -> None:
        now = self._now
        for place, sound in voice.due(now) if packet is None else voice.take(packet, now):
            self._late += place + sound.shape[1] <= self._mixed
            self._mix.put(ssrc, place, sound)

    def _catch_up(self, now: float) -> None:
        behind = int((now - self._mixed * 1000 / RATE - MOST_BEHIND_MS) // _PIECE_MS)
        for _ in range(behind):
            self._mix.piece(self._mixed)
            self._mixed += PIECE
            self._skipped += PIECE

    def _send(self) -> None:
        timestamp = (self._first + self._mixed) & 0xFFFFFFFF
        for packet in self._outlets.put(self._mix.piece(self._mixed)):
            payload = Payload(timestamp=timestamp, data=packet.data, marker=packet.begins)
            self._streams[packet.key].send(payload)
        self._mixed += PIECE

    def _report(self, now: float) -> None:
        total = Progress(
            encoded_ms=round(self._outlets.encoded * _PIECE_MS),
            skipped_ms=self._skipped * 1000 // RATE,
            late=self._late,
            busy_ms=time.process_time() * 1000,
        )
        before, self._reported, self._reported_at = self._reported, total, now
        self._say(
            Progress(
                encoded_ms=total.encoded_ms - before.encoded_ms,
                skipped_ms=total.skipped_ms - before.skipped_ms,
                late=total.late - before.late,
                busy_ms=total.busy_ms - before.busy_ms,
            )
        )
