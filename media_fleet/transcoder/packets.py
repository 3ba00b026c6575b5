"""Encoded pictures cut into RTP payloads: VP8 (RFC 7741) and H.264 (RFC 6184, non-interleaved mode). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_PAYLOAD = 1_150
"""Octets: with all that a node adds it fits every path that carries IPv6."""
_START_CODE = re.compile(rb"\x00\x00\x00?\x01")
_FU_A = 28
_STAP_A = 24
_TYPE, _IMPORTANCE = 0x1F, 0x60
_FIRST, _LAST = 0x80, 0x40
_PARAMETERS = (7, 8)
"""Sequence and picture parameter sets."""


def vp8_payloads(picture: bytes, picture_id: int) -> Iterator[bytes]:
    """With a descriptor of a picture id of 15 bits."""
    rest = bytes((0x80, 0x80 | (picture_id >> 8) & 0x7F, picture_id & 0xFF))  # I, and the id with M
    room = MAX_PAYLOAD - len(rest) - 1
    for at in range(0, len(picture), room):
        starts = 0x10 if at == 0 else 0
        yield bytes((0x80 | starts,)) + rest + picture[at : at + room]


def h264_payloads(picture: bytes) -> Iterator[bytes]:
    """Of a byte stream (ITU-T H.264, annex B): parameter sets together, large units in fragments."""
    units = [unit for unit in _START_CODE.split(picture) if unit]
    parameters = [unit for unit in units if unit[0] & _TYPE in _PARAMETERS]
    together = b"".join(len(unit).to_bytes(2, "big") + unit for unit in parameters)
    if len(parameters) > 1 and len(together) < MAX_PAYLOAD:
        yield bytes((_STAP_A | max(unit[0] & _IMPORTANCE for unit in parameters),)) + together
        units = [unit for unit in units if unit[0] & _TYPE not in _PARAMETERS]
    for unit in units:
        yield from (unit,) if len(unit) <= MAX_PAYLOAD else _fragments(unit)


def _fragments(unit: bytes) -> Iterator[bytes]:
    """FU-A (RFC 6184, 5.8)."""
    indicator, kind, data = unit[0] & ~_TYPE | _FU_A, unit[0] & _TYPE, unit[1:]
    room = MAX_PAYLOAD - 2
    for at in range(0, len(data), room):
        mark = (_FIRST if at == 0 else 0) | (_LAST if at + room >= len(data) else 0)
        yield bytes((indicator, kind | mark)) + data[at : at + room]
