"""A transcoder's pictures and sound, without a node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from aiortc.rtp import RtpPacket
from msgspec.structs import replace

from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.composer.decoding import PictureDecoder, SoundDecoder
from media_fleet.recorder.pictures import Assembly, Picture, Piece
from media_fleet.recorder.protocol import TrackBegun
from media_fleet.recorder.track import RecordedTrack
from media_fleet.transcoder.packets import MAX_PAYLOAD
from media_fleet.transcoder.pictures import (
    MOST_WAITING,
    RATE_AGAIN_S,
    SIZES_AT_ONCE,
    Payload,
    PictureEncoder,
    PictureTranscoder,
    _context,
)
from media_fleet.transcoder.sound import SoundTranscoder

CODECS = ("VP8", "H264")


def frame(level: int, width: int = 320, height: int = 240) -> av.VideoFrame:
    """Noise around a brightness: something that fills packets."""
    noise = np.random.default_rng(level).integers(-20, 20, (height * 3 // 2, width))
    picture = np.full((height * 3 // 2, width), 128, np.int64)
    picture[:height] = level
    return av.VideoFrame.from_ndarray((picture + noise).astype(np.uint8), format="yuv420p")


def assembled(codec: str, payloads: Sequence[Payload]) -> list[Picture]:
    """What a receiver that has had a key frame puts together of packets."""
    assembly = Assembly(codec)
    assembly.needs_key = False
    pieces = (Piece(timestamp=each.timestamp, marker=each.marker, payload=each.data, arrived=0.0) for each in payloads)
    return [picture for piece in pieces for picture in assembly.take(piece)]


def sent(codec: str, encoder: PictureEncoder, number: int, level: int = 100, **size: int) -> list[Picture]:
    """One picture, encoded and put together again."""
    timestamp = (0xFFFFF000 + number * 3_000) & 0xFFFFFFFF
    data = encoder.encode(frame(level, **size), timestamp)
    assert all(len(each) <= MAX_PAYLOAD for each in data)
    payloads = [
        Payload(timestamp=timestamp, data=each, marker=place == len(data) - 1) for place, each in enumerate(data)
    ]
    return assembled(codec, payloads)


@pytest.mark.parametrize("codec", CODECS)
def test_key_frames_come_at_first_when_asked_for_and_with_another_size(codec: str) -> None:
    encoder = PictureEncoder(codec)
    keys = [sent(codec, encoder, number)[0].is_key for number in range(3)]
    assert keys == [True, False, False]
    encoder._key_at = float("-inf")
    encoder.wants_key = True
    assert [sent(codec, encoder, number)[0].is_key for number in (3, 4)] == [True, False]
    assert sent(codec, encoder, 5, width=640, height=360)[0].is_key


@pytest.mark.parametrize("codec", CODECS)
def test_key_frames_that_are_asked_for_at_once_are_one(codec: str) -> None:
    encoder = PictureEncoder(codec)
    keys = []
    for number in range(4):
        encoder.wants_key = True
        keys.append(sent(codec, encoder, number)[0].is_key)
    assert keys == [True, False, False, False]
    assert encoder.wants_key, "it is made when it may be"


@pytest.mark.parametrize("codec", CODECS)
def test_an_encoder_keeps_to_a_rate_that_is_given_while_it_works(codec: str) -> None:
    encoder = PictureEncoder(codec)

    def octets(numbers: range) -> int:
        return sum(len(each.data) for number in numbers for each in sent(codec, encoder, number, 60 + number))

    generous = octets(range(30, 60))
    encoder.limit = 120_000
    encoder._began_at -= RATE_AGAIN_S
    octets(range(60, 75))
    assert octets(range(75, 105)) < generous / 2


@pytest.mark.parametrize(("taken", "made"), [("VP8", "H264"), ("H264", "VP8")])
def test_pictures_come_out_as_they_went_in_and_at_their_time(taken: str, made: str) -> None:
    encoder, transcoder, decoder = PictureEncoder(taken), PictureTranscoder(taken, made), PictureDecoder(made)
    for number in range(6):
        level = 60 + 20 * number
        [picture] = sent(taken, encoder, number, level)
        payloads = list(transcoder.take([picture], 0.0))
        assert [each.marker for each in payloads] == [False] * (len(payloads) - 1) + [True]
        assert {each.timestamp for each in payloads} == {picture.timestamp}
        [out] = assembled(made, payloads)
        shown = decoder.decode(out)
        assert shown is not None
        assert float(shown.to_ndarray(format="gray").mean()) == pytest.approx(level, abs=10)
    assert (transcoder.made, transcoder.dropped) == (6, 0)


@pytest.mark.parametrize("codec", CODECS)
def test_smaller_pictures_are_a_half_as_wide_and_high(codec: str) -> None:
    encoder, transcoder, decoder = PictureEncoder(codec), PictureTranscoder(codec, codec, part=2), PictureDecoder(codec)
    for number in range(3):
        [picture] = sent(codec, encoder, number, 60 + 40 * number, width=642, height=362)
        [out] = assembled(codec, list(transcoder.take([picture], 0.0)))
        shown = decoder.decode(out)
        assert shown is not None
        assert (shown.width, shown.height) == (320, 180)
        assert float(shown.to_ndarray(format="gray").mean()) == pytest.approx(60 + 40 * number, abs=10)


def test_of_pictures_that_wait_the_last_is_made_and_the_others_are_counted() -> None:
    encoder, transcoder = PictureEncoder("VP8"), PictureTranscoder("VP8", "H264")
    waiting = [picture for number in range(5) for picture in sent("VP8", encoder, number)]
    payloads = list(transcoder.take(waiting, 0.0))
    assert {each.timestamp for each in payloads} == {waiting[-1].timestamp}
    assert (transcoder.made, transcoder.dropped) == (1, 4)
    more = [picture for number in range(5, 6 + MOST_WAITING) for picture in sent("VP8", encoder, number)]
    assert list(transcoder.take(more, 0.0)) == []
    assert transcoder.wants_key, "where decoding does not keep up either, it begins anew"
    assert transcoder.dropped == 4 + len(more)


@pytest.mark.parametrize("codec", CODECS)
def test_screens_of_odd_sizes_lose_a_line(codec: str) -> None:
    odd = frame(100, 322, 242).reformat(width=321, height=241)
    encoder = PictureEncoder(codec)
    payloads = [Payload(timestamp=0, data=each, marker=False) for each in encoder.encode(odd, 0)]
    last = replace(payloads[-1], marker=True)
    shown = PictureDecoder(codec).decode(assembled(codec, [*payloads[:-1], last])[0])
    assert shown is not None
    assert (shown.width, shown.height) == (320, 240)


def test_what_is_no_picture_asks_for_a_key_frame_and_breaks_nothing() -> None:
    encoder, transcoder = PictureEncoder("H264"), PictureTranscoder("H264", "VP8")
    broken = Picture(timestamp=0, data=b"\0\0\0\x01\x65broken", is_key=True, arrived=0.0)
    assert list(transcoder.take([broken], 0.0)) == []
    [picture] = sent("H264", encoder, 1)
    assert list(transcoder.take([picture], 0.0))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 64), (64, 15)])
@pytest.mark.parametrize("made", CODECS)
def test_pictures_of_which_nothing_can_be_made_end_no_process(made: str, width: int, height: int) -> None:
    transcoder, context = PictureTranscoder("VP8", made), _context("libvpx", width, height, 100_000)
    tiny = av.VideoFrame(width, height, "yuv420p")
    tiny.pts = 0
    data = b"".join(bytes(each) for each in context.encode(tiny))
    picture = Picture(timestamp=0, data=data, is_key=True, arrived=0.0)
    assert list(transcoder.take([picture], 0.0)) == []
    assert transcoder.wants_key
    assert list(transcoder.take(sent("VP8", PictureEncoder("VP8"), 1, width=16, height=16), 0.0))


def test_sizes_change_a_few_times_at_once_and_then_no_faster_than_rates() -> None:
    encoders = [PictureEncoder("VP8"), PictureEncoder("VP8")]
    transcoder = PictureTranscoder("VP8", "H264")

    def takes(number: int, which: int) -> bool:
        encoders[which]._key_at, encoders[which].wants_key = float("-inf"), True  # another layer begins with one
        pictures = sent("VP8", encoders[which], number, width=320 * (1 + which))
        return bool(list(transcoder.take(pictures, 0.0)))

    turns = [takes(number, number % 2) for number in range(8)]
    assert turns == [True] * (1 + SIZES_AT_ONCE) + [False, True, False, True]
    assert (transcoder.made, transcoder.dropped) == (6, 2)
    changes = transcoder._encoder._size_changes
    changes.append(changes.popleft() - SIZES_AT_ONCE * RATE_AGAIN_S)
    changes.rotate(1)
    assert [takes(8, 0), takes(9, 1)] == [True, False]


class Tone:
    """Packets of 20 ms of a sine."""

    def __init__(self, codec: str, frequency: float) -> None:
        name, rate, self.ticks = {
            "opus": ("libopus", 48_000, 960),
            "G722": ("g722", 16_000, 160),
            "PCMU": ("pcm_mulaw", 8_000, 160),
        }[codec]
        self._context = cast(av.AudioCodecContext, av.CodecContext.create(name, "w"))
        self._context.sample_rate, self._context.format = rate, "s16"
        self._context.layout = "mono"
        self._rate, self._frequency, self._number = rate, frequency, 0

    def packet(self) -> Picture:
        size = self._rate // 50
        at = (np.arange(size) + self._number * size) / self._rate
        samples = (8_000 * np.sin(2 * np.pi * self._frequency * at)).astype(np.int16).reshape(1, -1)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = self._rate
        [data] = [bytes(each) for each in self._context.encode(sound)]
        timestamp = (0xFFFFFF00 + self._number * self.ticks) & 0xFFFFFFFF
        self._number += 1
        return Picture(timestamp=timestamp, data=data, is_key=True, arrived=self._number * 20.0)

    def skip(self, packets: int) -> None:
        self._number += packets


def loudest(sound: Any) -> float:
    samples = sound[0]
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * 48_000 / len(samples))


ALL = [(taken, made) for taken in ("opus", "G722", "PCMU") for made in ("opus", "G722", "PCMU") if taken != made]
TICKS = {"opus": 960, "G722": 160, "PCMU": 160}
CLOCK = {"opus": 48_000, "G722": 8_000, "PCMU": 8_000}


@pytest.mark.parametrize(("taken", "made"), ALL)
def test_a_tone_is_the_same_tone_and_goes_on_without_gaps(taken: str, made: str) -> None:
    tone, transcoder = Tone(taken, 700), SoundTranscoder(taken, CLOCK[taken], made)
    payloads = [payload for _ in range(60) for payload in transcoder.take(tone.packet())]
    assert len(payloads) >= 59
    steps = {(late.timestamp - early.timestamp) & 0xFFFFFFFF for early, late in pairwise(payloads)}
    assert steps == {TICKS[made]}
    assert [each.marker for each in payloads] == [True] + [False] * (len(payloads) - 1)
    decoder = SoundDecoder(made)
    sound = [decoder.decode(Picture(timestamp=0, data=each.data, is_key=True, arrived=0.0)) for each in payloads]
    assert loudest(np.concatenate(sound[5:], axis=1)) == pytest.approx(700, abs=3)


def test_a_short_gap_is_filled_and_after_a_long_one_sound_begins_at_its_time() -> None:
    tone, transcoder = Tone("opus", 700), SoundTranscoder("opus", 48_000, "PCMU")

    def of(packets: int) -> Iterator[Payload]:
        for _ in range(packets):
            yield from transcoder.take(tone.packet())

    first = list(of(10))
    tone.skip(2)
    short = list(of(10))
    assert short[0].timestamp == (first[-1].timestamp + 160) & 0xFFFFFFFF
    assert not any(each.marker for each in short)
    tone.skip(100)
    long = list(of(10))
    assert long[0].marker
    ahead = (long[0].timestamp - first[0].timestamp) & 0xFFFFFFFF
    assert ahead == 160 * (10 + 2 + 10 + 100)


@pytest.mark.parametrize("codec", ["PCMU", "G722"])
def test_sound_of_telephones_is_recorded_as_opus_at_its_place(codec: str, tmp_path: Path) -> None:
    begun = TrackBegun(
        ssrc=1,
        track_id=TrackId("t"),
        participant_id=ParticipantId("p"),
        source=TrackSource.MICROPHONE,
        codec=codec,
        clock_rate=8_000,
        muted=False,
    )
    recorded, tone = RecordedTrack(begun, tmp_path, 1, 0.0), Tone(codec, 700)
    for number in range(150):
        if number == 50:
            tone.skip(50)
        picture = tone.packet()
        packet = RtpPacket(payload_type=96, sequence_number=number, timestamp=picture.timestamp)
        packet.payload = picture.data
        recorded.receive(packet, picture.arrived)
    recorded.close()
    about = recorded.about
    assert about is not None
    assert (about.codec, about.start_ms) == ("opus", 20)
    assert about.duration_ms == pytest.approx(199 * 20, abs=25)
    with av.open(str(tmp_path / about.name)) as container:
        frames = list(container.decode(audio=0))
    assert Fraction(frames[-1].pts or 0) * (frames[-1].time_base or 1) == pytest.approx(199 * 0.02, abs=0.03)
    assert loudest(np.concatenate([each.to_ndarray() for each in frames[:45]], axis=1)) == pytest.approx(700, abs=3)
