"""What rooms want done, brought to whoever does it."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.rooms import MeetingId
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.domain.effects import (
    Effect,
    MixerEffect,
    RecorderEffect,
    SendOffer,
    ShowCameras,
    TellPlayable,
    TellQualities,
    TellSound,
    TranscoderEffect,
)
from media_fleet.gateway_reports import GatewayReports
from media_fleet.meeting_workers import MeetingWorkers
from media_fleet.quality_news import QualityNews
from media_fleet.transcoders import Transcoders


class EffectCarrier:
    """Carries out effects in the order in which they come."""

    def __init__(
        self,
        *,
        plane: PacketPlane,
        reports: GatewayReports,
        qualities: QualityNews,
        workers: MeetingWorkers,
        transcoders: Transcoders,
    ) -> None:
        self._plane = plane
        self._reports = reports
        self._qualities = qualities
        self._workers = workers
        self._transcoders = transcoders

    def carry_out(self, meeting_id: MeetingId, effects: Iterable[Effect]) -> None:
        """All of a meeting's."""
        for effect in effects:
            self._carry_out(meeting_id, effect)

    def _carry_out(self, meeting_id: MeetingId, effect: Effect) -> None:
        if isinstance(effect, SendOffer):
            self._reports.offer(meeting_id, effect.participant_id, effect.offer)
        elif isinstance(effect, ShowCameras):
            self._reports.cameras_shown(meeting_id, effect.participant_id, effect.track_ids)
        elif isinstance(effect, TellPlayable):
            self._reports.playable(meeting_id, effect)
        elif isinstance(effect, TellSound):
            self._reports.sound(meeting_id, effect)
        elif isinstance(effect, TellQualities):
            self._qualities.tell(meeting_id, effect.qualities)
        elif isinstance(effect, RecorderEffect | MixerEffect):
            self._workers.tell(meeting_id, effect)
        elif isinstance(effect, TranscoderEffect):
            self._transcoders.tell(meeting_id, effect)
        else:
            self._plane.carry_out(meeting_id, effect)
