"""All voices of a room in pieces of 20 ms: together, and without those who are not to hear themselves. Pure.

Sound is as in `media_fleet.composer.mixing`: 48 kHz stereo as floats, at places on the mixer's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from contracts.rooms import ParticipantId, TrackSource
from media_fleet.composer.levelling import Levelling
from media_fleet.composer.mixing import RATE, Sound, Voice, loudness

PIECE = RATE // 50
"""Samples of 20 ms."""
NOTHING = 0.001
"""Root mean square, of 1 at full scale: a mix that is softer (-60 dB) is silence, and is not sent."""

Key: TypeAlias = int
"""The SSRC under which a voice comes."""


class Piece(Struct, frozen=True, kw_only=True):
    """20 ms of a room, not limited yet."""

    everybody: Sound | None
    """None: nobody says anything."""
    own: Mapping[ParticipantId, Sound]
    """What those have put in who are in it."""

    def without(self, participant_id: ParticipantId) -> Sound | None:
        """What one of them is to hear; None: nobody else says anything."""
        own = self.own.get(participant_id)
        if own is None or self.everybody is None:
            return self.everybody
        return self.everybody - own if len(self.own) > 1 else None


class _Part:
    """One voice in the mix."""

    def __init__(self, owner: ParticipantId, source: TrackSource) -> None:
        self.owner = owner
        self.voice = Voice()
        # What a screen plays is as loud as it was made; of people nobody is to be louder than the others.
        self._levelling = Levelling() if source is TrackSource.MICROPHONE else None

    def take(self, place: int) -> Sound | None:
        heard = self.voice.take(place, PIECE)
        return heard if heard is None or self._levelling is None else self._levelling.put(heard)


class Mix:
    """The voices of one room."""

    def __init__(self) -> None:
        self._parts: dict[Key, _Part] = {}

    def add(self, key: Key, owner: ParticipantId, source: TrackSource) -> None:
        """Somebody can be heard from now on."""
        self._parts[key] = _Part(owner, source)

    def remove(self, key: Key) -> None:
        """Nothing more comes of a voice; not being there is fine."""
        self._parts.pop(key, None)

    def put(self, key: Key, place: int, sound: Sound) -> None:
        """What a voice says at a place."""
        self._parts[key].voice.put(place, sound)

    def piece(self, place: int) -> Piece:
        """What lies in the 20 ms from a place on. Places are asked for in their order, without gaps."""
        everybody: Sound | None = None
        own: dict[ParticipantId, Sound] = {}
        for part in self._parts.values():
            heard = part.take(place)
            if heard is None:
                continue
            everybody = heard.copy() if everybody is None else everybody + heard
            own[part.owner] = own[part.owner] + heard if part.owner in own else heard
        return Piece(everybody=everybody, own=own)


def is_silent(sound: Sound | None) -> bool:
    """Whether there is nothing in it that anybody would hear."""
    return sound is None or loudness(sound) < NOTHING


def mono(sound: Sound) -> Sound:
    """One channel, of the shape (1, samples), as loud as both."""
    mixed: Sound = sound.mean(axis=0, keepdims=True, dtype=np.float32)
    return mixed
