"""All voices of a meeting as one sound: each at its place on the recording's clock, and none too loud together. Pure.

Sound is 48 kHz stereo, as arrays of float32 of the shape (2, samples), with 1 as full scale. Places are samples since
the recording began.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
CEILING = 0.89
"""What the mix never exceeds: -1 dB, so that no decoder of it does."""
TOGETHER = RATE * 20 // 1000
"""Samples. What comes so near to the end of what is there follows at once: clocks are never quite alike."""
PIECE = RATE * 5 // 1000
"""Samples, for which the limiter looks ahead: peaks are turned down before they come, by a slope of 5 ms."""
_RELEASE = 1.0 / 150
"""How much of the gain comes back with a piece: it takes most of a second."""

Sound = NDArray[np.float32]


def place_at(ms: float) -> int:
    """The sample at a time of the recording's clock."""
    return round(ms * RATE / 1000)


class Voice:
    """One track's sound, until it is mixed."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, Sound]] = deque()
        self._end: int | None = None
        self.shift = 0
        """By how many samples sound lies later than it was meant to, so that it follows on what was before."""

    def put(self, place: int, sound: Sound) -> None:
        """Adds what follows. Gaps are silence; what would lie over something that is there already is left out."""
        at = place
        if self._end is not None and (abs(place - self._end) <= TOGETHER):
            at = self._end
        elif self._end is not None and place < self._end:
            sound = sound[:, self._end - place :]
            at = self._end
        if not sound.shape[1]:
            return
        self.shift = at - place if abs(at - place) <= TOGETHER else 0
        self._pieces.append((at, sound))
        self._end = at + sound.shape[1]

    def take(self, start: int, length: int) -> Sound | None:
        """What lies from ``start`` on; None: nothing. What lies before is forgotten."""
        end = start + length
        taken: Sound | None = None
        while self._pieces and self._pieces[0][0] < end:
            at, sound = self._pieces[0]
            begin, until = max(at, start), min(at + sound.shape[1], end)
            if begin < until:
                taken = np.zeros((2, length), np.float32) if taken is None else taken
                taken[:, begin - start : until - start] = sound[:, begin - at : until - at]
            if at + sound.shape[1] > end:
                break
            self._pieces.popleft()
        return taken


class Limiter:
    """Turns down what would be too loud, before it is, and up again slowly. It holds a piece of sound back."""

    def __init__(self) -> None:
        self._gain: float | None = None
        self._held: Sound = np.zeros((2, 0), np.float32)

    def put(self, sound: Sound) -> Sound:
        """What is ready: all but the last `PIECE` samples of what was put."""
        waiting = np.concatenate((self._held, sound), axis=1)
        ready = []
        while waiting.shape[1] >= 2 * PIECE:
            piece, waiting = waiting[:, :PIECE], waiting[:, PIECE:]
            ready.append(self._turned(piece, waiting[:, :PIECE]))
        self._held = waiting
        return np.concatenate(ready, axis=1) if ready else np.zeros((2, 0), np.float32)

    def rest(self) -> Sound:
        """What was held back."""
        held, self._held = self._held, np.zeros((2, 0), np.float32)
        bearable = min(1.0 if self._gain is None else self._gain, _bearable(held))
        return (held * np.float32(bearable)).astype(np.float32)

    def _turned(self, piece: Sound, following: Sound) -> Sound:
        # At its end the gain suits both: within the piece it lies between two that suit it, and so does at each sample.
        before = _bearable(piece) if self._gain is None else self._gain
        target = min(_bearable(piece), _bearable(following), before + _RELEASE)
        ramp = np.linspace(before, target, piece.shape[1], endpoint=False, dtype=np.float32)
        self._gain = target
        return (piece * ramp).astype(np.float32)


def _bearable(sound: Sound) -> float:
    peak = float(np.abs(sound).max(initial=0.0))
    return min(1.0, CEILING / peak) if peak > 0 else 1.0


def loudness(sound: Sound) -> float:
    """The root mean square."""
    return float(np.sqrt(np.mean(np.square(sound)))) if sound.size else 0.0
