"""Data channels over a transport's DTLS association: the other border to aiortc (RFC 8831, RFC 8832).

aiortc's `RTCSctpTransport` runs on the `RTCDtlsTransport` of `media_fleet.dtls_border`. What we rely on beyond its
public API, held by ``tests/unit/media_fleet/test_data_channels.py``:

=======================================  ========================================================================
`RTCSctpTransport._handle_data(data)`    all that the peer sends comes through here; overridden
`RTCSctpTransport._send_chunk(chunk)`    all that we send goes through here; overridden
`RTCSctpTransport._last_received_tsn`    what `media_fleet.domain.sctp_guard` measures a packet by
`RTCSctpTransport._inbound_streams`      what is kept of messages that are not whole yet
`RTCSctpTransport._sack_misordered`      what has come beyond a missing chunk
`RTCSctpTransport._inbound_streams_max`  how many streams we take
`RTCSctpTransport._advertised_rwnd`      how many bytes we keep; the peer is told
=======================================  ========================================================================

aiortc waits for no reader: it keeps what is given to it until the peer has acknowledged it. So what may wait for one
reader is bounded here.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from enum import StrEnum

from aiortc import RTCDataChannel, RTCSctpTransport
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcsctptransport import Chunk, RTCSctpCapabilities

from contracts.data_messages import Answered, Label, encode_answered
from contracts.error_codes import ErrorCode
from media_fleet.domain.effects import SctpEnd
from media_fleet.domain.sctp_guard import MAX_STREAMS, check, cost
from media_fleet.domain.token_bucket import TokenBucket

logger = logging.getLogger(__name__)

SCTP_PORT = 5000
MAX_KEPT_BYTES = 256 * 1024
MAX_KEPT_CHUNKS = 1024
"""Of messages that are not whole: sixteen of the longest. A peer that has us keep more loses its association."""
CHUNKS_AT_ONCE, CHUNKS_PER_S = 4_000, 2_000
"""Twice what the deliveries of a meeting that uses up its budget cost in acknowledgements."""
MAX_WAITING = {Label.RELIABLE: 512 * 1024, Label.LOSSY: 32 * 1024}
"""Bytes that wait for one reader: reliable ones some seconds of a slow path, lossy ones as long as they are news."""


class Sent(StrEnum):
    """What became of a message to one reader."""

    SENT = "sent"
    NO_CHANNEL = "no_channel"
    DROPPED = "dropped"
    """The reader is slow, and the channel lossy: newer ones go when the queue is shorter."""
    CLOSED = "closed"
    """The reader is slow, and the channel reliable: it was closed, with the reason as its last message."""


class DataChannels:
    """The two channels of one transport. ``on_message`` gets what the client sends, as long as nothing is closed."""

    def __init__(
        self, transport: RTCDtlsTransport, remote: SctpEnd, on_message: Callable[[Label, bytes], None]
    ) -> None:
        self._sctp = _GuardedSctpTransport(transport)
        self._remote = remote
        self._on_message = on_message
        self._channels: dict[Label, RTCDataChannel] = {}
        self._sctp.on("datachannel", self._opened)

    async def start(self) -> None:
        """Begins the SCTP association; the DTLS association must be connected."""
        await self._sctp.start(RTCSctpCapabilities(maxMessageSize=self._remote.max_message_size), self._remote.port)

    async def stop(self) -> None:
        """Ends the SCTP association, and all its timers."""
        self._channels.clear()
        await self._sctp.stop()

    @property
    def open_labels(self) -> frozenset[Label]:
        return frozenset(label for label, channel in self._channels.items() if channel.readyState == "open")

    def send(self, label: Label, message: bytes) -> Sent:
        """Sends, unless there is no such channel or too much waits for its reader already."""
        channel = self._channels.get(label)
        if channel is None or channel.readyState != "open":
            return Sent.NO_CHANNEL
        if channel.bufferedAmount + len(message) > MAX_WAITING[label]:
            if label is Label.LOSSY:
                return Sent.DROPPED
            channel.send(encode_answered(Answered(number=0, code=ErrorCode.SLOW_CLIENT)))
            channel.close()
            return Sent.CLOSED
        try:
            channel.send(message)
        except ValueError:  # longer than the client takes (RFC 8841, 6)
            return Sent.NO_CHANNEL
        return Sent.SENT

    def _opened(self, channel: RTCDataChannel) -> None:
        label = _label_of(channel)
        if label is None or label in self.open_labels:
            channel.close()
            return
        self._channels[label] = channel
        channel.on("message", lambda message: self._received(label, message))

    def _received(self, label: Label, message: bytes | str) -> None:
        self._on_message(label, message.encode() if isinstance(message, str) else message)


def _label_of(channel: RTCDataChannel) -> Label | None:
    """The label of a channel that is as its label says; else None."""
    if channel.label == Label.RELIABLE:
        is_right = channel.ordered and channel.maxRetransmits is None and channel.maxPacketLifeTime is None
        return Label.RELIABLE if is_right else None
    if channel.label == Label.LOSSY:
        return Label.LOSSY if not channel.ordered and channel.maxRetransmits == 0 else None
    return None


class _GuardedSctpTransport(RTCSctpTransport):
    """An `RTCSctpTransport` that no peer can make busy, large or fail beyond its own association."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        super().__init__(transport, SCTP_PORT)
        self._inbound_streams_max = MAX_STREAMS
        self._advertised_rwnd = MAX_KEPT_BYTES
        self._budget = TokenBucket(capacity=CHUNKS_AT_ONCE, rate=CHUNKS_PER_S, now=time.monotonic())
        self._has_failed = False
        self._kept = 0

    async def _handle_data(self, data: bytes) -> None:
        checked = None if self._has_failed else check(data, self._last_received_tsn)
        if checked is None:
            return
        price = cost(checked.chunks, len(self._sack_misordered) + self._kept)
        if not self._budget.take(price, time.monotonic()):
            return
        try:
            await super()._handle_data(data)
        except Exception:  # whatever a peer makes aiortc fail by is the end of its association, and of no other
            logger.warning("SCTP association failed", exc_info=True)
            await self._fail()
            return
        kept = [chunk for stream in self._inbound_streams.values() for chunk in stream.reassembly]
        self._kept = len(kept)
        if len(kept) > MAX_KEPT_CHUNKS or sum(len(chunk.user_data) for chunk in kept) > MAX_KEPT_BYTES:
            logger.warning("SCTP association ended: messages that never become whole")
            await self._fail()

    async def _fail(self) -> None:
        self._has_failed = True
        self._inbound_streams.clear()
        await self.stop()

    async def _send_chunk(self, chunk: Chunk) -> None:
        with contextlib.suppress(ConnectionError):  # DTLS is closed: what timers still send has nowhere to go
            await super()._send_chunk(chunk)
