"""The mixers of a node's meetings: from a room's wish to a process that runs, and to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from contracts.rooms import MeetingId
from contracts.sound_work import SetSound
from media_fleet.adapters.mixers import MixerProcess, mixer_processes
from media_fleet.domain.effects import (
    Effect,
    MixerEffect,
    MixFor,
    MixVoice,
    StartMixer,
    StopMixer,
    StopMixingFor,
    StopMixingVoice,
    TransportKey,
)
from media_fleet.domain.errors import ParticipantNotFoundError
from media_fleet.domain.room import Room
from media_fleet.domain.transcoder_places import MIX
from media_fleet.metrics import MIXERS
from media_fleet.mixer import protocol
from media_fleet.recorder.protocol import TrackBegun, TrackOver
from media_fleet.recorder_site import new_keys
from media_fleet.recordings import KeyedTransports
from media_fleet.transcoders import TranscoderSite


class Mixers:
    """All mixers of a node. ``follow`` carries out what a room wants done; ``rooms`` is kept by the node."""

    def __init__(
        self,
        site: TranscoderSite,
        *,
        plane: KeyedTransports,
        rooms: Mapping[MeetingId, Room],
        follow: Callable[[MeetingId, Iterable[Effect]], None],
    ) -> None:
        """``site``: that of transcoders, whose neighbours they are."""
        self._site = site
        self._plane = plane
        self._rooms = rooms
        self._follow = follow
        self._processes = mixer_processes(self)
        self._known: dict[tuple[MeetingId, TransportKey], MixerProcess] = {}
        MIXERS.set_function(lambda: site.places.taken(MIX))

    def choose(self, request: SetSound) -> None:
        """How somebody wants sound from now on.

        Raises:
            ParticipantNotFoundError, MixedSoundUnavailableError: nothing has changed.
        """
        room = self._rooms.get(request.meeting_id)
        if room is None:
            raise ParticipantNotFoundError(f"Meeting {request.meeting_id} is not on this node.")
        participant = room.participant(request.participant_id)
        self._follow(request.meeting_id, room.tracks.mixing.choose(participant, request.form))

    def tell(self, meeting_id: MeetingId, effect: MixerEffect) -> None:
        """Carries out what a room wants of its mixers. What is for one that was lost is dropped."""
        if isinstance(effect, StartMixer):
            self._start(meeting_id, effect)
        elif isinstance(effect, StopMixer):
            self._stop(meeting_id, effect)
        elif (known := self._known.get((meeting_id, effect.transport))) is not None:
            known.tell(_message(effect))

    def _start(self, meeting_id: MeetingId, effect: StartMixer) -> None:
        keys = new_keys()
        self._plane.open_keyed(meeting_id, effect.transport, effect.ice, keys)
        begin = protocol.Begin(
            meeting_id=meeting_id,
            address=self._site.address,
            port=self._site.port,
            ufrag=effect.ice.ufrag,
            pwd=effect.ice.pwd,
            receive_key=keys.send_key + keys.send_salt,
            send_key=keys.receive_key + keys.receive_salt,
            payload_type=effect.payload_type,
            red_payload_type=effect.red_payload_type,
            memory_bytes=self._site.memory_bytes,
        )
        mixer = self._known[meeting_id, effect.transport] = MixerProcess(effect.transport, begin)
        self._processes.start(mixer)

    def _stop(self, meeting_id: MeetingId, effect: StopMixer) -> None:
        known = self._known.pop((meeting_id, effect.transport), None)
        if known is None:  # it was lost, or has not begun
            self._site.places.give_back(MIX)
        else:
            known.stopped.set()

    def tick(self, now: float) -> None:
        """Ends what nobody needs, and begins what had no place. ``now``: a monotonic clock's seconds."""
        for meeting_id, room in list(self._rooms.items()):
            if room.tracks.mixing.is_in_use and (effects := room.tracks.mixing.tick(now)):
                self._follow(meeting_id, effects)

    async def close(self) -> None:
        """Ends all. The rooms are closed by now."""
        await self._processes.close()

    @property
    def processes(self) -> list[int]:
        """The mixers' processes, by id."""
        return self._processes.processes

    def worker_ready(self, worker: MixerProcess) -> None:
        """See `WorkerListener`."""
        room = self._rooms.get(worker.meeting_id)
        if room is not None:
            self._follow(worker.meeting_id, room.tracks.mixing.ready(worker.transport))

    def worker_lost(self, worker: MixerProcess) -> None:
        """See `WorkerListener`."""
        self._known.pop((worker.meeting_id, worker.transport), None)
        room = self._rooms.get(worker.meeting_id)
        if room is not None:
            self._follow(worker.meeting_id, room.tracks.mixing.lost(worker.transport, time.monotonic()))

    def worker_ended(self, worker: MixerProcess) -> None:  # noqa: ARG002  (they all have places of one kind)
        """See `WorkerListener`."""
        self._site.places.give_back(MIX)


def _message(
    effect: MixVoice | StopMixingVoice | MixFor | StopMixingFor,
) -> TrackBegun | TrackOver | protocol.ListenerBegun | protocol.ListenerOver:
    match effect:
        case MixVoice():
            return TrackBegun(
                ssrc=effect.ssrc,
                track_id=effect.track_id,
                participant_id=effect.participant_id,
                source=effect.source,
                codec=effect.codec.name,
                clock_rate=effect.codec.clock_rate,
                muted=False,
            )
        case StopMixingVoice():
            return TrackOver(ssrc=effect.ssrc)
        case MixFor():
            return protocol.ListenerBegun(ssrc=effect.ssrc, without=effect.without)
        case StopMixingFor():
            return protocol.ListenerOver(ssrc=effect.ssrc)
