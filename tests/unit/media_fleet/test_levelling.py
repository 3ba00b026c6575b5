"""Voices come out equally loud, and what is no voice as it was. FFmpeg's meter of EBU R 128 measures."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.filter import Graph
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.composer.levelling import (
    FALL,
    LEAST_GAIN,
    MOST_GAIN,
    MOST_NOISE,
    RISE,
    TARGET,
    Levelling,
    loudness_of,
    power_of,
)
from media_fleet.composer.mixing import CEILING, RATE, Limiter, Sound
from media_fleet.composer.tracks import ReceivedTrack, SoundTrack
from media_fleet.recorder.protocol import TrackBegun

PIECE = RATE // 50


def pieces(sound: Sound) -> list[Sound]:
    return [sound[:, at : at + PIECE] for at in range(0, sound.shape[1] - PIECE + 1, PIECE)]


def levelled(levelling: Levelling, sound: Sound) -> Sound:
    return np.concatenate([levelling.put(piece) for piece in pieces(sound)], axis=1)


def noise(loudness: float, seconds: float, seed: int = 1) -> Sound:
    """Steady, as of a fan, so loud."""
    sound = np.random.default_rng(seed).normal(0, 0.1, (1, round(seconds * RATE)))
    return turned(np.tile(sound, (2, 1)).astype(np.float32), loudness)


def speech(loudness: float, seconds: float, seed: int = 1) -> Sound:
    """Syllables of unlike stress, a word's end now and then, and a breath every three seconds; nothing in between."""
    random = np.random.default_rng(seed)
    envelope: list[np.ndarray] = []
    while sum(map(len, envelope)) < seconds * RATE:
        for _ in range(random.integers(6, 14)):
            length = int(random.integers(RATE // 8, RATE // 4))
            envelope += [random.uniform(0.4, 1.0) * np.sin(np.linspace(0, np.pi, length)) ** 2]
        envelope += [np.zeros(int(random.integers(RATE // 4, RATE // 2)))]
    shape = np.concatenate(envelope)[: round(seconds * RATE)]
    sound = np.convolve(random.normal(0, 1, shape.size), np.ones(12) / 12, "same") * shape
    return turned(np.tile(sound, (2, 1)).astype(np.float32), loudness)


def turned(sound: Sound, loudness: float) -> Sound:
    return sound * np.float32(10 ** ((loudness - measured(sound)) / 20))


def measured(sound: Sound) -> float:
    """The integrated loudness by FFmpeg's ``ebur128``, in LUFS."""
    graph = Graph()
    source = graph.add_abuffer(format="fltp", sample_rate=RATE, layout="stereo")
    meter, sink = graph.add("ebur128", "metadata=1:peak=none"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound, np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts = RATE, 0
    graph.push(frame)
    graph.push(None)
    told = float("-inf")
    while True:
        try:
            told = float(graph.pull().metadata["lavfi.r128.I"])
        except (av.BlockingIOError, av.EOFError):
            return told


def own(sound: Sound) -> float:
    """As `measured`, by our own weights and without gates."""
    return loudness_of(float(np.mean([power_of(piece) for piece in pieces(sound)])))


@pytest.mark.parametrize("frequency", [110, 310, 997, 3_010, 9_000])
def test_loudness_is_that_of_the_standard(frequency: int) -> None:
    tone = 0.1 * np.sin(2 * np.pi * frequency * np.arange(2 * RATE) / RATE)
    sound = np.tile(tone, (2, 1)).astype(np.float32)
    assert own(sound) == pytest.approx(measured(sound), abs=0.2)
    assert own(sound[:1]) == pytest.approx(measured(sound), abs=0.2), "one channel is heard from two loudspeakers"


@pytest.mark.parametrize("loudness", [-36.0, -28.0, -20.0, -12.0, -9.0])
def test_whoever_speaks_is_as_loud_as_all_others_after_some_seconds(loudness: float) -> None:
    heard = levelled(Levelling(), speech(loudness, 16))
    assert measured(heard[:, 8 * RATE :]) == pytest.approx(TARGET, abs=1.5)


def test_somebody_who_moves_away_from_the_microphone_is_heard_again_as_before() -> None:
    levelling = Levelling()
    levelled(levelling, speech(-18, 12))
    heard = levelled(levelling, speech(-34, 20, seed=2))
    assert measured(heard[:, 14 * RATE :]) == pytest.approx(TARGET, abs=1.5)


@given(
    st.lists(st.tuples(st.sampled_from([speech, noise]), st.floats(-60, 0)), min_size=1, max_size=3),
    st.integers(0, 9),
)
@settings(max_examples=15, deadline=None)
def test_the_gain_is_bounded_and_changes_slowly_and_what_all_say_together_is_never_too_loud(
    parts: list[tuple[object, float]], seed: int
) -> None:
    sound = np.concatenate([make(level, 2, seed) for make, level in parts], axis=1)  # type: ignore[operator]
    levelling, limiter, before = Levelling(), Limiter(), 0.0
    for piece in pieces(sound):
        heard = levelling.put(piece)
        assert heard.shape == piece.shape
        assert LEAST_GAIN <= levelling.gain <= MOST_GAIN
        assert -FALL / 50 - 1e-6 <= levelling.gain - before <= RISE / 50 + 1e-6
        before = levelling.gain
        assert float(np.abs(limiter.put(8 * heard)).max(initial=0)) <= CEILING + 1e-4


def test_what_is_no_voice_is_not_turned_up() -> None:
    silence = np.zeros((2, RATE), np.float32)
    assert not levelled(Levelling(), silence).any()
    for loudness in (-65.0, -52.0, -40.0, -30.0):
        levelling = Levelling()
        for sound in (silence, noise(loudness, 4), silence, noise(loudness, 1)):
            assert (levelled(levelling, sound) == sound).all()


def test_a_fan_that_is_switched_on_is_soon_known_for_one() -> None:
    levelling = Levelling()
    levelled(levelling, noise(-66, 8))
    heard = levelled(levelling, noise(-42, 10, seed=2))
    assert measured(heard[:, 8 * RATE :]) == pytest.approx(-42, abs=0.2)


def test_a_pause_changes_nothing_whatever_is_heard_in_it() -> None:
    levelling = Levelling()
    room = noise(-62, 30, seed=5)
    levelled(levelling, speech(-32, 12) + room[:, : 12 * RATE])
    gain = levelling.gain
    assert gain > 6
    pause = room[:, 12 * RATE : 22 * RATE]
    assert levelled(levelling, pause) == pytest.approx(pause * 10 ** (gain / 20), abs=1e-6)
    assert levelling.gain == gain


def test_the_noise_behind_a_voice_is_lifted_to_no_more_than_a_bearable_loudness() -> None:
    levelling = Levelling()
    fan = noise(-50, 20, seed=5)
    heard = levelled(levelling, speech(-36, 20) + fan)
    assert heard.shape == fan.shape
    assert measured(fan) + levelling.gain == pytest.approx(MOST_NOISE, abs=1.5)


@pytest.mark.parametrize(("source", "loudest"), [(TrackSource.MICROPHONE, -13), (TrackSource.SCREEN_AUDIO, -9.8)])
def test_people_are_levelled_and_what_a_screen_plays_is_not(source: TrackSource, loudest: float) -> None:
    begun = TrackBegun(
        ssrc=7,
        track_id=TrackId("t"),
        participant_id=ParticipantId("p"),
        source=source,
        codec="opus",
        clock_rate=RATE,
        muted=False,
    )
    track, loud = SoundTrack(ReceivedTrack(begun)), speech(-10, 6)
    heard = np.concatenate([track.levelled(piece) for piece in pieces(loud)], axis=1)
    assert loudest - 4 < measured(heard) < loudest
