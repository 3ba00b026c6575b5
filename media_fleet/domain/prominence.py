"""Who stands out in a room: whoever it has put in the spotlight, and who speaks in each of its breakout rooms.

Where a subscriber's path does not carry all, their tracks are served first (`layers.priority`). Who speaks is who is
told first in the steady order of the packet core, passed only by somebody clearly louder, and stays it through silence
until somebody else speaks: neither a pause nor a word in between makes pictures switch to and fro.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from contracts.rooms import ParticipantId


class Prominence:
    """What the room knows of it. Subscribers' own choices are theirs (`Participant.is_chosen`)."""

    def __init__(self) -> None:
        self._spotlight: frozenset[ParticipantId] = frozenset()
        self._version = -1
        """The version of the meeting's log as of which the spotlight is known."""
        self._speakers: dict[str | None, ParticipantId] = {}
        """By breakout room; None: the main room."""

    @property
    def speakers(self) -> Collection[ParticipantId]:
        return self._speakers.values()

    def is_spotlit(self, participant_id: ParticipantId) -> bool:
        return participant_id in self._spotlight

    def speaks(self, participant_id: ParticipantId, breakout: str | None) -> bool:
        """Whether they are the one who speaks, or spoke last, in a breakout room or the main room."""
        return self._speakers.get(breakout) == participant_id

    def spotlight(self, chosen: Iterable[ParticipantId], *, version: int) -> Collection[ParticipantId]:
        """The spotlight is on these from now on, unless something later is known. Whom that changes anything for."""
        if version <= self._version:
            return ()
        former, self._spotlight, self._version = self._spotlight, frozenset(chosen), version
        return former ^ self._spotlight

    def heard(self, breakout: str | None, speakers: Sequence[ParticipantId]) -> Collection[ParticipantId]:
        """These speak there now, in the steady order. Whom that changes anything for."""
        former = self._speakers.get(breakout)
        if not speakers or speakers[0] == former:
            return ()
        self._speakers[breakout] = speakers[0]
        return {each for each in (former, speakers[0]) if each is not None}
