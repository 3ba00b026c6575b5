"""The transcoders of a node's meetings: from a room's wish to a process that runs, and to its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from msgspec import Struct
from packet_core import PacketCoreSilentError

from contracts.rooms import MeetingId
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.adapters.transcoders import TranscoderProcess, transcoder_processes
from media_fleet.domain.effects import Effect, Purpose, StartTranscoder, StopTranscoder, TranscoderEffect, TransportKey
from media_fleet.domain.room import Room
from media_fleet.domain.transcoder_places import LAYER, TranscoderPlaces
from media_fleet.domain.transcoder_rate import LEAST_RATE, Path, fitting_rate
from media_fleet.metrics import TRANSCODERS
from media_fleet.recorder_site import new_keys
from media_fleet.transcoder import protocol

logger = logging.getLogger(__name__)

_OTHER_RATE = 0.1
"""What is told of rates differs by more than this part."""


class TranscoderSite(Struct, frozen=True, kw_only=True):
    """Where transcoders and mixers find this node's core, how much memory each may take, and how many there may be."""

    address: str
    port: int
    memory_bytes: int | None
    places: TranscoderPlaces


class Transcoders:
    """All transcoders of a node. ``follow`` carries out what a room wants done; ``rooms`` is kept by the node."""

    def __init__(
        self,
        site: TranscoderSite,
        *,
        plane: PacketPlane,
        rooms: Mapping[MeetingId, Room],
        follow: Callable[[MeetingId, Iterable[Effect]], None],
    ) -> None:
        self._site = site
        self._plane = plane
        self._rooms = rooms
        self._follow = follow
        self._processes = transcoder_processes(self)
        self._known: dict[tuple[MeetingId, TransportKey], TranscoderProcess] = {}
        self._ending: dict[TranscoderProcess, str] = {}
        """Those that are told to end, with the kind of media of which each has a place."""
        for kind, label in (("video", "video"), (LAYER, "layer"), ("audio", "sound")):
            TRANSCODERS.labels(label).set_function(partial(site.places.taken, kind))

    def tell(self, meeting_id: MeetingId, effect: TranscoderEffect) -> None:
        """Carries out what a room wants of its transcoders."""
        if not isinstance(effect, StartTranscoder):
            self._stop(meeting_id, effect)
            return
        keys = new_keys()
        self._plane.open_keyed(meeting_id, effect.transport, effect.ice, keys)
        begin = protocol.Begin(
            meeting_id=meeting_id,
            track_id=effect.track_id,
            address=self._site.address,
            port=self._site.port,
            ufrag=effect.ice.ufrag,
            pwd=effect.ice.pwd,
            receive_key=keys.send_key + keys.send_salt,
            send_key=keys.receive_key + keys.receive_salt,
            taken=protocol.Form(codec=effect.taken.name, clock_rate=effect.taken.clock_rate, ssrc=effect.ssrc_in),
            made=protocol.Form(codec=effect.made.name, clock_rate=effect.made.clock_rate, ssrc=effect.ssrc_out),
            payload_type=effect.payload_type,
            is_smaller=effect.is_smaller,
            limit_bps=LEAST_RATE if effect.is_smaller else None,
            memory_bytes=self._site.memory_bytes,
        )
        transcoder = TranscoderProcess(effect.transport, begin)
        self._known[meeting_id, effect.transport] = transcoder
        self._processes.start(transcoder)

    def _stop(self, meeting_id: MeetingId, effect: StopTranscoder) -> None:
        known = self._known.pop((meeting_id, effect.transport), None)
        if known is None:  # it was lost, or has not begun
            self._site.places.give_back(effect.kind)
            return
        self._ending[known] = effect.kind
        known.stopped.set()

    def tick(self, now: float) -> None:
        """Ends what nobody needs, begins what had no place, and has pictures fit the paths to their viewers.

        ``now``: a monotonic clock's seconds.
        """
        for meeting_id, room in list(self._rooms.items()):
            if effects := room.follow_transcoders(now):
                self._follow(meeting_id, effects)
        try:
            for transcoder in self._known.values():
                if transcoder.needed_bps:
                    self._fit(transcoder)
        except PacketCoreSilentError as error:  # the node's health says so
            logger.warning("transcoders not fitted to paths", extra={"reason": str(error)})

    async def close(self) -> None:
        """Ends all. The rooms are closed by now."""
        await self._processes.close()

    @property
    def processes(self) -> list[int]:
        """The transcoders' processes, by id."""
        return self._processes.processes

    def worker_ready(self, worker: TranscoderProcess) -> None:
        """See `WorkerListener`."""
        room = self._rooms.get(worker.meeting_id)
        if room is not None:
            self._follow(worker.meeting_id, room.transcoder_ready(worker.transport))

    def worker_lost(self, worker: TranscoderProcess) -> None:
        """See `WorkerListener`."""
        self._known.pop((worker.meeting_id, worker.transport), None)
        room = self._rooms.get(worker.meeting_id)
        if room is not None:
            self._follow(worker.meeting_id, room.transcoder_lost(worker.transport, time.monotonic()))

    def worker_ended(self, worker: TranscoderProcess) -> None:
        """See `WorkerListener`."""
        if (kind := self._ending.pop(worker, None)) is not None:
            self._site.places.give_back(kind)

    def _fit(self, transcoder: TranscoderProcess) -> None:
        meeting_id, tracks = transcoder.meeting_id, self._rooms[transcoder.meeting_id].tracks
        viewers: dict[TransportKey, int | None] = {}
        if (key := tracks.layers.made_of(transcoder.transport)) is not None:
            subscriptions = self._plane.held.subscriptions.get((meeting_id, key), {})
            viewers |= {transport: core_id for transport, core_id in subscriptions.items() if _is_viewer(transport)}
        elif (watched := tracks.transcoding.watched(transcoder.transport)) is not None:
            key, viewers = watched[0], dict.fromkeys(watched[1])
        # Of which track what crosses the paths is counted: of a smaller picture, the one that is sent without it.
        track = None if key is None else self._plane.held.track(meeting_id, key)
        if track is None:
            return
        paths = self._paths(meeting_id, viewers)
        actual = sum(layer.bitrate for layer in self._plane.layers(track))
        rate = fitting_rate(transcoder.needed_bps, actual, paths)
        if abs(rate - (transcoder.limit_bps or transcoder.needed_bps)) > _OTHER_RATE * rate:
            transcoder.limit(rate)

    def _paths(self, meeting_id: MeetingId, viewers: Mapping[TransportKey, int | None]) -> Iterator[Path]:
        """Those to viewers; of one who has a subscription by the core's id there, as long as it has a smaller picture,
        or waits for it."""
        held = {key: self._plane.held.by_transport.get((meeting_id, key)) for key in viewers}
        known = {key: transport.core_id for key, transport in held.items() if transport is not None}
        for key, report in zip(known, self._plane.reports(list(known.values())), strict=True):
            subscription = viewers[key]
            if report is None:
                continue
            if subscription is not None:
                stats = report.subscriptions.get(subscription)
                if stats is None or stats.starved or not (stats.made or stats.layer is None):
                    continue
            yield Path(estimate=report.transport.estimate_bps, wanted=report.transport.wanted_bps)


def _is_viewer(transport: TransportKey) -> bool:
    return transport.purpose is Purpose.SUBSCRIBE
