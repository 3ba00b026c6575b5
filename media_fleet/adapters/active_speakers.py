"""Who speaks where, as the packet core tells it."""

from __future__ import annotations

from collections import Counter
from itertools import count

from msgspec import Struct
from packet_core import PacketCore, SpeakersChanged

from contracts.rooms import MeetingId, ParticipantId
from media_fleet.adapters.transport_listener import TransportListener
from media_fleet.domain.effects import PlaceVoice

Where = tuple[MeetingId, str | None]
"""A meeting, and a breakout room of it or the main room."""


class _Voice(Struct, frozen=True):
    where: Where
    participant_id: ParticipantId


class ActiveSpeakers:
    """One group of the packet core for each breakout room in which somebody has a microphone."""

    def __init__(self, core: PacketCore, listener: TransportListener) -> None:
        self._core = core
        self._listener = listener
        self._next_group = count(1)
        self._voices: dict[int, _Voice] = {}
        self._count: Counter[Where] = Counter()
        """Of voices."""
        self._groups: dict[Where, int] = {}
        self._where: dict[int, Where] = {}
        self._told: dict[Where, tuple[ParticipantId, ...]] = {}

    def place(self, core_id: int, meeting_id: MeetingId, effect: PlaceVoice) -> None:
        """A microphone is heard in a room from now on."""
        self.end(core_id)
        where = (meeting_id, effect.breakout)
        self._voices[core_id] = _Voice(where, effect.participant_id)
        self._count[where] += 1
        if where not in self._groups:
            group = self._groups[where] = next(self._next_group)
            self._where[group] = where
        self._core.set_track_group(core_id, self._groups[where])

    def end(self, core_id: int) -> None:
        """It is heard no more."""
        voice = self._voices.pop(core_id, None)
        if voice is None:
            return
        self._count[voice.where] -= 1
        if self._count[voice.where] > 0:
            return
        del self._count[voice.where]
        del self._where[self._groups.pop(voice.where)]
        if self._told.pop(voice.where, ()):
            self._listener.speakers_changed(*voice.where, ())

    def happened(self, event: SpeakersChanged) -> None:
        """Tells the listener, unless nobody has a microphone there any more."""
        where = self._where.get(event.group)
        if where is None:
            return
        voices = [self._voices[track] for track in event.tracks if track in self._voices]
        speakers = tuple(dict.fromkeys(voice.participant_id for voice in voices if voice.where == where))
        if speakers != self._told.get(where, ()):
            self._told[where] = speakers
            self._listener.speakers_changed(*where, speakers)

    def told(self, meeting_id: MeetingId, breakout: str | None) -> tuple[ParticipantId, ...]:
        """Who speaks there, the loudest first, as was told last."""
        return self._told.get((meeting_id, breakout), ())
