"""Brings a voice to the loudness that all voices have in a mix, by a gain that changes slowly. Pure.

How loud a voice is, is measured as ITU-R BS.1770-5 and EBU R 128 do: the power of the sound, weighted by how people
hear (K), in blocks of 400 ms each tenth of a second, and of these only what is speech. In place of the filters of the
standard stands what they do to each frequency of the spectrum of 20 ms, which numpy does in one step: above 100 Hz it
differs by less than a fifth of an LU from them. Sound in one channel counts as if it were in two: it is heard so.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from media_fleet.composer.mixing import RATE, Sound

TARGET = -20.0
"""LUFS, of every voice. EBU R 128 has -23 for programmes; on the Web, where small loudspeakers play what has been
turned up less, -16 to -20 is usual (AES TD1008), and a voice needs room above it for the others in the mix."""
LEAST_GAIN, MOST_GAIN = -12.0, 18.0
"""Decibels. More would lift a room's echo, and what its microphone picks up of other people, to the loudness of
speech."""
FALL, RISE = 12.0, 4.0
"""Decibels a second. Whoever shouts is heard as all others after one second; until then the limiter keeps the mix from
breaking. Up it goes slower than words follow each other, so that what somebody stresses stays stressed."""
GATE = -50.0
"""LUFS. What is softer is never speech: with the greatest gain nobody would hear it well."""
ABOVE_NOISE = 10.0
"""LU by which speech is louder than the softest that was heard of its microphone lately. A fan is not."""
MOST_NOISE = -45.0
"""LUFS, to which a gain may lift the noise behind a voice: 25 LU below the voice, where nobody minds it."""
RELATIVE_GATE = -10.0
"""LU: blocks so far below the mean of the others are pauses (BS.1770-5, annex 1)."""
HEARD_S, NOISE_S = 10.0, 5.0
"""Of so many seconds of speech the loudness is measured: some sentences. Of so many seconds of sound the softest is the
noise: who speaks takes a breath within."""
_SILENCE = -70.0
"""LUFS: the absolute gate of BS.1770-5."""
_PIECES_PER_S = 50
_PIECES_PER_BLOCK = 20
_PIECES_PER_HOP = 5
_OFFSET = -0.691
"""With it a sine of 997 Hz at full scale in one channel has -3.01 LKFS (BS.1770-5)."""
_HIGH_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""The filters of the standard at 48 kHz: a head, and the ears' weakness for what is low."""


def _weights(length: int) -> NDArray[np.float32]:
    """What K does to the power at each frequency of the spectrum of so many samples; as they add to a mean square."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(length))
    response = np.ones(len(z), np.complex128)
    for above, below in (_HIGH_SHELF, _HIGH_PASS):
        response *= np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
    twice = np.full(len(z), 2.0)
    twice[0] = 1.0
    if length % 2 == 0:
        twice[-1] = 1.0
    weights: NDArray[np.float32] = (np.square(np.abs(response)) * twice / length**2).astype(np.float32)
    return weights


_KNOWN_WEIGHTS = {RATE // _PIECES_PER_S: _weights(RATE // _PIECES_PER_S)}


def power_of(sound: Sound) -> float:
    """The power of a piece of sound as people hear it: the sum of two channels."""
    length = sound.shape[1]
    weights = _KNOWN_WEIGHTS.get(length)
    if weights is None:
        weights = _KNOWN_WEIGHTS[length] = _weights(length)
    spectrum = np.fft.rfft(sound)
    powers = np.square(spectrum.real) + np.square(spectrum.imag)
    return 2 * float((powers @ weights).sum()) / len(sound)


def loudness_of(power: float) -> float:
    """LUFS."""
    return _OFFSET + 10 * math.log10(power) if power > 0 else -math.inf


class Levelling:
    """Of one voice, in pieces of 20 ms. Sound has the shape (channels, samples), with 1 as full scale."""

    def __init__(self) -> None:
        self.gain = 0.0
        """Decibels, by which the voice is turned up now."""
        self._block: deque[float] = deque(maxlen=_PIECES_PER_BLOCK)
        """The powers of the last pieces that were not silent."""
        self._speech: deque[float] = deque(maxlen=round(HEARD_S * _PIECES_PER_S) // _PIECES_PER_HOP)
        """The powers of blocks of speech."""
        self._softest: deque[float] = deque(maxlen=round(NOISE_S * _PIECES_PER_S) // _PIECES_PER_HOP)
        """The least power of a piece in each tenth of a second."""
        self._pieces = 0
        self._wanted = 0.0

    def put(self, sound: Sound) -> Sound:
        """The piece, as loud as it is to be."""
        power = power_of(sound)
        loudness = loudness_of(power)
        before = self.gain
        if loudness > _SILENCE:
            self._take_up(power)
            most = min(MOST_GAIN, max(0.0, MOST_NOISE - self._noise))
            # In pauses nothing changes, unless what was taken for speech has turned out to be noise.
            if self.gain > most or self._is_speech(loudness):
                change = min(self._wanted, most) - self.gain
                self.gain += min(RISE / _PIECES_PER_S, max(-FALL / _PIECES_PER_S, change))
        if before == self.gain:
            return sound if before == 0 else (sound * np.float32(_factor(before))).astype(np.float32)
        ramp = np.linspace(_factor(before), _factor(self.gain), sound.shape[1], dtype=np.float32)
        return (sound * ramp).astype(np.float32)

    def _take_up(self, power: float) -> None:
        """A piece that is not silent."""
        self._block.append(power)
        if self._pieces % _PIECES_PER_HOP == 0:
            self._softest.append(power)
        else:
            self._softest[-1] = min(self._softest[-1], power)
        self._pieces += 1
        if self._pieces % _PIECES_PER_HOP == 0 and len(self._block) == _PIECES_PER_BLOCK:
            block = sum(self._block) / _PIECES_PER_BLOCK
            if self._is_speech(loudness_of(block)):
                self._speech.append(block)
                self._want()

    def _is_speech(self, loudness: float) -> bool:
        return loudness > max(GATE, self._noise + ABOVE_NOISE)

    @property
    def _noise(self) -> float:
        return loudness_of(min(self._softest))

    def _want(self) -> None:
        """The gain that the speech of the last seconds needs."""
        ungated = sum(self._speech) / len(self._speech)
        least = ungated * _power(RELATIVE_GATE)
        kept = [block for block in self._speech if block > least]
        self._wanted = max(LEAST_GAIN, TARGET - loudness_of(sum(kept) / len(kept)))


def _factor(decibels: float) -> float:
    """Of amplitudes."""
    return float(10 ** (decibels / 20))


def _power(decibels: float) -> float:
    return float(10 ** (decibels / 10))
