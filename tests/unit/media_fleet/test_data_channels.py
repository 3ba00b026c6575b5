"""Data channels on a node's DTLS association: slow readers and hostile peers harm nobody but themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc import RTCDataChannel, RTCSctpTransport
from aiortc.rtcdatachannel import RTCDataChannelParameters
from aiortc.rtcsctptransport import Chunk, DataChunk, RTCSctpCapabilities, SackChunk, serialize_packet
from google_crc32c import value as crc32c

from contracts.data_messages import Answered, Label, decode_from_node
from contracts.error_codes import ErrorCode
from media_fleet.domain.effects import SctpEnd
from media_fleet.domain.sctp_guard import cost
from media_fleet.dtls_border import NodeCertificate
from media_fleet.sctp_border import MAX_WAITING, DataChannels, Sent
from tests.doubles.dtls_pair import Pair

TIMEOUT = 10
REMOTE = SctpEnd(port=5000, max_message_size=65_536)


class Association:
    """A node's data channels and an aiortc client's, over one DTLS association."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.said: asyncio.Queue[tuple[Label, bytes]] = asyncio.Queue()
        self.node: DataChannels = pair.node.carry_data(
            REMOTE, lambda label, message: self.said.put_nowait((label, message))
        )
        self.sctp = RTCSctpTransport(pair.client)
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = asyncio.Event()

    async def open(self, label: Label) -> RTCDataChannel:
        lossy = label is Label.LOSSY
        parameters = RTCDataChannelParameters(label=label, ordered=not lossy, maxRetransmits=0 if lossy else None)
        channel = RTCDataChannel(self.sctp, parameters)
        opened = asyncio.Event()
        channel.on("open", opened.set)
        channel.on("message", self.received.put_nowait)
        channel.on("close", self.closed.set)
        await asyncio.wait_for(opened.wait(), TIMEOUT)
        return channel

    async def start(self) -> None:
        self.pair.node.start(self.pair.client_fingerprints())
        await asyncio.wait_for(self.pair.start_client(), TIMEOUT)
        await asyncio.wait_for(self.pair.keys.get(), TIMEOUT)
        await self.sctp.start(RTCSctpCapabilities(maxMessageSize=0), 5000)

    async def next(self) -> bytes:
        return await asyncio.wait_for(self.received.get(), TIMEOUT)


@pytest.fixture
async def association() -> AsyncIterator[Association]:
    pair = Pair(NodeCertificate.generateCertificate())
    association = Association(pair)
    await association.start()
    yield association
    await association.sctp.stop()
    await pair.close()


async def test_the_private_names_of_aiortc_that_we_use_are_there() -> None:
    pair = Pair(NodeCertificate.generateCertificate())
    sctp: Any = RTCSctpTransport(pair.client)
    for name in (
        "_handle_data",
        "_send_chunk",
        "_last_received_tsn",
        "_inbound_streams",
        "_inbound_streams_max",
        "_sack_misordered",
        "_advertised_rwnd",
    ):
        assert hasattr(sctp, name), f"aiortc's RTCSctpTransport has lost {name}: mend media_fleet/sctp_border.py"


@pytest.mark.parametrize("label", Label)
async def test_messages_go_both_ways(association: Association, label: Label) -> None:
    assert association.node.send(label, b"early") is Sent.NO_CHANNEL
    channel = await association.open(label)
    channel.send(b"to the node")
    assert await asyncio.wait_for(association.said.get(), TIMEOUT) == (label, b"to the node")
    assert association.node.open_labels == {label}
    assert association.node.send(label, b"to the client") is Sent.SENT
    assert await association.next() == b"to the client"


async def test_a_slow_reader_of_the_reliable_channel_hears_the_rest_and_why_it_ends(association: Association) -> None:
    channel = await association.open(Label.RELIABLE)
    channel.send(b"open")
    await asyncio.wait_for(association.said.get(), TIMEOUT)
    message = bytes(16 * 1024)
    sent = 0
    while association.node.send(Label.RELIABLE, message) is Sent.SENT:
        sent += 1
        assert sent * len(message) <= MAX_WAITING[Label.RELIABLE]
    assert association.node.send(Label.RELIABLE, b"late") is Sent.NO_CHANNEL
    assert [len(await association.next()) for _ in range(sent)] == [len(message)] * sent
    assert decode_from_node(await association.next()) == Answered(number=0, code=ErrorCode.SLOW_CLIENT)
    await asyncio.wait_for(association.closed.wait(), TIMEOUT)


async def test_a_slow_reader_of_the_lossy_channel_misses_messages(association: Association) -> None:
    channel = await association.open(Label.LOSSY)
    channel.send(b"open")
    await asyncio.wait_for(association.said.get(), TIMEOUT)
    outcomes = [association.node.send(Label.LOSSY, bytes(1024)) for _ in range(100)]
    assert outcomes[-1] is Sent.DROPPED
    for _ in range(outcomes.count(Sent.SENT)):
        await association.next()
    assert association.node.send(Label.LOSSY, b"news") is Sent.SENT
    assert await association.next() == b"news"


async def test_what_makes_aiortc_fail_ends_that_association_alone(association: Association) -> None:
    channel = await association.open(Label.RELIABLE)
    channel.send(b"open")
    await asyncio.wait_for(association.said.get(), TIMEOUT)
    # A second OPEN on a stream that has its channel, against which aiortc only asserts (RFC 8832, 6).
    assert channel.id is not None
    await association.sctp._send(channel.id, 50, b"\x03\x00" + bytes(10))
    await asyncio.wait_for(association.closed.wait(), TIMEOUT)
    assert association.node.send(Label.RELIABLE, b"gone") is Sent.NO_CHANNEL
    assert association.pair.client.state == "connected"
    assert association.pair.failures.empty()


async def test_messages_that_never_become_whole_end_the_association(association: Association) -> None:
    channel = await association.open(Label.RELIABLE)
    channel.send(bytes(400_000))
    await asyncio.wait_for(association.closed.wait(), TIMEOUT)
    assert association.said.empty()
    assert association.pair.client.state == "connected"


async def test_packets_that_no_honest_peer_sends_are_not_looked_at(association: Association) -> None:
    channel = await association.open(Label.RELIABLE)
    endless = b"\x04\x00\x00\x08" + bytes(4)  # a HEARTBEAT with a parameter of length 0
    head = bytes(8)
    checksum = crc32c(head + bytes(4) + endless).to_bytes(4, "little")
    await association.pair.client._send_data(head + checksum + endless)
    channel.send(b"still here")
    assert await asyncio.wait_for(association.said.get(), TIMEOUT) == (Label.RELIABLE, b"still here")


async def test_chunks_behind_a_gap_grow_dear(association: Association) -> None:
    """Each costs aiortc a look at all that wait already: a peer that sends nothing else has few of them looked at."""
    channel = await association.open(Label.RELIABLE)
    assert channel.id is not None
    node, client = association.node._sctp, association.sctp
    answers = 0

    async def count(chunk: Chunk) -> None:
        nonlocal answers
        answers += isinstance(chunk, SackChunk)

    node._send_chunk = count  # type: ignore[method-assign]
    packets = []
    for ahead in range(1, 500):
        chunk = DataChunk(flags=3)
        chunk.tsn, chunk.stream_id, chunk.stream_seq = client._local_tsn + ahead, channel.id, 9
        chunk.protocol, chunk.user_data = 53, b"x"
        packets.append(serialize_packet(5000, 5000, client._remote_verification_tag, chunk))
    for packet in (*packets, *packets * 6):
        await node._handle_data(packet)
    assert 64 < answers < 1_000
    assert not node._has_failed


@pytest.mark.parametrize(("chunks", "backlog", "price"), [(1, 0, 1), (60, 64, 60), (1, 80, 2), (60, 512, 60 * 29)])
def test_a_backlog_makes_chunks_dearer(chunks: int, backlog: int, price: int) -> None:
    assert cost(chunks, backlog) == price
