"""The node's side of a composer: the process, the path to it, and the packets of a meeting at their times."""

from __future__ import annotations

import contextlib
import heapq
import os
import secrets
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from aioice import stun
from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket, RtpPacket
from pylibsrtp import Policy, Session

from bench.recording.cameras import Due, packets
from contracts.recording_manifest import CompositeFile
from contracts.recording_order import RecordedPerson
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.recorder import manifest
from media_fleet.recorder.protocol import (
    Begin,
    CompositeOrder,
    Finish,
    PeopleChanged,
    Ready,
    ToRecorder,
    TrackBegun,
    encoder,
    from_recorder,
)

SOURCES = (TrackSource.MICROPHONE, TrackSource.CAMERA)
REPORT_AGAIN_MS = 1_000
_NTP_EPOCH_S = 2_208_988_800
_TICKS_S = os.sysconf("SC_CLK_TCK")


class Composing:
    """A composer to which a meeting is sent in real time. ``files``: a camera and a microphone each."""

    def __init__(self, files: Sequence[Path], order: CompositeOrder, folder: Path) -> None:
        self._files = files
        self._folder = folder
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._to: tuple[str, int] | None = None
        key, password = secrets.token_bytes(28), secrets.token_urlsafe(24)
        self._password = password.encode()
        self._out = Session(
            Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
        )
        self._begin = Begin(
            meeting_id=MeetingId("bench"),
            recording_id="rec_bench",
            folder=str(folder),
            address="127.0.0.1",
            port=self._socket.getsockname()[1],
            ufrag="bench",
            pwd=password,
            receive_key=key,
            send_key=secrets.token_bytes(28),
            composite=order,
        )
        self._report_at: dict[int, float] = {}
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> Composing:
        """Returns when the composer runs and the meeting has begun. Raises `RuntimeError`: it does not start."""
        command = [sys.executable, "-m", "media_fleet.recorder.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._tell(self._begin)
        self._thread.start()
        assert self._process.stdout is not None
        if not isinstance(from_recorder.decode(self._process.stdout.readline()), Ready):
            raise RuntimeError("the composer does not start")
        self._tell_who_is_there()
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the recording, and waits until the film is complete."""
        assert self._process is not None
        self._tell(Finish())
        self._process.wait()
        self._over.set()
        self._thread.join()
        self._socket.close()

    @property
    def cpu_s(self) -> float:
        """What the composer has taken of processors so far, seconds, user and system (proc(5))."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_S

    @property
    def is_running(self) -> bool:
        """Whether the composer goes on."""
        return self._process is not None and self._process.poll() is None

    @property
    def film(self) -> CompositeFile:
        """What the manifest says of the film, as far as it is."""
        return manifest.read(self._folder).composites[0]

    def _tell_who_is_there(self) -> None:
        numbers = range(len(self._files))
        people = tuple(RecordedPerson(participant_id=_who(number), name=f"Person {number}") for number in numbers)
        self._tell(PeopleChanged(people=people))
        for number, source in product(numbers, SOURCES):
            is_sound = source is TrackSource.MICROPHONE
            begun = TrackBegun(
                ssrc=_ssrc(number, source),
                track_id=TrackId(f"{number}-{source}"),
                participant_id=_who(number),
                source=source,
                codec="opus" if is_sound else "VP8",
                clock_rate=48_000 if is_sound else 90_000,
                muted=False,
            )
            self._tell(begun)

    def _tell(self, message: ToRecorder) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(encoder.encode(message) + b"\n")
        self._process.stdin.flush()

    # ---- the path: a thread of its own ----

    def _send(self) -> None:
        """Answers checks, and sends what is due."""
        numbered = product(enumerate(self._files), SOURCES)
        tracks = [packets(path, source, _ssrc(number, source)) for (number, path), source in numbered]
        meeting = heapq.merge(*tracks, key=lambda each: each.at)
        following = next(meeting, None)
        began: float | None = None
        while not self._over.is_set():
            now = time.monotonic() * 1000
            began = now if began is None and self._to is not None else began
            while following is not None and began is not None and following.at <= now - began:
                self._put(following)
                following = next(meeting, None)
            select.select([self._socket], [], [], 0.002)
            self._answer()

    def _put(self, due: Due) -> None:
        if self._to is None:
            return
        packet = due.packet
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self._socket.sendto(self._out.protect(packet.serialize()), self._to)
            if due.at >= self._report_at.get(packet.ssrc, 0.0):
                self._report_at[packet.ssrc] = due.at + REPORT_AGAIN_MS
                self._socket.sendto(self._out.protect_rtcp(_report(packet)), self._to)

    def _answer(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                data, self._to = self._socket.recvfrom(2_048)
                if data[0] >= 4:
                    continue  # it asks for something again: nothing is lost here
                check = stun.parse_message(data)
                answer = stun.Message(
                    message_method=stun.Method.BINDING,
                    message_class=stun.Class.RESPONSE,
                    transaction_id=check.transaction_id,
                )
                answer.attributes["XOR-MAPPED-ADDRESS"] = self._to
                answer.add_message_integrity(self._password)
                self._socket.sendto(bytes(answer), self._to)


def _report(packet: RtpPacket) -> bytes:
    """That a packet is sent now (RFC 3550, 6.4.1)."""
    info = RtcpSenderInfo(
        ntp_timestamp=round((time.time() + _NTP_EPOCH_S) * 2**32),
        rtp_timestamp=packet.timestamp,
        packet_count=0,
        octet_count=0,
    )
    return bytes(RtcpSrPacket(ssrc=packet.ssrc, sender_info=info))


def _who(number: int) -> ParticipantId:
    return ParticipantId(f"p_{number}")


def _ssrc(number: int, source: TrackSource) -> int:
    return 100 * (number + 1) + SOURCES.index(source)
