"""Redundant sound (RED, RFC 2198): each packet has a copy of what was in those before it. Pure."""

from __future__ import annotations

from msgspec import Struct

_MORE = 0x80
_HEADER = 4


class Block(Struct, frozen=True, kw_only=True):
    """``before``: by how much its timestamp is less than the packet's; 0 for what the packet itself is for."""

    before: int
    data: bytes


def blocks_of(payload: bytes) -> list[Block]:
    """The blocks of a packet, the earliest first; none, if it is not of that form."""
    headers: list[tuple[int, int]] = []
    at = 0
    while at + _HEADER <= len(payload) and payload[at] & _MORE:
        header = int.from_bytes(payload[at + 1 : at + _HEADER], "big")
        headers.append((header >> 10, header & 0x3FF))
        at += _HEADER
    at += 1
    if at > len(payload) or payload[at - 1] & _MORE or at + sum(length for _, length in headers) > len(payload):
        return []
    blocks = []
    for before, length in headers:
        blocks.append(Block(before=before, data=payload[at : at + length]))
        at += length
    return [*blocks, Block(before=0, data=payload[at:])]
