"""The recordings of a node's meetings: from a gateway's request to a recorder that runs, and to its end."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from contracts.client_messages import ErrorBody
from contracts.node_rpc import (
    RECORDING_KEPT_S,
    GatewayMessage,
    NodeAnswer,
    Recording,
    RecordingEnded,
    Refused,
    StartRecording,
)
from contracts.rooms import GatewayId, MeetingId, NodeId
from media_fleet.adapters.recorders import RecorderProcess, Recorders, RecorderStore
from media_fleet.domain.effects import (
    Effect,
    FinishRecording,
    MuteRecorded,
    RecorderEffect,
    RecordTrack,
    TransportKey,
)
from media_fleet.domain.errors import RecordingUnavailableError
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import IceCredentials
from media_fleet.dtls_border import SrtpKeys
from media_fleet.metrics import RECORDINGS, RECORDINGS_FAILED
from media_fleet.recorder import protocol

logger = logging.getLogger(__name__)

REMEMBERED = 1_000
"""How many recordings that have failed are not begun again when they are asked for once more."""
DISK_FULL = "the disk is full"
_PROFILE_KEY, _PROFILE_SALT = 16, 12
"""Octets, for AEAD_AES_128_GCM (RFC 7714, 12)."""


class KeyedTransports(Protocol):
    """The packet plane, as far as recorders need it."""

    def open_keyed(self, meeting_id: MeetingId, key: TransportKey, ice: IceCredentials, keys: SrtpKeys) -> None:
        """See `media_fleet.adapters.packet_plane.PacketPlane`."""


class RecorderSite(Struct, frozen=True, kw_only=True):
    """Where recorders find this node's core, and where they put their files."""

    node_id: NodeId
    address: str
    port: int
    store: RecorderStore


class _Recording:
    """A recording that is being made, or about to be."""

    def __init__(self, room: Room, recorder: RecorderProcess, prefix: str) -> None:
        self.room = room
        self.recorder = recorder
        self.prefix = prefix
        self.gateway_id = GatewayId("")
        self.asked_at = 0.0
        self.waiting: list[asyncio.Future[NodeAnswer]] = []


class Recordings:
    """All recordings of a node. ``carry_out`` takes the effects of a meeting's room."""

    def __init__(
        self,
        site: RecorderSite | None,
        *,
        plane: KeyedTransports,
        carry_out: Callable[[MeetingId, Iterable[Effect]], None],
        emit: Callable[[GatewayId, GatewayMessage], None],
    ) -> None:
        """``site`` None: this node records nothing."""
        self._site = site
        self._plane = plane
        self._carry_out = carry_out
        self._emit = emit
        self._recorders = None if site is None else Recorders(site.store, self)
        self._recordings: dict[MeetingId, _Recording] = {}
        self._failed: deque[str] = deque(maxlen=REMEMBERED)
        RECORDINGS.set_function(lambda: len(self._recordings))

    def start(
        self, gateway_id: GatewayId, request: StartRecording, room_for: Callable[[MeetingId], Room]
    ) -> asyncio.Future[NodeAnswer]:
        """The answer, once the recorder runs or has failed to. The gateway is told if it fails later.

        Raises:
            RecordingUnavailableError: this node has no recorder, or the recording has failed here.
        """
        if request.recording_id in self._failed:
            raise RecordingUnavailableError("The recorder has failed.")
        if self._site is not None and not self._site.store.has_room():
            raise RecordingUnavailableError("There is no room for a recording.")
        answer: asyncio.Future[NodeAnswer] = asyncio.get_running_loop().create_future()
        recording = self._recordings.get(request.meeting_id) or self._begin(request, room_for)
        recording.gateway_id = gateway_id
        recording.asked_at = time.monotonic()
        recording.waiting.append(answer)
        if recording.room.recording.is_ready:
            _answer(recording, _going_on(recording))
        return answer

    def stop(self, meeting_id: MeetingId, recording_id: str) -> None:
        """The recorder gets nothing more. There being no such recording is fine."""
        recording = self._recordings.get(meeting_id)
        if recording is not None and recording.recorder.recording_id == recording_id:
            self._carry_out(meeting_id, recording.room.recording.end())

    def tell(self, meeting_id: MeetingId, effect: RecorderEffect) -> None:
        """Passes on what a room wants of its recorder."""
        recording = self._recordings.get(meeting_id)
        if recording is None:
            return
        if isinstance(effect, FinishRecording):
            del self._recordings[meeting_id]
            _answer(recording, _refused("The recording is over."))
        recording.recorder.tell(_message(effect))

    def tick(self, now: float) -> None:
        """Ends what no gateway asks for any more, and everything when the disk is about to be full.

        ``now``: a monotonic clock's seconds.
        """
        if self._recordings and self._site is not None and not self._site.store.has_room():
            for recording in list(self._recordings.values()):
                RECORDINGS_FAILED.inc()
                names = {"meeting_id": recording.recorder.meeting_id, "recording_id": recording.recorder.recording_id}
                logger.error("the disk is full: a recording ends", extra=names)
                self._give_up(recording, DISK_FULL)
        for meeting_id, recording in list(self._recordings.items()):
            if now - recording.asked_at >= RECORDING_KEPT_S:
                names = {"meeting_id": meeting_id, "recording_id": recording.recorder.recording_id}
                logger.warning("a recording that nobody asks for ends", extra=names)
                self.stop(meeting_id, recording.recorder.recording_id)

    def upload_what_waits(self) -> None:
        """See `Recorders.upload_what_waits`."""
        if self._recorders is not None:
            self._recorders.upload_what_waits()

    async def close(self, patience_s: float) -> None:
        """See `Recorders.close`. The rooms are closed by now."""
        if self._recorders is not None:
            await self._recorders.close(patience_s)

    @property
    def processes(self) -> list[int]:
        """The recorders' processes, by id; those that are completing their files, too."""
        return [] if self._recorders is None else self._recorders.processes

    # ---- what becomes of recorders ----

    def recorder_ready(self, recorder: RecorderProcess) -> None:
        """See `RecorderListener`."""
        recording = self._of(recorder)
        if recording is not None:
            self._carry_out(recorder.meeting_id, recording.room.recorder_ready())
            _answer(recording, _going_on(recording))

    def recorder_ended(self, recorder: RecorderProcess, reason: str | None) -> None:
        """See `RecorderListener`."""
        recording = self._of(recorder)
        if recording is not None:
            self._give_up(recording, reason or "the recorder has ended")

    def _give_up(self, recording: _Recording, reason: str) -> None:
        """It ends, is not begun again, and its gateway is told. A recorder that runs completes its files."""
        recorder = recording.recorder
        if self._site is None:
            return
        self._failed.append(recorder.recording_id)
        _answer(recording, _refused("The recorder has failed."))
        self._carry_out(recorder.meeting_id, recording.room.recording.end())
        message = RecordingEnded(
            node_id=self._site.node_id,
            meeting_id=recorder.meeting_id,
            recording_id=recorder.recording_id,
            reason=reason,
        )
        self._emit(recording.gateway_id, message)

    def _of(self, recorder: RecorderProcess) -> _Recording | None:
        recording = self._recordings.get(recorder.meeting_id)
        return recording if recording is not None and recording.recorder is recorder else None

    def _begin(self, request: StartRecording, room_for: Callable[[MeetingId], Room]) -> _Recording:
        if self._site is None or self._recorders is None:
            raise RecordingUnavailableError("This platform has no recorder.")
        room = room_for(request.meeting_id)
        ice, keys = room.randomness.ice_credentials(), _new_keys()
        segment = f"{time.time_ns() // 1_000_000}-{self._site.node_id}"
        folder = self._recorders.folder_of(request.meeting_id, request.recording_id, segment)
        begin = protocol.Begin(
            meeting_id=request.meeting_id,
            recording_id=request.recording_id,
            folder=str(folder),
            address=self._site.address,
            port=self._site.port,
            ufrag=ice.ufrag,
            pwd=ice.pwd,
            receive_key=keys.send_key + keys.send_salt,
            send_key=keys.receive_key + keys.receive_salt,
        )
        room.recording.begin(request.recording_id)
        self._plane.open_keyed(request.meeting_id, room.recording.transport, ice, keys)
        prefix = f"{_below(self._site.store.path, folder.parent)}/"
        recording = _Recording(room, self._recorders.start(begin), prefix)
        self._recordings[request.meeting_id] = recording
        return recording


def _message(effect: RecorderEffect) -> protocol.ToRecorder:
    if isinstance(effect, RecordTrack):
        return msgspec.convert(msgspec.structs.asdict(effect), protocol.TrackBegun)
    if isinstance(effect, MuteRecorded):
        return protocol.TrackMuted(ssrc=effect.ssrc, muted=effect.muted)
    if isinstance(effect, FinishRecording):
        return protocol.Finish()
    return protocol.TrackOver(ssrc=effect.ssrc)


def _answer(recording: _Recording, answer: NodeAnswer) -> None:
    waiting, recording.waiting = recording.waiting, []
    for future in waiting:
        if not future.done():
            future.set_result(answer)


def _going_on(recording: _Recording) -> Recording:
    return Recording(recording_id=recording.recorder.recording_id, prefix=recording.prefix)


def _refused(sentence: str) -> Refused:
    return Refused(error=ErrorBody(code=RecordingUnavailableError.code, message=sentence))


def _new_keys() -> SrtpKeys:
    return SrtpKeys(
        profile="AEAD_AES_128_GCM",
        receive_key=secrets.token_bytes(_PROFILE_KEY),
        receive_salt=secrets.token_bytes(_PROFILE_SALT),
        send_key=secrets.token_bytes(_PROFILE_KEY),
        send_salt=secrets.token_bytes(_PROFILE_SALT),
    )


def _below(root: Path, folder: Path) -> str:
    return folder.relative_to(root).as_posix()
