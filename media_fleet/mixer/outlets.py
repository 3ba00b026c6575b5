"""Which mix goes to whom: who listens and is not in it gets the one that is for all, who is in it one without them.

Each listener who may be heard has a stream of their own, whatever is in it: so whoever begins to speak hears nothing of
themselves from the first sample on, and nobody has to be told that it is another mix.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from contracts.rooms import ParticipantId
from media_fleet.composer.mixing import Sound
from media_fleet.mixer.mix import Key, Piece
from media_fleet.mixer.outlet import Outlet

HELD = 250
"""Pieces. Who was in the mix has one of their own for so long after: an encoder that takes over is heard for a moment,
and who has just spoken often goes on."""


class Packet(Struct, frozen=True, kw_only=True):
    """One of Opus, for a listener. ``begins``: they were sent nothing before it."""

    key: Key
    data: bytes
    begins: bool


class _Own:
    """The mix without one participant, while they are in it."""

    def __init__(self, before: Sound | None) -> None:
        self.outlet = Outlet(before)
        self.since = 0
        """Pieces since they were in it."""


class Outlets:
    """``own`` None, of a listener: they are never in the mix."""

    def __init__(self) -> None:
        self._listeners: dict[Key, ParticipantId | None] = {}
        self._shared: Outlet | None = None
        self._own: dict[ParticipantId, _Own] = {}
        self._before: Sound | None = None
        self._sending: set[Key] = set()
        """Who was sent something of the last piece."""
        self.encoded = 0
        """Packets that were encoded."""

    @property
    def encoders(self) -> int:
        """How many mixes are encoded now."""
        return len(self._own) + (self._shared is not None)

    def add(self, key: Key, own: ParticipantId | None) -> None:
        """Somebody listens under an SSRC."""
        self._listeners[key] = own

    def remove(self, key: Key) -> None:
        """Nobody listens there any more; not being there is fine."""
        self._listeners.pop(key, None)

    def put(self, piece: Piece) -> Iterator[Packet]:
        """What a piece comes to, for each listener who is to be sent something."""
        self._follow(piece)
        for_all = b"" if self._shared is None else self._shared.put(piece.everybody)
        own = {each: mine.outlet.put(piece.without(each)) for each, mine in self._own.items()}
        self.encoded += sum(map(bool, (for_all, *own.values())))
        self._before, before = piece.everybody, self._sending
        self._sending = set()
        for key, participant_id in self._listeners.items():
            data = for_all if participant_id is None else own.get(participant_id, for_all)
            if data:
                self._sending.add(key)
                yield Packet(key=key, data=data, begins=key not in before)

    def _follow(self, piece: Piece) -> None:
        """Who is in the mix gets one of their own; who has not been for a while, that for all."""
        listening = {each for each in self._listeners.values() if each is not None}
        for speaker in listening & piece.own.keys():
            if speaker not in self._own:
                self._own[speaker] = _Own(self._before)
            self._own[speaker].since = -1
        for listener, own in list(self._own.items()):
            own.since += 1
            if own.since > HELD or listener not in listening:
                del self._own[listener]
        is_for_all = any(each not in self._own for each in self._listeners.values())
        if not is_for_all:
            self._shared = None
        elif self._shared is None:
            self._shared = Outlet(self._before)
