"""The recordings of a node's meetings: from a gateway's request to a recorder that runs, and to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from contracts.client_messages import ErrorBody
from contracts.meeting_work import RECORDING_KEPT_S, Recording, RecordingEnded, StartRecording
from contracts.node_rpc import GatewayMessage, NodeAnswer, Refused
from contracts.recording_manifest import RESUMED_PART, PartEnd
from contracts.recording_order import RecordedPerson, RecordingOrder
from contracts.rooms import GatewayId, MeetingId, RecordingKind
from media_fleet.adapters.recorders import Lost, RecorderProcess, Recorders
from media_fleet.domain.effects import (
    Effect,
    FinishRecording,
    MuteRecorded,
    RecordedTrackEffect,
    RecorderRole,
    RecordTrack,
    TransportKey,
)
from media_fleet.domain.errors import RecordingUnavailableError
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import IceCredentials
from media_fleet.dtls_border import SrtpKeys
from media_fleet.metrics import RECORDERS_RESTARTED, RECORDINGS, RECORDINGS_FAILED
from media_fleet.recorder import protocol
from media_fleet.recorder_site import RecorderSite, new_keys

logger = logging.getLogger(__name__)

REMEMBERED = 1_000
"""How many recordings that have failed are not begun again when they are asked for once more."""
ROLES: Mapping[RecordingKind, tuple[RecorderRole, ...]] = {
    RecordingKind.TRACKS: (RecorderRole.TRACKS,),
    RecordingKind.COMPOSITE: (RecorderRole.COMPOSITE,),
    RecordingKind.AUDIO: (RecorderRole.AUDIO,),
    RecordingKind.BOTH: (RecorderRole.TRACKS, RecorderRole.COMPOSITE),
}
"""Who makes a recording of each kind."""
DISK_FULL = "the disk is full"
RESTARTS, RESTARTS_WITHIN_S = 3, 60.0
"""So often in so many seconds another recorder goes on in the place of one that was lost: the next one would be lost,
too."""
MOST_RESTARTS = 20
"""So often in all, of one recording: each makes another part."""


class KeyedTransports(Protocol):
    """The packet plane, as far as recorders need it."""

    def open_keyed(self, meeting_id: MeetingId, key: TransportKey, ice: IceCredentials, keys: SrtpKeys) -> None:
        """See `media_fleet.adapters.packet_plane.PacketPlane`."""


class _Recording:
    """A recording that is being made, or about to be."""

    def __init__(self, room: Room, request: StartRecording, recorders: dict[RecorderRole, RecorderProcess]) -> None:
        self.room = room
        self.id = request.recording_id
        self.prefix = f"{request.meeting_id}/{request.recording_id}/"
        self.layout = request.order.layout
        self.recorders = recorders
        """Those that have not failed."""
        self.order = request.order
        self.people: tuple[RecordedPerson, ...] = ()
        self.people_version = -1
        """The version of the meeting's log as of which the people are known."""
        self.has_begun: set[RecorderRole] = set()
        """What has been recorded at all."""
        self.restarts: list[float] = []
        """When recorders have gone on in the place of others."""
        self.end = PartEnd.FINISHED
        """What a recorder that is finished now writes of that."""
        self.gateway_id = GatewayId("")
        self.asked_at = 0.0
        self.waiting: list[asyncio.Future[NodeAnswer]] = []

    def role_of(self, recorder: RecorderProcess) -> RecorderRole:
        """What one of its recorders makes."""
        return next(role for role, each in self.recorders.items() if each is recorder)

    def answer_if_ready(self) -> None:
        """Tells those who wait what is made, once all who make it run."""
        if self.room.recording.are_all_ready:
            kind = next(kind for kind, roles in ROLES.items() if set(roles) == self.recorders.keys())
            made = RecordingOrder(kind=kind, layout=self.layout)
            _answer(self, Recording(recording_id=self.id, prefix=self.prefix, order=made))


class Recordings:
    """All recordings of a node. ``carry_out`` takes the effects of a meeting's room."""

    def __init__(
        self,
        site: RecorderSite | None,
        *,
        plane: KeyedTransports,
        carry_out: Callable[[MeetingId, Iterable[Effect]], None],
        emit: Callable[[GatewayId, GatewayMessage], None],
        broadcast_composites: Callable[[], int] = lambda: 0,
    ) -> None:
        """``site`` None: this node records nothing. ``broadcast_composites``: how many broadcasts compose."""
        self._site = site
        self._plane = plane
        self._carry_out = carry_out
        self._emit = emit
        self._broadcast_composites = broadcast_composites
        self._recorders = None if site is None else Recorders(site.store, self)
        self._recordings: dict[MeetingId, _Recording] = {}
        self._failed: deque[str] = deque(maxlen=REMEMBERED)
        RECORDINGS.set_function(lambda: len(self._recordings))

    def start(
        self, gateway_id: GatewayId, request: StartRecording, room_for: Callable[[MeetingId], Room]
    ) -> asyncio.Future[NodeAnswer]:
        """The answer, once the recorder runs or has failed to. The gateway is told if it fails later.

        Raises:
            RecordingUnavailableError: this node has no recorder, makes as many composites as it may, or the recording
                has failed here.
        """
        if request.recording_id in self._failed:
            raise RecordingUnavailableError("The recorder has failed.")
        if self._site is not None and not self._site.store.has_room():
            raise RecordingUnavailableError("There is no room for a recording.")
        answer: asyncio.Future[NodeAnswer] = asyncio.get_running_loop().create_future()
        recording = self._recordings.get(request.meeting_id) or self._begin(request, room_for)
        _tell_people(recording, request)
        recording.gateway_id = gateway_id
        recording.asked_at = time.monotonic()
        recording.waiting.append(answer)
        recording.answer_if_ready()
        return answer

    def stop(self, meeting_id: MeetingId, recording_id: str) -> None:
        """The recorder gets nothing more. There being no such recording is fine."""
        recording = self._recordings.get(meeting_id)
        if recording is not None and recording.id == recording_id:
            self._carry_out(meeting_id, recording.room.recording.end())

    def tell(self, meeting_id: MeetingId, effect: RecordedTrackEffect | FinishRecording) -> None:
        """Passes on what a room wants of its recorders."""
        recording = self._recordings.get(meeting_id)
        if recording is None:
            return
        if isinstance(effect, FinishRecording):
            del self._recordings[meeting_id]
            _answer(recording, _refused("The recording is over."))
            for recorder in recording.recorders.values():
                recorder.tell(protocol.Finish(end=recording.end))
        else:
            recording.recorders[effect.role].tell(track_message(effect))

    def tick(self, now: float) -> None:
        """Ends what no gateway asks for any more, and everything when the disk is about to be full.

        ``now``: a monotonic clock's seconds.
        """
        if self._recordings and self._site is not None and not self._site.store.has_room():
            for meeting_id, recording in list(self._recordings.items()):
                RECORDINGS_FAILED.inc()
                names = {"meeting_id": meeting_id, "recording_id": recording.id}
                logger.error("the disk is full: a recording ends", extra=names)
                recording.end = PartEnd.DISK_FULL
                self._give_up(meeting_id, recording, DISK_FULL)
        for meeting_id, recording in list(self._recordings.items()):
            if now - recording.asked_at >= RECORDING_KEPT_S:
                names = {"meeting_id": meeting_id, "recording_id": recording.id}
                logger.warning("a recording that nobody asks for ends", extra=names)
                self.stop(meeting_id, recording.id)

    def upload_what_waits(self) -> None:
        """See `Recorders.upload_what_waits`."""
        if self._recorders is not None:
            self._recorders.upload_what_waits()

    def upload(self, folder: Path) -> None:
        """See `Recorders.upload`."""
        if self._recorders is not None:
            self._recorders.upload(folder)

    async def close(self, patience_s: float) -> None:
        """See `Recorders.close`. The rooms are closed by now."""
        if self._recorders is not None:
            await self._recorders.close(patience_s)

    @property
    def composites(self) -> int:
        """How many recordings with a picture of the meeting are made."""
        return sum(RecorderRole.COMPOSITE in each.recorders for each in self._recordings.values())

    @property
    def processes(self) -> list[int]:
        """The recorders' processes, by id; those that are completing their files, too."""
        return [] if self._recorders is None else self._recorders.processes

    # ---- what becomes of recorders ----

    def recorder_ready(self, recorder: RecorderProcess) -> None:
        """See `RecorderListener`."""
        recording = self._of(recorder)
        if recording is not None:
            recording.has_begun.add(recording.role_of(recorder))
            self._carry_out(recorder.meeting_id, recording.room.recorder_ready(recording.role_of(recorder)))
            recording.answer_if_ready()

    def recorder_ended(self, recorder: RecorderProcess, lost: Lost | None) -> None:
        """See `RecorderListener`."""
        recording = self._of(recorder)
        if recording is None:
            return
        lost = lost or Lost(reason="the recorder has ended")
        if self._may_restart(recording, recording.role_of(recorder), lost):
            self._restart(recorder, recording)
        elif len(recording.recorders) == 1:
            self._give_up(recorder.meeting_id, recording, DISK_FULL if lost.end is PartEnd.DISK_FULL else lost.reason)
        else:
            self._go_on_without(recorder, recording)

    @staticmethod
    def _may_restart(recording: _Recording, role: RecorderRole, lost: Lost) -> bool:
        recent = [at for at in recording.restarts if time.monotonic() - at < RESTARTS_WITHIN_S]
        is_in_vain = len(recent) >= RESTARTS or len(recording.restarts) >= MOST_RESTARTS
        return role in recording.has_begun and lost.end is not PartEnd.DISK_FULL and not is_in_vain

    def _restart(self, lost: RecorderProcess, recording: _Recording) -> None:
        """Another recorder goes on, with a part of its own. What is missing in between its manifests tell."""
        if self._site is None:
            return
        role, meeting_id = recording.role_of(lost), lost.meeting_id
        names = {"meeting_id": meeting_id, "recording_id": recording.id, "role": role}
        logger.warning("another recorder goes on with a recording", extra=names)
        RECORDERS_RESTARTED.inc()
        recording.restarts.append(time.monotonic())
        transport, effects = recording.room.recording.begin_anew(role)
        self._carry_out(meeting_id, effects)
        part = self._site.new_part() + RESUMED_PART
        recorder = self._recorder(meeting_id, recording.id, recording.room, transport, role, recording.order, part)
        recording.recorders[role] = recorder
        if role is not RecorderRole.TRACKS:
            recorder.tell(protocol.PeopleChanged(people=recording.people))

    def _go_on_without(self, recorder: RecorderProcess, recording: _Recording) -> None:
        """What one of several makes is over, and is not begun again. The recording is what the others make."""
        role = recording.role_of(recorder)
        names = {"meeting_id": recorder.meeting_id, "recording_id": recording.id, "role": role}
        logger.warning("a recording goes on without one of its recorders", extra=names)
        del recording.recorders[role]
        self._carry_out(recorder.meeting_id, recording.room.recording.end_role(role))
        recording.answer_if_ready()

    def _give_up(self, meeting_id: MeetingId, recording: _Recording, reason: str) -> None:
        """It ends, is not begun again, and its gateway is told. A recorder that runs completes its files."""
        if self._site is None:
            return
        self._failed.append(recording.id)
        _answer(recording, _refused("The recorder has failed."))
        self._carry_out(meeting_id, recording.room.recording.end())
        message = RecordingEnded(
            node_id=self._site.node_id, meeting_id=meeting_id, recording_id=recording.id, reason=reason
        )
        self._emit(recording.gateway_id, message)

    def _of(self, recorder: RecorderProcess) -> _Recording | None:
        recording = self._recordings.get(recorder.meeting_id)
        return recording if recording is not None and recorder in recording.recorders.values() else None

    def _begin(self, request: StartRecording, room_for: Callable[[MeetingId], Room]) -> _Recording:
        if self._site is None or self._recorders is None:
            raise RecordingUnavailableError("This platform has no recorder.")
        roles = ROLES[request.order.kind]
        composites = self.composites + self._broadcast_composites()
        if RecorderRole.COMPOSITE in roles and composites >= self._site.most_composites:
            raise RecordingUnavailableError("As many videos of meetings are being made here as the node can make.")
        room = room_for(request.meeting_id)
        transports = room.recording.begin(request.recording_id, roles)
        part = self._site.new_part()
        recorders = {
            role: self._recorder(request.meeting_id, request.recording_id, room, transport, role, request.order, part)
            for role, transport in transports.items()
        }
        recording = self._recordings[request.meeting_id] = _Recording(room, request, recorders)
        return recording

    def _recorder(  # noqa: PLR0917
        self,
        meeting_id: MeetingId,
        recording_id: str,
        room: Room,
        transport: TransportKey,
        role: RecorderRole,
        order: RecordingOrder,
        part: str,
    ) -> RecorderProcess:
        """A recorder that starts soon, and the node's end of its transport."""
        if self._site is None or self._recorders is None:
            raise RecordingUnavailableError("This platform has no recorder.")
        ice, keys = room.randomness.ice_credentials(), new_keys()
        self._plane.open_keyed(meeting_id, transport, ice, keys)
        return self._recorders.start(self._site.begin(meeting_id, recording_id, part, role, order, ice=ice, keys=keys))


def _tell_people(recording: _Recording, request: StartRecording) -> None:
    if recording.id != request.recording_id or request.version <= recording.people_version:
        return
    recording.people_version, recording.people = request.version, request.order.people
    for role, recorder in recording.recorders.items():
        if role is not RecorderRole.TRACKS:
            recorder.tell(protocol.PeopleChanged(people=request.order.people))


def track_message(effect: RecordedTrackEffect) -> protocol.TrackMessage:
    """What a worker is told of a track that begins, is muted or ends."""
    if isinstance(effect, RecordTrack):
        return protocol.TrackBegun(
            ssrc=effect.ssrc,
            track_id=effect.track_id,
            participant_id=effect.participant_id,
            source=effect.source,
            codec=effect.codec,
            clock_rate=effect.clock_rate,
            muted=effect.muted,
        )
    if isinstance(effect, MuteRecorded):
        return protocol.TrackMuted(ssrc=effect.ssrc, muted=effect.muted)
    return protocol.TrackOver(ssrc=effect.ssrc)


def _answer(recording: _Recording, answer: NodeAnswer) -> None:
    waiting, recording.waiting = recording.waiting, []
    for future in waiting:
        if not future.done():
            future.set_result(answer)


def _refused(sentence: str) -> Refused:
    return Refused(error=ErrorBody(code=RecordingUnavailableError.code, message=sentence))
