"""Who speaks, from how loud everybody is: steady through pauses and words in between. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.rooms import ParticipantId

SPEECH = 0.01
"""Root mean square of a voice, of 1 at full scale: -40 dB. Below is noise."""
LOUDER = 1.4
"""So many times as loud as the one who speaks (3 dB) must another one be."""
AFTER_SILENCE_MS = 300.0
"""So long somebody speaks before they take the place of one who is silent."""
AFTER_SPEECH_MS = 1_200.0
"""The same, while the other one speaks, too."""
_SMOOTHING_MS = 200.0


class Speaker:
    """Times are milliseconds on the recording's clock."""

    def __init__(self) -> None:
        self.current: ParticipantId | None = None
        """Who speaks, or was the last one who did."""
        self.since = 0.0
        """When the current one began to speak, so that they became it."""
        self.spoke_at: dict[ParticipantId, float] = {}
        self._loudness: dict[ParticipantId, float] = {}
        self._challenger: ParticipantId | None = None
        self._since = 0.0
        self._at = 0.0

    @property
    def is_speaking(self) -> bool:
        """Whether the current one speaks now."""
        return self.current is not None and self._loudness.get(self.current, 0.0) >= SPEECH

    @property
    def current_spoke_at(self) -> float:
        """When the current one last spoke."""
        return float("-inf") if self.current is None else self.spoke_at.get(self.current, float("-inf"))

    def hear(self, now: float, loudness: Mapping[ParticipantId, float]) -> None:
        """``loudness``: the root mean square of each participant's sound since the last time; none: silence."""
        weight = min(1.0, max(0.0, now - self._at) / _SMOOTHING_MS)
        self._at = now
        self._loudness = {
            each: known + weight * (loudness.get(each, 0.0) - known)
            for each, known in (dict.fromkeys(loudness, 0.0) | self._loudness).items()
            if known > SPEECH / 100 or each in loudness
        }
        self.spoke_at |= dict.fromkeys((each for each, loud in self._loudness.items() if loud >= SPEECH), now)
        loudest = max(self._loudness, key=self._loudness.__getitem__, default=None)
        if loudest is None or loudest == self.current or self._loudness[loudest] < self._needed():
            self._challenger = None
        elif loudest != self._challenger:
            self._challenger, self._since = loudest, now
        elif now - self._since >= (AFTER_SPEECH_MS if self.is_speaking else AFTER_SILENCE_MS):
            self.current, self.since, self._challenger = loudest, self._since, None

    def gone(self, participant_id: ParticipantId) -> None:
        """Somebody has left."""
        self._loudness.pop(participant_id, None)
        self.spoke_at.pop(participant_id, None)
        if self.current == participant_id:
            self.current = None

    def _needed(self) -> float:
        current = 0.0 if self.current is None else self._loudness.get(self.current, 0.0)
        return max(SPEECH, LOUDER * current if current >= SPEECH else 0.0)
