"""What a mixer makes of voices: each where it belongs, nobody's own in what they hear, and no packet too many."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.composer.decoding import SoundDecoder
from media_fleet.composer.mixing import RATE, Sound
from media_fleet.mixer.heard import HeardVoice
from media_fleet.mixer.mix import PIECE, Mix, Piece
from media_fleet.mixer.outlet import BIT_RATE, ENDING, Outlet
from media_fleet.mixer.outlets import HELD, Outlets, Packet
from media_fleet.mixer.playout import BETWEEN_MS, LEAST_MS, MOST_MS, Playout
from media_fleet.mixer.redundancy import Block, blocks_of
from media_fleet.recorder.pictures import Picture
from media_fleet.recorder.protocol import TrackBegun

ALICE, BOB, CAROL = ParticipantId("alice"), ParticipantId("bob"), ParticipantId("carol")
RED = 97
TONES = {ALICE: 440.0, BOB: 1_000.0, CAROL: 2_500.0}


def tone(frequency: float, pieces: int, amplitude: float = 0.1) -> Sound:
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(pieces * PIECE) / RATE)
    return np.tile(wave, (2, 1)).astype(np.float32)


def strength(sound: Sound, frequency: float) -> float:
    """The amplitude of a tone in a sound."""
    angles = 2 * np.pi * frequency * np.arange(sound.shape[1]) / RATE
    return float(2 * abs(np.mean(sound[0] * np.exp(-1j * angles))))


def heard_in(sound: Sound) -> set[ParticipantId]:
    return {who for who, frequency in TONES.items() if strength(sound, frequency) > 0.02}


class Room:
    """Everybody's tone goes into a mix, for as long as they say."""

    def __init__(self, *people: ParticipantId) -> None:
        self.mix, self.outlets = Mix(), Outlets()
        self._place = 0
        self._people = people
        self._decoders: dict[int, SoundDecoder] = {}
        for number, who in enumerate(people):
            self.mix.add(number, who, TrackSource.MICROPHONE)

    def say(self, pieces: int, *speakers: ParticipantId) -> list[list[Packet]]:
        """What each piece comes to while these speak."""
        for number, who in enumerate(self._people):
            if who in speakers:
                wave = tone(TONES[who], pieces + self._place // PIECE)[:, self._place :]
                self.mix.put(number, self._place, wave)
        made = []
        for _ in range(pieces):
            made.append(list(self.outlets.put(self.mix.piece(self._place))))
            self._place += PIECE
        return made

    def sound(self, key: int, made: Iterable[list[Packet]]) -> Sound:
        """What a listener hears of it."""
        decoder = self._decoders.setdefault(key, SoundDecoder("opus"))
        data = [packet.data for packets in made for packet in packets if packet.key == key]
        pieces = [decoder.decode(Picture(timestamp=0, data=each, is_key=True, arrived=0.0)) for each in data]
        return np.concatenate(pieces, axis=1) if pieces else np.zeros((2, 0), np.float32)


def test_listeners_hear_all_and_those_who_speak_all_but_themselves() -> None:
    room = Room(ALICE, BOB, CAROL)
    for key, without in ((10, None), (11, ALICE), (12, BOB)):
        room.outlets.add(key, without)
    made = room.say(50, ALICE, BOB, CAROL)
    assert heard_in(room.sound(10, made)) == {ALICE, BOB, CAROL}
    assert heard_in(room.sound(11, made)) == {BOB, CAROL}
    assert heard_in(room.sound(12, made)) == {ALICE, CAROL}
    assert room.outlets.encoders == 3


def test_who_begins_to_speak_hears_nothing_of_themselves_and_goes_on_hearing_the_others() -> None:
    room = Room(ALICE, BOB)
    room.outlets.add(11, ALICE)
    before = room.say(25, BOB)
    assert room.outlets.encoders == 1, "she gets what is for all"
    after = room.say(25, ALICE, BOB)
    assert room.outlets.encoders == 1, "hers, which nobody else gets"
    assert heard_in(room.sound(11, before)) == {BOB}
    heard = room.sound(11, after)
    assert strength(heard, TONES[ALICE]) < 0.002
    assert strength(heard[:, 2 * PIECE :], TONES[BOB]) > 0.05
    assert [len(packets) for packets in (*before, *after)] == [1] * 50
    room.say(HELD, BOB)
    assert room.outlets.encoders == 1
    room.say(5, BOB)
    assert list(room.outlets._own) == []


def test_all_who_are_not_in_the_mix_share_one_encoder() -> None:
    room = Room(ALICE, BOB)
    for key in range(10, 20):
        room.outlets.add(key, None)
    room.outlets.add(20, CAROL)
    made = room.say(10, ALICE, BOB)
    assert room.outlets.encoders == 1
    assert room.outlets.encoded == 10
    assert {len(packets) for packets in made} == {11}
    assert len({packet.data for packet in made[-1]}) == 1


def test_where_nothing_is_said_nothing_is_sent_and_the_next_packet_says_that_it_begins() -> None:
    room = Room(ALICE, BOB)
    room.outlets.add(10, None)
    room.outlets.add(11, ALICE)
    begun = room.say(10, ALICE)
    assert [packet.begins for packets in begun for packet in packets if packet.key == 10] == [True] + [False] * 9
    assert room.sound(11, begun).size == 0, "she alone speaks: there is nothing for her"
    silent = room.say(40)
    assert [len(packets) for packets in silent] == [1] * ENDING + [0] * (40 - ENDING)
    [first, second] = room.say(2, BOB)
    assert {(packet.key, packet.begins) for packet in first} == {(10, True), (11, True)}
    assert not any(packet.begins for packet in second)


def test_whoever_has_left_is_not_in_the_mix_and_is_sent_nothing() -> None:
    room = Room(ALICE, BOB)
    room.outlets.add(10, None)
    room.mix.remove(0)
    assert heard_in(room.sound(10, room.say(20, BOB))) == {BOB}
    room.outlets.remove(10)
    assert room.say(1, BOB) == [[]]
    assert room.outlets.encoders == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4), st.integers(0, 3))
def test_everybody_without_one_is_the_sum_of_the_others(levels: list[float], which: int) -> None:
    mix, people = Mix(), [ParticipantId(str(number)) for number in range(len(levels))]
    sounds = [tone(300.0 + 100 * number, 1, level) for number, level in enumerate(levels)]
    for number, (who, sound) in enumerate(zip(people, sounds, strict=True)):
        mix.add(number, who, TrackSource.SCREEN_AUDIO)
        mix.put(number, 0, sound)
    piece, one = mix.piece(0), people[which % len(people)]
    others = [sound for who, sound in zip(people, sounds, strict=True) if who != one]
    heard = piece.without(one)
    assert (heard is None) == (not others)
    if heard is not None:
        assert heard == pytest.approx(sum(others), abs=1e-5)
    assert Piece(everybody=None, own={}).without(one) is None


def test_a_mix_takes_as_many_bits_as_one_voice_or_fewer() -> None:
    outlet, noise = Outlet(), np.random.default_rng(1)
    syllables = np.abs(np.sin(np.linspace(0, 60, 100 * PIECE))) * noise.normal(0, 0.1, 100 * PIECE)
    sound = np.tile(np.convolve(syllables, np.ones(12) / 12, "same"), (2, 1)).astype(np.float32)
    octets = sum(len(outlet.put(sound[:, at : at + PIECE])) for at in range(0, sound.shape[1], PIECE))
    assert 0.5 * BIT_RATE < octets * 8 / 2 < 1.1 * BIT_RATE


# ---- when packets are mixed ----


def arrivals(delays: Iterable[float]) -> list[tuple[int, float]]:
    """Packets of 20 ms with these delays on their way, milliseconds: their timestamps, and when they come."""
    return [((0xFFFFF000 + 960 * number) & 0xFFFFFFFF, 20.0 * number + delay) for number, delay in enumerate(delays)]


def test_steady_packets_are_held_back_a_little_and_follow_each_other() -> None:
    playout = Playout(RATE)
    placed = [playout.place(timestamp, at) for timestamp, at in arrivals([30.0] * 100)]
    assert placed[0] == 30 + LEAST_MS
    assert {round(after - before, 6) for before, after in pairwise(placed)} == {20}


@given(st.lists(st.floats(0, 400), min_size=2, max_size=60))
def test_nothing_is_mixed_before_it_has_come_or_much_later(delays: list[float]) -> None:
    playout = Playout(RATE)
    for timestamp, at in sorted(arrivals(delays), key=lambda each: each[1]):
        placed = playout.place(timestamp, at)
        assert at <= placed <= at + MOST_MS + 400


def test_an_unsteady_path_has_its_voice_held_back_longer_and_a_steady_one_shorter_again() -> None:
    playout, unsteady = Playout(RATE), random.Random(1)
    delays = [unsteady.uniform(0, 100) for _ in range(200)]
    held = [playout.place(timestamp, at) - 20 * number for number, (timestamp, at) in enumerate(arrivals(delays))]
    assert held[0] < 60 + LEAST_MS
    assert len({round(each, 6) for each in held[50:]}) == 1, "all have come in time"
    assert 100 <= held[-1] <= 140
    placed, timestamp, at = 0.0, 0, 0.0
    for number in range(400):
        silence = BETWEEN_MS * 3 if number >= 390 else 0
        timestamp, at = 960 * (200 + number) + round(silence * 48), 20.0 * (200 + number) + silence
        placed = playout.place((0xFFFFF000 + timestamp) & 0xFFFFFFFF, at)
    assert placed - at == pytest.approx(LEAST_MS)


def test_music_that_never_pauses_is_not_held_back_for_ever() -> None:
    playout = Playout(RATE)
    held = [playout.place(timestamp, at) - at for timestamp, at in arrivals([0.0] * 50 + [200.0] + [0.0] * 600)]
    assert max(held[60:]) > 150
    assert held[-1] == pytest.approx(LEAST_MS)


@pytest.mark.parametrize("first", [100, 0xFFFA])
@pytest.mark.parametrize("is_redundant", [False, True], ids=["opus", "red"])
def test_a_voice_comes_in_order_and_what_is_lost_is_taken_from_its_copy_or_leaves_a_gap(
    first: int,
    is_redundant: bool,  # noqa: FBT001
) -> None:
    begun = TrackBegun(
        ssrc=7,
        track_id=TrackId("t"),
        participant_id=ALICE,
        source=TrackSource.MICROPHONE,
        codec="opus",
        clock_rate=RATE,
        muted=False,
    )
    voice, outlet = HeardVoice(begun, RED), Outlet()
    sounds = [outlet.put(piece) for piece in np.split(tone(440, 12), 12, axis=1)]
    packets = [
        RtpPacket(payload_type=96, sequence_number=(first + number) & 0xFFFF, timestamp=960 * number, payload=data)
        for number, data in enumerate(sounds)
    ]
    if is_redundant:
        for before, packet in zip(sounds, packets[1:], strict=False):
            packet.payload = red(before) + packet.payload
            packet.payload_type = RED
    came = [packets[number] for number in (0, 1, 3, 2, 4, 5, 7, 8, 9, 10, 11)]
    placed = [each for number, packet in enumerate(came) for each in voice.take(packet, 20.0 * number)]
    placed += voice.due(1_000.0)
    gaps = [(after - before) // PIECE for (before, _), (after, _) in pairwise(placed)]
    assert gaps == ([1] * 11 if is_redundant else [1, 1, 1, 1, 1, 2, 1, 1, 1, 1])
    assert all(piece.shape == (2, PIECE) for _, piece in placed)


def red(before: bytes) -> bytes:
    """The headers of a packet with one copy, 20 ms old, and the copy (RFC 2198, section 3)."""
    return bytes((0x80 | 96, *(960 << 10 | len(before)).to_bytes(3, "big"), 96)) + before


def test_redundant_packets_come_apart_and_what_is_none_is_nothing() -> None:
    assert blocks_of(red(b"before") + b"now") == [Block(before=960, data=b"before"), Block(before=0, data=b"now")]
    assert blocks_of(bytes((96,)) + b"now") == [Block(before=0, data=b"now")]
    for broken in (b"", bytes((0x80 | 96,)), red(b"before")[:-1], bytes((0x80 | 96, 0, 0, 0))):
        assert blocks_of(broken) == []


@given(st.binary(max_size=60))
def test_any_payload_is_taken_apart_or_is_nothing(payload: bytes) -> None:
    assert sum(len(each.data) for each in blocks_of(payload)) <= len(payload)
