"""The recorder's own work: packets to files, whatever order they come in, and files that decode to what was sent."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from contracts.recording_manifest import Manifest, RecordedFile
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.recorder import manifest
from media_fleet.recorder.ending import settle
from media_fleet.recorder.pictures import MAX_PICTURE, MAX_PIECES, Assembly, Piece
from media_fleet.recorder.protocol import TrackBegun
from media_fleet.recorder.reordering import GIVE_UP_MS, LEAP, MAX_WAITING, Reordering
from media_fleet.recorder.seekable import make_seekable
from media_fleet.recorder.timeline import APART_MS, Timeline
from media_fleet.recorder.track import RecordedTrack

PICTURES = 30
GREY_STEP = 7
MTU = 900
ENCODERS = {
    "VP8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "VP9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "H264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
    "AV1": ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1"}),
}


def encoded(codec: str, width: int = 320, height: int = 240) -> list[bytes]:
    """Pictures of noise on a grey that rises, so that each takes several packets and can be told from the others."""
    name, options = ENCODERS[codec]
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.options = options
    noise = np.random.default_rng(1)
    packets = []
    for number in range(PICTURES):
        picture = noise.integers(0, 40, (height, width, 3), dtype=np.uint8) + np.uint8(GREY_STEP * number)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    return [bytes(packet) for packet in [*packets, *context.encode(None)]]


def payloads(codec: str, picture: bytes) -> list[bytes]:
    """A picture as a sender packs it."""
    if codec == "H264":
        return [
            payload for unit in re.split(rb"\x00\x00\x00?\x01", picture) if unit for payload in _h264_payloads(unit)
        ]
    parts = [picture[at : at + MTU] for at in range(0, len(picture), MTU)]
    if codec == "VP8":
        first = [
            VpxPayloadDescriptor(partition_start=int(at == 0), partition_id=0, picture_id=at)
            for at in range(len(parts))
        ]
        return [bytes(descriptor) + part for descriptor, part in zip(first, parts, strict=True)]
    if codec == "VP9":
        always = 0x80 | (not _is_vp9_key(picture)) << 6
        ends = [(at == 0) << 3 | (at == len(parts) - 1) << 2 for at in range(len(parts))]
        return [bytes([always | end, 5]) + part for end, part in zip(ends, parts, strict=True)]
    return list(_av1_payloads(picture))


def _h264_payloads(unit: bytes) -> list[bytes]:
    """Single NAL units, and fragments (RFC 6184, 5.6 and 5.8)."""
    parts = [unit[at : at + MTU] for at in range(1, len(unit), MTU)]
    if len(parts) == 1:
        return [unit]
    ends = [(at == 0) << 7 | (at == len(parts) - 1) << 6 for at in range(len(parts))]
    return [bytes([unit[0] & 0x60 | 28, end | unit[0] & 0x1F]) + part for end, part in zip(ends, parts, strict=True)]


def _is_vp9_key(picture: bytes) -> bool:
    return not picture[0] & 0x04


def _av1_payloads(unit: bytes) -> Iterator[bytes]:
    """One OBU after another, without sizes, in fragments."""
    at = 0
    while at < len(unit):
        kind, size, start, shift = (unit[at] >> 3) & 15, 0, at + 1, 0
        while True:
            octet = unit[start]
            size |= (octet & 0x7F) << shift
            start, shift = start + 1, shift + 7
            if not octet & 0x80:
                break
        obu = bytes([unit[at] & ~0x02]) + unit[start : start + size]
        at = start + size
        fragments = [obu[place : place + MTU] for place in range(0, len(obu), MTU)]
        for number, fragment in enumerate(fragments if kind != 2 else []):
            yield bytes([(number > 0) << 7 | (number < len(fragments) - 1) << 6 | 1 << 4]) + fragment


def packets_of(codec: str, pictures: list[bytes] | None = None) -> list[RtpPacket]:
    """All pictures' packets, in order; the first sequence numbers and timestamps are about to come round."""
    packets: list[RtpPacket] = []
    for number, picture in enumerate(encoded(codec) if pictures is None else pictures):
        packed = payloads(codec, picture)
        for place, payload in enumerate(packed):
            packet = RtpPacket(
                payload_type=96,
                sequence_number=(65_530 + len(packets)) & 0xFFFF,
                timestamp=(0xFFFFF000 + number * 3_000) & 0xFFFFFFFF,
                marker=int(place == len(packed) - 1),
            )
            packet.payload = payload
            packets.append(packet)
    return packets


def track(codec: str, folder: Path) -> RecordedTrack:
    begun = TrackBegun(
        ssrc=1,
        track_id=TrackId("t"),
        participant_id=ParticipantId("p"),
        source=TrackSource.MICROPHONE if codec == "opus" else TrackSource.CAMERA,
        codec=codec,
        clock_rate=48_000 if codec == "opus" else 90_000,
        muted=False,
    )
    return RecordedTrack(begun, folder, 1, 0.0)


def greys(path: Path) -> list[tuple[float, int]]:
    """The pictures of a file, as it is brought to the bucket: when, and how bright."""
    make_seekable(path.parent)
    with av.open(str(path)) as container:
        return [(frame.time, round(frame.to_ndarray(format="gray").mean())) for frame in container.decode(video=0)]


@pytest.mark.parametrize("codec", list(ENCODERS))
def test_packets_that_come_in_any_order_are_a_file_that_decodes(codec: str, tmp_path: Path) -> None:
    recorded = track(codec, tmp_path)
    packets = packets_of(codec)
    assert len(packets) > 2 * PICTURES
    late = packets[:1]
    order = packets[1:]
    shuffled = random.Random(1)
    for at in range(0, len(order), 7):
        part = order[at : at + 7]
        shuffled.shuffle(part)
        late += part
    for number, packet in enumerate(late):
        recorded.receive(packet, number * 1000 / 30 * PICTURES / len(late))
    recorded.close()
    about = recorded.about
    assert about is not None
    assert (about.frames, about.packets_lost, about.duration_ms) == (PICTURES, 0, round((PICTURES - 1) * 1000 / 30))
    shown = greys(tmp_path / about.name)
    assert [time for time, _ in shown] == pytest.approx([number / 30 for number in range(PICTURES)], abs=0.001)
    rise = [grey - shown[0][1] for _, grey in shown]
    assert rise == pytest.approx([GREY_STEP * number for number in range(PICTURES)], abs=6)


SIZES = ((320, 240), (640, 480), (160, 120))


def resized(folder: Path) -> RecordedFile:
    """A track of H.264 in three sizes, a second of each, after a gap of ten seconds before the last."""
    recorded = track("H264", folder)
    pictures = [picture for size in SIZES for picture in encoded("H264", *size)]
    for packet in packets_of("H264", pictures):
        number = ((packet.timestamp - 0xFFFFF000) & 0xFFFFFFFF) // 3_000
        if number >= 2 * PICTURES:
            packet.timestamp = (packet.timestamp + 10 * 90_000) & 0xFFFFFFFF
        recorded.receive(packet, number * 1000 / 30 + (10_000 if number >= 2 * PICTURES else 0))
    recorded.close()
    assert recorded.about is not None
    return recorded.about


def test_h264_that_changes_its_size_is_an_mp4_with_each_picture_in_its_own_and_at_its_time(tmp_path: Path) -> None:
    about = resized(tmp_path)
    assert about.name.endswith(".mp4")
    make_seekable(tmp_path)
    [path] = tmp_path.iterdir()
    data = path.read_bytes()
    assert (path.name, data.index(b"moov") < data.index(b"mdat")) == (about.name, True)
    with av.open(str(path)) as container:
        shown = [(round(1000 * (frame.time or 0)), (frame.width, frame.height)) for frame in container.decode(video=0)]
    expected = [(round(number * 1000 / 30), SIZES[number // PICTURES]) for number in range(3 * PICTURES)]
    assert [size for _, size in shown] == [size for _, size in expected]
    later = [at + (10_000 if size == SIZES[2] else 0) for at, size in expected]
    assert [at for at, _ in shown] == pytest.approx(later, abs=1)
    assert (about.frames, about.duration_ms) == (len(shown), later[-1])


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_h264_that_was_cut_off_is_there_up_to_its_last_second(tmp_path: Path, share: float) -> None:
    about = resized(tmp_path)
    [grown] = tmp_path.iterdir()
    with grown.open("r+b") as file:
        file.truncate(round(grown.stat().st_size * share))
    cut = Manifest(meeting_id=MeetingId("m"), recording_id="r", started_at=0, ended_at=None, files=(about,))
    manifest.write(cut, tmp_path)
    make_seekable(tmp_path, cut_off=True)
    [settled] = settle(tmp_path).files
    shown = greys(tmp_path / about.name)
    assert settled.frames == len(shown)
    assert settled.duration_ms == pytest.approx(1000 * shown[-1][0], abs=1)
    assert 1_000 <= settled.duration_ms < about.duration_ms


def test_after_a_loss_the_file_goes_on_with_the_next_key_frame(tmp_path: Path) -> None:
    first, again = packets_of("VP8"), packets_of("VP8")
    recorded = track("VP8", tmp_path)
    lost = first[len(first) * 7 // 8]
    for number, packet in enumerate(packet for packet in first if packet is not lost):
        recorded.receive(packet, number)
    written = recorded.about
    assert written is not None
    assert recorded.missing(1_000) == [lost.sequence_number]
    recorded.tick(len(first) + GIVE_UP_MS)
    assert recorded.wants_key_frame(len(first))
    for number, packet in enumerate(again):
        packet.sequence_number = (packet.sequence_number + len(first)) & 0xFFFF
        packet.timestamp = (packet.timestamp + PICTURES * 3_000) & 0xFFFFFFFF
        recorded.receive(packet, 1_000 + number)
    recorded.close()
    about = recorded.about
    assert about is not None
    assert about.packets_lost == 1
    shown = greys(tmp_path / about.name)
    assert len(shown) == about.frames == written.frames + PICTURES
    assert not recorded.wants_key_frame(10_000)


def test_a_loss_moves_nothing_on_the_recordings_clock(tmp_path: Path) -> None:
    recorded = track("opus", tmp_path)
    lost, jitter = {100, 300, 500}, random.Random(1)
    for number in range(700):
        packet = RtpPacket(payload_type=96, sequence_number=number, timestamp=number * 960)
        packet.payload = b"\xf8\xff\xfe"
        arrived = 1_000 + number * 20 + jitter.uniform(0, 8)
        if number not in lost:
            recorded.receive(packet, arrived)
        recorded.tick(arrived + 10)
    recorded.close()
    about = recorded.about
    assert about is not None
    assert (about.packets_lost, about.frames) == (3, 697)
    assert about.start_ms == pytest.approx(1_000, abs=8)
    assert about.duration_ms == 699 * 20


@given(st.integers(0, 65_535), st.permutations(range(40)), st.integers(0, 3))
def test_every_packet_comes_out_once_and_in_order(first: int, order: list[int], times: int) -> None:
    reordering: Reordering[int] = Reordering()
    out: list[int | None] = list(reordering.take(first, -1, 0.0))
    for number in order:
        for _ in range(times + 1):
            out += reordering.take((first + 1 + number) & 0xFFFF, number, 0.0)
    assert out == [-1, *range(40)]
    assert reordering.missing(1_000.0) == []


def test_what_does_not_come_is_asked_for_then_given_up_and_a_leap_begins_anew() -> None:
    reordering: Reordering[int] = Reordering()
    assert reordering.take(10, 10, 0.0) == [10]
    assert reordering.take(13, 13, 0.0) == []
    assert reordering.missing(100.0) == [11, 12]
    assert reordering.missing(120.0) == [], "not at once again"
    assert reordering.due(GIVE_UP_MS - 1) == []
    assert reordering.due(GIVE_UP_MS) == [None, 13]
    assert reordering.lost == 2
    assert reordering.take(13 + LEAP + 1, 99, 2_000.0) == [None, 99]
    for number in range(MAX_WAITING + 1):
        reordering.take(13 + LEAP + 3 + number, number, 2_000.0)
    assert reordering.lost == 3, "not more is kept than the memory can bear"


def test_each_packet_is_waited_for_as_long_whatever_else_was_missed_before() -> None:
    reordering: Reordering[int] = Reordering()
    assert reordering.take(0, 0, 0.0) == [0]
    for missing in range(1, 9, 2):
        at = missing * 200.0
        assert reordering.take(missing + 1, missing + 1, at) == []
        assert reordering.take(missing + 3, missing + 3, at + 100.0) == []
        assert reordering.take(missing, missing, at + 300.0) == [missing, missing + 1]
    assert reordering.lost == 0


@given(st.lists(st.floats(0, 200), min_size=5, max_size=50), st.integers(0, 2**32 - 1))
def test_jitter_moves_nothing_and_a_leap_is_placed_by_its_arrival(jitter: list[float], first: int) -> None:
    timeline = Timeline(90_000)
    due = [number * 1000 / 30 for number in range(len(jitter))]
    stamps = [(first + 3_000 * number) & 0xFFFFFFFF for number in range(len(jitter))]
    placed = [timeline.place(stamp, at + late) for stamp, at, late in zip(stamps, due, jitter, strict=True)]
    assert placed == pytest.approx(due, abs=0.01)
    assert timeline.start == pytest.approx(min(jitter), abs=0.01)
    assert timeline.place((first + 90_000_000) & 0xFFFFFFFF, 5_000) == pytest.approx(5_000 - timeline.start)
    assert APART_MS < 90_000_000 / 90 - 5_000


def test_a_unit_in_as_many_packets_as_there_may_be_comes_out_at_once_and_whole() -> None:
    # Joined packet by packet it would take minutes, in which nobody else is recorded.
    size = MAX_PICTURE // MAX_PIECES - 1
    sequence_header = b"\x10\x0a\x00"
    pieces = [sequence_header, b"\x50\x30" + bytes(size - 1), *[b"\xd0" + bytes(size)] * (MAX_PIECES - 3)]
    assembly = Assembly("AV1")
    taken = [assembly.take(Piece(timestamp=1, arrived=0.0, marker=False, payload=each)) for each in pieces]
    assert not any(taken)
    (picture,) = assembly.take(Piece(timestamp=1, arrived=0.0, marker=True, payload=b"\x90" + bytes(size)))
    assert picture.is_key
    assert len(picture.data) == 2 + 1 + 4 + size * (MAX_PIECES - 1) - 1


def test_who_never_ends_a_picture_fills_no_memory() -> None:
    assembly = Assembly("VP8")
    for marker in (*[False] * MAX_PIECES, True):
        assert assembly.take(Piece(timestamp=1, arrived=0.0, marker=marker, payload=b"\x10\x00")) == []
    assert assembly.needs_key


@pytest.mark.parametrize("codec", [*ENCODERS, "opus"])
@given(st.lists(st.tuples(st.binary(max_size=12), st.booleans(), st.integers(0, 2)), max_size=20))
def test_what_is_no_picture_breaks_nothing(codec: str, pieces: list[tuple[bytes, bool, int]]) -> None:
    assembly = Assembly(codec)
    for payload, marker, timestamp in pieces:
        assembly.take(Piece(timestamp=timestamp, marker=marker, payload=payload, arrived=0.0))
    assembly.take(None)
