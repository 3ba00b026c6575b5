"""Fragments of MP4 (ISO/IEC 14496-12, 8.8), as CMAF and HLS have them: a ``moof`` that tells of samples, and an
``mdat`` that has them. Pure.

FFmpeg's muxer makes them too, but not where it is told to. It makes the initialization section, which is as long as
what it tells of codecs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from msgspec import Struct

_BASE_IS_MOOF = 0x020000
_TRUN = 0x000001 | 0x000100 | 0x000200 | 0x000400
"""Of the run: where its data is. Of each sample: duration, size, flags."""
_SYNC, _NOT_SYNC = 0x02000000, 0x01010000
"""Sample flags (8.8.3.1): depends on no other; depends on others, and is no sync sample."""
_START = b"\x00\x00\x01"
_SPS, _PPS, _DELIMITER = 7, 8, 9
"""Types of NAL units (ITU-T H.264, 7.4.1) that the initialization section has, or that say nothing."""


class Sample(Struct, frozen=True):
    """``duration``: in ticks of its track."""

    data: bytes
    duration: int
    is_sync: bool


class Run(Struct, frozen=True):
    """Samples of a track that follow each other. ``starts_at``: ticks of the track."""

    track_id: int
    starts_at: int
    samples: Sequence[Sample]


def fragment(number: int, runs: Sequence[Run]) -> bytes:
    """A ``moof`` and its ``mdat``. ``number`` grows from one fragment to the next, from 1 on."""
    runs = [each for each in runs if each.samples]
    head = _full("mfhd", 0, 0, struct.pack(">I", number))
    size = 8 + len(head) + sum(len(_traf(each, 0)) for each in runs)
    at = size + 8
    trafs = []
    for run in runs:
        trafs.append(_traf(run, at))
        at += sum(len(each.data) for each in run.samples)
    data = b"".join(each.data for run in runs for each in run.samples)
    return _box("moof", head + b"".join(trafs)) + _box("mdat", data)


def length_prefixed(access_unit: bytes) -> bytes:
    """A picture of H.264 as MP4 has it (ISO/IEC 14496-15, 5.3.4.2), from one with start codes (H.264, Annex B).

    Without parameter sets, which are told once, and delimiters.
    """
    units = (each for each in _units(access_unit) if each[0] & 0x1F not in {_SPS, _PPS, _DELIMITER})
    return b"".join(struct.pack(">I", len(each)) + each for each in units)


def codec_of(parameter_sets: bytes) -> str:
    """What H.264 with these parameter sets (Annex B) is called (RFC 6381, 3.3).

    Raises:
        ValueError: there is no sequence parameter set.
    """
    return f"avc1.{_parameter_set(parameter_sets, _SPS)[1:4].hex()}"


def avc_configuration(parameter_sets: bytes) -> bytes:
    """The same for decoders (AVCDecoderConfigurationRecord: ISO/IEC 14496-15, 5.3.3.1), for lengths of four octets.

    Without what follows for High profiles, which nobody reads where it is missing.

    Raises:
        ValueError: one of the parameter sets is missing.
    """
    sps, pps = _parameter_set(parameter_sets, _SPS), _parameter_set(parameter_sets, _PPS)
    sets = b"\xe1" + struct.pack(">H", len(sps)) + sps + b"\x01" + struct.pack(">H", len(pps)) + pps
    return b"\x01" + sps[1:4] + b"\xff" + sets


def _parameter_set(parameter_sets: bytes, kind: int) -> bytes:
    found = next((each for each in _units(parameter_sets) if each[0] & 0x1F == kind), None)
    if found is None:
        raise ValueError(f"no parameter set of type {kind}")
    return found


def _units(stream: bytes) -> Iterator[bytes]:
    """The NAL units between start codes."""
    at = stream.find(_START)
    while at >= 0:
        begin = at + len(_START)
        at = stream.find(_START, begin)
        # A start code of four octets begins with a zero, which is none of the unit's: no unit ends in one (7.4.1).
        unit = stream[begin:] if at < 0 else stream[begin:at].rstrip(b"\x00")
        if unit:
            yield unit


def _traf(run: Run, data_at: int) -> bytes:
    entries = b"".join(
        struct.pack(">III", each.duration, len(each.data), _SYNC if each.is_sync else _NOT_SYNC) for each in run.samples
    )
    return _box(
        "traf",
        _full("tfhd", 0, _BASE_IS_MOOF, struct.pack(">I", run.track_id))
        + _full("tfdt", 1, 0, struct.pack(">Q", run.starts_at))
        + _full("trun", 0, _TRUN, struct.pack(">Ii", len(run.samples), data_at) + entries),
    )


def _full(kind: str, version: int, flags: int, content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + content)


def _box(kind: str, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind.encode() + content
