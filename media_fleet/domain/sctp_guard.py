"""Which SCTP packets aiortc may see (RFC 9260).

aiortc trusts its peer: a parameter of length 0 keeps its parser going for ever, a SACK with gaps of 65,535 keeps a node
busy for seconds, and chunks far ahead are kept without bound. Any guest may send such packets, and one event loop
serves all meetings. So each packet is walked through before, and what no honest peer sends is dropped.
"""

from __future__ import annotations

from struct import unpack_from

from msgspec import Struct

MAX_STREAMS = 16
"""More than two channels need, even while former ones are closing."""
MAX_AHEAD = 512
"""How many chunks beyond the first missing one are kept: SCTP sends again what is dropped."""
MAX_GAP = 4096
"""How far a SACK may look beyond what it acknowledges: more than a node ever has under way."""

_HEADER = 12
_DATA, _INIT, _INIT_ACK, _SACK, _HEARTBEAT, _HEARTBEAT_ACK, _ABORT, _SHUTDOWN, _ERROR = 0, 1, 2, 3, 4, 5, 6, 7, 9
_RECONFIG, _FORWARD_TSN = 130, 192
_WITH_PARAMETERS = {_INIT: 20, _INIT_ACK: 20, _HEARTBEAT: 4, _HEARTBEAT_ACK: 4, _ABORT: 4, _ERROR: 4, _RECONFIG: 4}
"""Chunks that hold parameters, and where in the chunk these begin (RFC 9260, 3.3; RFC 6525, 3.1)."""
_RESET_PARAMETERS = {13: 16, 16: 12, 17: 12}
"""RE-CONFIG parameters that aiortc reads, with their least lengths (RFC 6525, 4)."""


FREE_BACKLOG, BACKLOG_STEP = 64, 16
"""So many chunks that are kept cost nothing; from then on each step makes a new one dearer by its own price."""


class Checked(Struct, frozen=True, kw_only=True):
    """A packet that may be handled."""

    chunks: int


def check(packet: bytes, last_received: int | None) -> Checked | None:
    """How much there is in a packet; None if it is to be dropped.

    ``last_received``: the TSN up to which everything has come; None before the association is set up.
    """
    position, chunks, inits = _HEADER, 0, 0
    while position < len(packet):
        if len(packet) - position < 4:
            return None
        kind, length = packet[position], unpack_from("!H", packet, position + 2)[0]
        if length < 4 or length > len(packet) - position:
            return None
        if not _is_sound(kind, packet[position : position + length], last_received):
            return None
        chunks += 1
        inits += kind == _INIT
        position += length + -length % 4
    if chunks == 0 or (inits and chunks > 1):  # an INIT is alone (RFC 9260, 4.3)
        return None
    return Checked(chunks=chunks)


def cost(chunks: int, backlog: int) -> int:
    """What a packet takes of the budget of its association.

    aiortc sorts and scans all that it keeps (``backlog``: what is beyond a missing chunk, and parts of messages) with
    each further chunk and acknowledgement. Honest peers on lossy paths have some dozens under way.
    """
    return chunks * (1 + max(0, backlog - FREE_BACKLOG) // BACKLOG_STEP)


def _is_sound(kind: int, chunk: bytes, last_received: int | None) -> bool:
    if kind == _DATA:
        return _is_sound_data(chunk, last_received)
    if kind == _SACK:
        return _is_sound_sack(chunk)
    if kind == _FORWARD_TSN:
        streams = range(8, len(chunk), 4)
        is_whole = len(chunk) >= 8 and len(chunk) % 4 == 0 and last_received is not None
        return is_whole and all(unpack_from("!H", chunk, at)[0] < MAX_STREAMS for at in streams)
    if kind == _SHUTDOWN:
        return len(chunk) >= 8
    if kind in _WITH_PARAMETERS:
        begin = _WITH_PARAMETERS[kind]
        return len(chunk) >= begin and _are_sound_parameters(chunk, begin, is_reset=kind == _RECONFIG)
    return True


def _is_sound_data(chunk: bytes, last_received: int | None) -> bool:
    if len(chunk) < 17 or last_received is None:  # at least one byte of data (RFC 9260, 3.3.1)
        return False
    stream: int
    tsn, stream = unpack_from("!LH", chunk, 4)
    ahead: int = (tsn - last_received) % (1 << 32)
    return stream < MAX_STREAMS and (ahead <= MAX_AHEAD or ahead >= 1 << 31)


def _is_sound_sack(chunk: bytes) -> bool:
    if len(chunk) < 16:
        return False
    gaps, duplicates = unpack_from("!HH", chunk, 12)
    if len(chunk) < 16 + 4 * (gaps + duplicates):
        return False
    reached = 0
    for index in range(gaps):
        start, end = unpack_from("!HH", chunk, 16 + 4 * index)
        if start <= reached or end < start:
            return False
        reached = end
    return reached <= MAX_GAP


def _are_sound_parameters(chunk: bytes, position: int, *, is_reset: bool) -> bool:
    while position < len(chunk):
        if len(chunk) - position < 4:
            return False
        kind, length = unpack_from("!HH", chunk, position)
        if length < 4 or length > len(chunk) - position:
            return False
        if is_reset and (length < _RESET_PARAMETERS.get(kind, 4) or (kind == 13 and length % 2)):
            return False
        position += length + -length % 4
    return True
