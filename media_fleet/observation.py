"""A node's look at its meetings, once a second: the statistics that are read, and how good each connection is.

The more streams there are, the less often each meeting is sampled: one look costs the event loop a bounded time.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from msgspec import Struct

from contracts.rooms import MeetingId, NodeId, ParticipantId
from contracts.statistics import (
    ConnectionQuality,
    ParticipantStatistics,
    ParticipantSummary,
    QualityLevel,
    RoomStatistics,
)
from media_fleet import statistics
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.domain.connection_quality import Judgement, judge, rate
from media_fleet.metrics import ESTIMATE, LOSS, QUALITY, ROUND_TRIP, STARVING
from media_fleet.sampling import Sample, Sampler, Transport

INTERVAL_S = 1.0
MAX_STREAMS = 1_500
"""Tracks and subscriptions of one look: about 30 ms of the event loop. What a large meeting takes beyond that, the next
looks do without."""


class _Observed:
    """A meeting, from its first sample on."""

    def __init__(self) -> None:
        self.sampler = Sampler()
        self.sample: Sample | None = None
        self.judgements: dict[ParticipantId, Judgement] = {}


class QualityChanges(Struct, frozen=True, kw_only=True):
    """Whose connection has another level than before."""

    meeting_id: MeetingId
    qualities: tuple[ConnectionQuality, ...]


class Observation:
    """All meetings of one node."""

    def __init__(self, plane: PacketPlane, *, node_id: NodeId) -> None:
        self._plane = plane
        self._node_id = node_id
        self._meetings: dict[MeetingId, _Observed] = {}
        self._turns: deque[MeetingId] = deque()
        self._looked_at = 0
        self._room = 0
        """How many streams may be looked at; less than none after a meeting that had more."""

    def look(self, now: float, timestamp: int) -> list[QualityChanges]:
        """Samples the meetings whose turn it is.

        ``now``: a monotonic clock's seconds; ``timestamp``: ms since the epoch.
        """
        self._looked_at = timestamp
        changes = []
        transports: dict[MeetingId, list[Transport]] = {meeting_id: [] for meeting_id in self._due()}
        for meeting_id, key, transport in self._plane.held.transports(transports):
            if key.purpose.is_clients:
                transports[meeting_id].append((key, transport))
        for meeting_id, theirs in transports.items():
            observed = self._meetings[meeting_id]
            observed.sample = observed.sampler.sample(self._plane, meeting_id, theirs, now=now, timestamp=timestamp)
            changed = _judge(observed, observed.sample)
            if changed:
                changes.append(QualityChanges(meeting_id=meeting_id, qualities=changed))
        self._count()
        return changes

    def qualities(self, meeting_id: MeetingId) -> tuple[ConnectionQuality, ...]:
        """All that are known of a meeting."""
        observed = self._meetings.get(meeting_id)
        return tuple(_quality(*each) for each in observed.judgements.items()) if observed is not None else ()

    def room(self, meeting_id: MeetingId) -> RoomStatistics:
        """As of the last sample. Who has no connection yet is left out."""
        observed = self._meetings.get(meeting_id)
        sample = observed.sample if observed is not None else None
        return RoomStatistics(
            node_id=self._node_id,
            timestamp=self._looked_at if sample is None else sample.timestamp,
            participants=() if observed is None else tuple(_summaries(observed)),
        )

    def participant(self, meeting_id: MeetingId, participant_id: ParticipantId) -> ParticipantStatistics | None:
        """As of the last sample; None for somebody who has no connection yet."""
        observed = self._meetings.get(meeting_id)
        judgement = observed.judgements.get(participant_id) if observed is not None else None
        if observed is None or observed.sample is None or judgement is None:
            return None
        transports = observed.sample.participants[participant_id]
        return ParticipantStatistics(
            node_id=self._node_id,
            timestamp=observed.sample.timestamp,
            summary=statistics.summary(participant_id, transports, judgement),
            candidate_pairs=statistics.candidate_pairs(transports),
            inbound_rtp=statistics.inbound_rtp(transports),
            outbound_rtp=statistics.outbound_rtp(transports),
        )

    def _due(self) -> Iterator[MeetingId]:
        """The meetings to be sampled now, in turn."""
        streams = self._plane.held.streams()
        self._meetings = {meeting_id: self._meetings.get(meeting_id) or _Observed() for meeting_id in streams}
        self._turns = deque(meeting_id for meeting_id in self._turns if meeting_id in streams)
        self._turns.extend(streams.keys() - set(self._turns))
        self._room = min(MAX_STREAMS, self._room + MAX_STREAMS)
        for _ in range(len(self._turns)):
            if self._room <= 0:
                return
            meeting_id = self._turns.popleft()
            self._turns.append(meeting_id)
            self._room -= streams[meeting_id]
            yield meeting_id

    def _count(self) -> None:
        levels = Counter(judged.level for each in self._meetings.values() for judged in each.judgements.values())
        for level in QualityLevel:
            QUALITY.labels(level.value).set(levels[level])
        STARVING.set(self._plane.events.starving.count)


def _judge(observed: _Observed, sample: Sample) -> tuple[ConnectionQuality, ...]:
    """Judges everybody anew; the qualities whose level has changed."""
    judgements: dict[ParticipantId, Judgement] = {}
    for participant_id, transports in sample.participants.items():
        if not statistics.is_known(transports):
            continue
        round_trip = statistics.round_trip(transports)
        rating = None
        if not statistics.is_lost(transports):
            rating = rate(statistics.directions(transports), round_trip=round_trip)
        judgements[participant_id] = judge(observed.judgements.get(participant_id), rating)
    before, observed.judgements = observed.judgements, judgements
    for summary in _summaries(observed):
        _measure(summary)
    return tuple(
        _quality(participant_id, judgement)
        for participant_id, judgement in judgements.items()
        if participant_id not in before or before[participant_id].level is not judgement.level
    )


def _summaries(observed: _Observed) -> Iterator[ParticipantSummary]:
    if observed.sample is None:
        return
    for participant_id, judgement in observed.judgements.items():
        yield statistics.summary(participant_id, observed.sample.participants[participant_id], judgement)


def _measure(summary: ParticipantSummary) -> None:
    for direction, loss in (("in", summary.inbound_fraction_lost), ("out", summary.outbound_fraction_lost)):
        if loss is not None:
            LOSS.labels(direction).observe(loss)
    if summary.round_trip_time is not None:
        ROUND_TRIP.observe(summary.round_trip_time)
    if summary.available_outgoing_bitrate is not None:
        ESTIMATE.observe(summary.available_outgoing_bitrate)


def _quality(participant_id: ParticipantId, judgement: Judgement) -> ConnectionQuality:
    return ConnectionQuality(participant_id=participant_id, level=judgement.level, score=judgement.score)
