"""One track on its way through a transcoder."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpRtpfbPacket, RtpPacket

from media_fleet.recorder.path_to_node import Feedback, PathToNode, SenderReport
from media_fleet.recorder.pictures import SOUND, Picture
from media_fleet.recorder.reception import Reception
from media_fleet.transcoder.pictures import PictureTranscoder
from media_fleet.transcoder.protocol import Begin, FromTranscoder, Progress
from media_fleet.transcoder.sound import SoundTranscoder
from media_fleet.transcoder.stream import Stream

_PICTURES_PATIENCE_MS, _SOUND_PATIENCE_MS = 400.0, 60.0
"""For what is lost on the publisher's way: others see the picture later, too, until it is sent again."""
_REPORT_MS = 1_000.0
_TURNS = 16
"""So often what waits is read before any of it is decoded: all that is there, up to some seconds of a picture."""
_RTCP_FIR = 4


class Transcoder:
    """Times are milliseconds since it began."""

    def __init__(self, begin: Begin, say: Callable[[FromTranscoder], None]) -> None:
        self._path = PathToNode(begin)
        self._taken = begin.taken
        self._say = say
        self._zero = time.monotonic()
        is_sound = begin.taken.codec in SOUND
        patience = _SOUND_PATIENCE_MS if is_sound else _PICTURES_PATIENCE_MS
        self._reception = Reception(begin.taken.codec, begin.taken.clock_rate, patience)
        self._pictures = None if is_sound else _pictures_of(begin)
        self._sound = SoundTranscoder(begin.taken.codec, begin.taken.clock_rate, begin.made.codec) if is_sound else None
        if begin.limit_bps is not None:
            self.limit(begin.limit_bps)
        self._stream = Stream(self._path, ssrc=begin.made.ssrc, payload_type=begin.payload_type)
        self._reported_at = 0.0
        self._reported = Progress()

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

    def limit(self, bits_per_s: int) -> None:
        """So much may a picture take at the most."""
        if self._pictures is not None:
            self._pictures.limit(bits_per_s)

    def work(self) -> None:
        """Takes what has come, and sends what comes of it."""
        whole: list[Picture] = []
        for _ in range(_TURNS):
            received = list(self._path.receive())
            for each in received:
                whole += self._take(each)
            if not received:
                break
        now = self._now
        whole += self._reception.due(now)
        self._send(whole)
        if missing := self._reception.missing(now):
            self._path.ask_for(self._taken.ssrc, missing)
        if self._reception.wants_key_frame(now):
            self._path.ask_for_key_frame(self._taken.ssrc)
        self._path.tick()
        if now - self._reported_at >= _REPORT_MS:
            self._report(now)

    def close(self) -> None:
        """Nothing comes any more."""
        self._path.close()

    def _take(self, received: RtpPacket | SenderReport | Feedback) -> list[Picture]:
        if isinstance(received, RtpPacket):
            is_ours = received.ssrc == self._taken.ssrc
            return self._reception.receive(received, self._now) if is_ours else []
        if isinstance(received, SenderReport):
            timestamp = received.timestamp if self._sound is None else self._sound.timestamp_of(received.timestamp)
            if received.ssrc == self._taken.ssrc and timestamp is not None:
                self._stream.report(received, timestamp)
        elif isinstance(received, RtcpRtpfbPacket) and received.fmt == RTCP_RTPFB_NACK:
            self._stream.send_again(received.lost)
        elif (
            isinstance(received, RtcpPsfbPacket)
            and received.fmt in (RTCP_PSFB_PLI, _RTCP_FIR)
            and self._pictures is not None
        ):
            self._pictures.ask_for_key_frame()
        return []

    def _send(self, whole: list[Picture]) -> None:
        if self._pictures is not None:
            for payload in self._pictures.take(whole, self._now):
                self._stream.send(payload)
            if self._pictures.wants_key:
                self._pictures.wants_key = False
                self._reception.begin_anew()
        elif self._sound is not None:
            for packet in whole:
                for payload in self._sound.take(packet):
                    self._stream.send(payload)

    def _report(self, now: float) -> None:
        total = Progress(
            pictures=0 if self._pictures is None else self._pictures.made,
            dropped=0 if self._pictures is None else self._pictures.dropped,
            took_ms=0.0 if self._pictures is None else self._pictures.took_ms,
            sound_ms=0.0 if self._sound is None else self._sound.sound_ms,
            busy_ms=time.process_time() * 1000,
        )
        before, self._reported, self._reported_at = self._reported, total, now
        self._say(
            Progress(
                pictures=total.pictures - before.pictures,
                dropped=total.dropped - before.dropped,
                took_ms=total.took_ms - before.took_ms,
                sound_ms=total.sound_ms - before.sound_ms,
                busy_ms=total.busy_ms - before.busy_ms,
                needed_bps=0 if self._pictures is None else self._pictures.needed_bps,
            )
        )


def _pictures_of(begin: Begin) -> PictureTranscoder:
    return PictureTranscoder(begin.taken.codec, begin.made.codec, part=2 if begin.is_smaller else 1)
