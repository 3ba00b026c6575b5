"""What a node makes of its meetings beside forwarding them, in processes of their own: recordings, broadcasts and mixes
of sound; and what it brings into them: ingresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from contracts.meeting_work import (
    AnswerIngress,
    StartBroadcast,
    StartIngress,
    StartRecording,
    StopBroadcast,
    StopIngress,
    StopRecording,
)
from contracts.node_rpc import Done, GatewayMessage, NodeAnswer
from contracts.rooms import GatewayId, MeetingId
from contracts.sound_work import SetSound
from media_fleet.broadcast_site import BroadcastSite
from media_fleet.broadcasts import Broadcasts
from media_fleet.domain.effects import (
    Effect,
    FinishBroadcast,
    FinishRecording,
    MixerEffect,
    RecorderEffect,
    RecorderRole,
)
from media_fleet.domain.room import Room
from media_fleet.ingress_site import IngressSite
from media_fleet.ingresses import Ingresses
from media_fleet.mixers import Mixers
from media_fleet.recorder_site import RecorderSite
from media_fleet.recordings import KeyedTransports, Recordings
from media_fleet.transcoders import TranscoderSite

WorkerRequest: TypeAlias = (
    StartRecording
    | StopRecording
    | StartBroadcast
    | StopBroadcast
    | StartIngress
    | AnswerIngress
    | StopIngress
    | SetSound
)


class MeetingWorkers:
    """Recordings and broadcasts share how many composites a node makes."""

    def __init__(
        self,
        recorder: RecorderSite | None,
        broadcaster: BroadcastSite | None,
        ingress: IngressSite | None,
        mixer: TranscoderSite,
        *,
        plane: KeyedTransports,
        rooms: Mapping[MeetingId, Room],
        carry_out: Callable[[MeetingId, Iterable[Effect]], None],
        emit: Callable[[GatewayId, GatewayMessage], None],
    ) -> None:
        self.recordings = Recordings(
            recorder,
            plane=plane,
            carry_out=carry_out,
            emit=emit,
            broadcast_composites=lambda: self.broadcasts.composites,
        )
        self.broadcasts = Broadcasts(
            broadcaster,
            plane=plane,
            carry_out=carry_out,
            emit=emit,
            recorded_composites=lambda: self.recordings.composites,
        )
        self.ingresses = Ingresses(ingress, emit)
        self.mixers = Mixers(mixer, plane=plane, rooms=rooms, follow=carry_out)

    def _ingress(self, gateway_id: GatewayId, request: StartIngress | AnswerIngress | StopIngress) -> NodeAnswer:
        match request:
            case StartIngress():
                return self.ingresses.start(gateway_id, request)
            case AnswerIngress():
                return self.ingresses.answer(request)
            case StopIngress():
                return self.ingresses.stop(request)

    def handle(
        self, gateway_id: GatewayId, request: WorkerRequest, room_for: Callable[[MeetingId], Room]
    ) -> NodeAnswer | asyncio.Future[NodeAnswer]:
        """Carries out a request. What starts is answered later.

        Raises:
            RecordingUnavailableError, BroadcastUnavailableError, IngressUnavailableError: it cannot be made here.
            MixedSoundUnavailableError: nor can this.
            StaleNegotiationError: an ingress is answered that is none any more.
        """
        match request:
            case StartRecording():
                return self.recordings.start(gateway_id, request, room_for)
            case StartBroadcast():
                return self.broadcasts.start(gateway_id, request, room_for)
            case StopRecording():
                self.recordings.stop(request.meeting_id, request.recording_id)
            case StopBroadcast():
                self.broadcasts.stop(request.meeting_id, request.broadcast_id)
            case SetSound():
                self.mixers.choose(request)
            case _:
                return self._ingress(gateway_id, request)
        return Done()

    def tell(self, meeting_id: MeetingId, effect: RecorderEffect | MixerEffect) -> None:
        """Passes on what a room wants of its workers."""
        if isinstance(effect, MixerEffect):
            self.mixers.tell(meeting_id, effect)
        elif isinstance(effect, FinishBroadcast):
            self.broadcasts.tell(meeting_id, effect)
        elif isinstance(effect, FinishRecording) or effect.role is not RecorderRole.BROADCAST:
            self.recordings.tell(meeting_id, effect)
        else:
            self.broadcasts.tell(meeting_id, effect)

    @property
    def composites(self) -> int:
        """How many pictures of meetings are being made."""
        return self.recordings.composites + self.broadcasts.composites

    def tick(self, now: float) -> None:
        """Ends what no gateway asks for any more, or nobody needs. ``now``: a monotonic clock's seconds."""
        self.recordings.tick(now)
        self.broadcasts.tick(now)
        self.ingresses.tick(now)
        self.mixers.tick(now)

    async def close(self, patience_s: float) -> None:
        """Has all of them complete what they make. The rooms are closed by now."""
        others = (self.broadcasts.close(), self.ingresses.close(), self.mixers.close())
        await asyncio.gather(self.recordings.close(patience_s), *others)
