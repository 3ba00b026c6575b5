"""Puts what a track's packets carry together: pictures of VP8, VP9, AV1 and H.264, and packets of sound. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from aiortc.codecs.h264 import H264PayloadDescriptor
from aiortc.codecs.vpx import VpxPayloadDescriptor
from msgspec import Struct

SOUND = ("opus", "G722", "PCMU")
"""Codecs of which each packet stands by itself."""
MAX_PICTURE = 8 * 1024 * 1024
"""Octets. A publisher that never sends a marker must not fill the memory."""
MAX_PIECES = 16_384
"""The same for one that sends a few octets at a time: each piece takes some more than it has."""

_OBU_SEQUENCE_HEADER, _OBU_TEMPORAL_DELIMITER = 1, 2
_H264_UNIT = re.compile(rb"\x00\x00\x00\x01(.)", re.DOTALL)
_H264_IDR, _H264_SEQUENCE_PARAMETERS = 5, 7


class Piece(Struct, frozen=True, kw_only=True):
    """What matters of an RTP packet. ``arrived``: when, in milliseconds of the recording's clock. ``turns``: by how
    many quarters its picture and those after it are to be turned clockwise; None: as before."""

    timestamp: int
    marker: bool
    payload: bytes
    arrived: float
    turns: int | None = None


class Picture(Struct, frozen=True, kw_only=True):
    """A whole picture (or a packet of sound) as it stands in a file. ``arrived``: when the last of its packets did;
    ``turns``: by how many quarters it is to be turned clockwise where it is shown."""

    timestamp: int
    data: bytes
    is_key: bool
    arrived: float
    turns: int = 0


class Assembly:
    """The pictures of one track. After a loss nothing comes until the next key frame."""

    def __init__(self, codec: str) -> None:
        """``codec``: a name of `media_fleet.domain.media_formats`."""
        self._put_together = _CODECS[codec]
        self._is_sound = codec in SOUND
        self._payloads: list[bytes] = []
        self._size = 0
        self._arrived = 0.0
        self._timestamp: int | None = None
        self._is_broken = False
        self._turns = 0
        self.needs_key = not self._is_sound
        """Whether nothing can be written before a key frame has come."""

    def take(self, piece: Piece | None) -> list[Picture]:
        """The pictures that are whole now. None: some packets are lost."""
        if piece is None:
            self._break()
            return []
        if not piece.payload:
            return []
        whole = self._whole() if self._payloads and piece.timestamp != self._timestamp else []
        self._timestamp = piece.timestamp
        self._turns = self._turns if piece.turns is None else piece.turns
        self._arrived = max(self._arrived, piece.arrived) if self._payloads else piece.arrived
        self._payloads.append(piece.payload)
        self._size += len(piece.payload)
        if self._size > MAX_PICTURE or len(self._payloads) > MAX_PIECES:
            self._break()
        return [*whole, *(self._whole() if piece.marker or self._is_sound else [])]

    def _whole(self) -> list[Picture]:
        payloads, broken, timestamp = self._payloads, self._is_broken, self._timestamp
        self._payloads, self._size, self._is_broken = [], 0, False
        if broken or timestamp is None:
            return []
        try:
            data, is_key = self._put_together(payloads)
        except (ValueError, IndexError):
            self.needs_key = not self._is_sound
            return []
        if not data or (self.needs_key and not is_key):
            return []
        self.needs_key = False
        return [Picture(timestamp=timestamp, data=data, is_key=is_key, arrived=self._arrived, turns=self._turns)]

    def _break(self) -> None:
        """What is begun will not become whole."""
        self._payloads, self._size = [], 0
        self._is_broken = not self._is_sound
        self.needs_key = not self._is_sound


def _sound(payloads: Sequence[bytes]) -> tuple[bytes, bool]:
    return payloads[-1], True


def _vp8(payloads: Sequence[bytes]) -> tuple[bytes, bool]:
    """RFC 7741; the first octet's lowest bit says whether it is an interframe (RFC 6386, 9.1)."""
    data = b"".join(VpxPayloadDescriptor.parse(payload)[1] for payload in payloads)
    return data, not data[0] & 1


def _vp9(payloads: Sequence[bytes]) -> tuple[bytes, bool]:
    """RFC 9628: a picture that is not predicted from others is a key frame."""
    data = b"".join(payload[_vp9_descriptor_length(payload) :] for payload in payloads)
    return data, not payloads[0][0] & 0x40


def _vp9_descriptor_length(payload: bytes) -> int:
    """RFC 9628, 4.2."""
    first = payload[0]
    at = 1
    if first & 0x80:  # I: a picture id of 7 or 15 bits
        at += 2 if payload[at] & 0x80 else 1
    if first & 0x20:  # L: layer indices, and TL0PICIDX without F
        at += 1 if first & 0x10 else 2
    if first & 0x10 and first & 0x40:  # F and P: up to three reference indices, each saying whether another follows
        for _ in range(3):
            at += 1
            if not payload[at - 1] & 1:
                break
    if first & 0x02:  # V: the scalability structure
        at += _vp9_structure_length(payload[at:])
    if at > len(payload):
        raise ValueError("a VP9 descriptor is cut off")
    return at


def _vp9_structure_length(structure: bytes) -> int:
    layers, has_sizes, has_pictures = (structure[0] >> 5) + 1, structure[0] & 0x10, structure[0] & 0x08
    at = 1 + (4 * layers if has_sizes else 0)
    if has_pictures:
        pictures = structure[at]
        at += 1
        for _ in range(pictures):
            at += 1 + ((structure[at] >> 2) & 3)
    return at


def _h264(payloads: Sequence[bytes]) -> tuple[bytes, bool]:
    """RFC 6184, as a byte stream (ITU-T H.264, annex B). A key frame brings its parameter sets along."""
    data = b"".join(H264PayloadDescriptor.parse(payload)[1] for payload in payloads)
    kinds = {unit[0] & 0x1F for unit in _H264_UNIT.findall(data)}
    return data, kinds >= {_H264_IDR, _H264_SEQUENCE_PARAMETERS}


def _av1(payloads: Sequence[bytes]) -> tuple[bytes, bool]:
    """The RTP payload format for AV1, 4.4: a temporal unit in the low-overhead form, without its delimiter."""
    units: list[bytes] = []
    # Put together once it is whole: a unit may take all packets of a picture.
    begun: list[bytes] = []
    for payload in payloads:
        elements = _av1_elements(payload)
        if not payload[0] & 0x80:  # Z: the first element goes on with one that was begun
            begun = []
        is_cut = bool(payload[0] & 0x40)  # Y: the last one goes on
        if len(elements) > 1 or not is_cut:
            units.append(b"".join((*begun, elements[0])))
            begun = []
            units += elements[1:-1] if is_cut else elements[1:]
        if is_cut:
            begun.append(elements[-1])
    kinds = {(unit[0] >> 3) & 0x0F for unit in units if unit}
    data = b"".join(_with_size(unit) for unit in units if unit and (unit[0] >> 3) & 0x0F != _OBU_TEMPORAL_DELIMITER)
    return data, _OBU_SEQUENCE_HEADER in kinds


def _av1_elements(payload: bytes) -> list[bytes]:
    count = (payload[0] >> 4) & 3
    elements: list[bytes] = []
    at = 1
    while at < len(payload):
        if count and len(elements) == count - 1:
            size = len(payload) - at
        else:
            size, at = _leb128(payload, at)
        if at + size > len(payload):
            raise ValueError("an AV1 packet is cut off")
        elements.append(payload[at : at + size])
        at += size
    if not elements:
        raise ValueError("an AV1 packet is empty")
    return elements


def _with_size(unit: bytes) -> bytes:
    """An OBU with its size in it (AV1, 5.3.2)."""
    if unit[0] & 0x02:
        return unit
    head = 2 if unit[0] & 0x04 else 1
    size, rest = bytearray(), len(unit) - head
    while rest >= 0x80:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    size.append(rest)
    return bytes([unit[0] | 0x02]) + unit[1:head] + bytes(size) + unit[head:]


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        octet = data[at + index]
        value |= (octet & 0x7F) << (7 * index)
        if not octet & 0x80:
            return value, at + index + 1
    raise ValueError("a size in an AV1 packet is too long")


_CODECS: dict[str, Callable[[Sequence[bytes]], tuple[bytes, bool]]] = {
    **dict.fromkeys(SOUND, _sound),
    "VP8": _vp8,
    "VP9": _vp9,
    "H264": _h264,
    "AV1": _av1,
}
