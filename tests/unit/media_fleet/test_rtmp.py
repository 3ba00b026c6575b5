"""What is said to servers that take RTMP: addresses, messages, what waits, and when they are tried again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.broadcasting import BroadcastState, BroadcastTarget, TargetFailure
from contracts.rtmp_address import RtmpAddress, RtmpAddressError, parse
from media_fleet.broadcaster import target as module
from media_fleet.broadcaster.back_off import BackOff
from media_fleet.broadcaster.encoding import EncodedPacket, StreamParameters
from media_fleet.broadcaster.gop_queue import GopQueue
from media_fleet.broadcaster.rtmp_connection import RtmpConnection, TargetRefusedError, connect
from media_fleet.broadcaster.target import Target
from media_fleet.rtmp.messages import ChunkReader, Kind, Message, RtmpError, Value, chunks, decoded, encoded
from tests.platform_process import free_port

TEXT = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | TEXT,
    lambda each: st.dictionaries(TEXT, each, max_size=3),
    max_leaves=6,
)
MESSAGES = st.builds(Message, st.integers(4, 20), st.integers(0, 9), st.integers(0, 2**32 - 1), st.binary(max_size=400))
PARAMETERS = StreamParameters(width=320, height=180, frame_rate=10, picture=b"", sound=b"")


@pytest.mark.parametrize(
    ("url", "host", "port", "app", "stream", "announced"),
    [
        ("rtmp://a.example/live2/key", "a.example", 1935, "live2", "key", "rtmp://a.example/live2"),
        ("rtmps://a.example:8443/a/b/k?x=1", "a.example", 8443, "a/b", "k?x=1", "rtmps://a.example:8443/a/b"),
        ("rtmp://a.example:443/live/k", "a.example", 443, "live", "k", "rtmp://a.example:443/live"),
        ("rtmp://a.example:1024/live/k", "a.example", 1024, "live", "k", "rtmp://a.example:1024/live"),
        ("rtmps://[2001:db8::1]/rtmp/k", "2001:db8::1", 443, "rtmp", "k", "rtmps://[2001:db8::1]/rtmp"),
    ],
)
def test_an_address_says_where_a_stream_goes(  # noqa: PLR0917
    url: str, host: str, port: int, app: str, stream: str, announced: str
) -> None:
    address = parse(url)
    assert (address.host, address.port, address.app, address.stream) == (host, port, app, stream)
    assert address.announced == announced
    assert stream not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/live/key",
        "rtmp://a.example/key",
        "rtmp:///live/key",
        "rtmp://a.example:0/live/key",
        "rtmp://a.example:22/live/key",
        "rtmps://a.example:1023/live/key",
        "rtmp://u:p@a.example/live/key",
        "rtmp://a.example:many/live/key",
        "rtmp://a.example/live/ke y",
        "rtmp://a.example/live/key#x",
        "rtmp://[::1/live/key",
        "rtmp://\xe4.example/live/key",
    ],
)
def test_what_is_no_address_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(RtmpAddressError) as refused:
        parse(url)
    assert "key" not in str(refused.value).replace("stream's key", "")


@given(sent=st.lists(st.tuples(MESSAGES, st.integers(2, 63)), max_size=6), size=st.integers(1, 300))
def test_messages_come_as_they_were_sent_whatever_the_pieces(sent: list[tuple[Message, int]], size: int) -> None:
    data = b"".join(chunks(message, channel, 128) for message, channel in sent)
    reader = ChunkReader()
    come = [message for at in range(0, len(data), size) for message in reader.take(data[at : at + size])]
    assert [(each.kind, each.stream, each.content) for each in come] == [
        (each.kind, each.stream, each.content) for each, _ in sent
    ]


@given(values=st.lists(VALUES, max_size=4))
def test_values_come_as_they_were_sent(values: list[float | bool | str | None]) -> None:
    assert decoded(encoded(values)) == values


@given(data=st.binary(max_size=300))
def test_what_is_not_rtmp_is_told_as_that_and_as_nothing_else(data: bytes) -> None:
    for read in (lambda: list(ChunkReader().take(data)), lambda: decoded(data)):
        try:
            read()
        except RtmpError:
            continue


def packet(at: int, *, is_picture: bool = True, is_key: bool = False, size: int = 10) -> EncodedPacket:
    return EncodedPacket(data=bytes(size), is_picture=is_picture, at=at, duration=1, is_key=is_key)


@given(keys=st.lists(st.booleans(), max_size=200), takes=st.lists(st.integers(0, 3), max_size=200))
def test_what_waits_is_bounded_and_goes_by_whole_groups(keys: list[bool], takes: list[int]) -> None:
    queue = GopQueue(most_bytes=200, most_packets=15)
    taken: list[EncodedPacket] = []
    for number, is_key in enumerate(keys):
        queue.put(packet(number, is_key=is_key))
        assert len(queue) <= 15
        wanted = takes[number] if number < len(takes) else 0
        taken += [each for each in (queue.take() for _ in range(wanted)) if each is not None]
    for before, after in zip([None, *taken], taken, strict=False):
        follows = before is not None and after.at == before.at + 1
        assert follows or after.is_key, "after a gap there is a key frame"
    first = keys.index(True) if True in keys else len(keys)
    lost = len(keys) - first - len(taken) - len(queue)
    assert queue.dropped <= lost, "what is not even put, for want of a key frame, is beside it"
    queue.begin_anew()
    assert queue.take() is None


@given(chances=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_who_fails_waits_longer_and_longer_but_not_for_ever(chances: list[float]) -> None:
    back_off = BackOff(first_s=1, most_s=30)
    for number, chance in enumerate(chances):
        assert min(30, 2**number) / 2 <= back_off.failed(chance) <= min(30, 2**number)
    assert back_off.attempts == len(chances)
    back_off.succeeded()
    assert back_off.failed(1) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
async def test_nothing_is_sent_to_networks_that_are_not_public(host: str) -> None:
    address = RtmpAddress(is_secure=False, host=host, port=1935, app="live", stream="key")
    with pytest.raises(TargetRefusedError) as refused:
        await connect(address, may_reach_any=False)
    assert refused.value.failure is TargetFailure.PRIVATE


async def test_who_may_not_be_reached_has_failed_and_is_not_tried_again() -> None:
    changed = asyncio.Event()
    target = Target(
        BroadcastTarget(id="t", url="rtmp://127.0.0.1/live/key"), PARAMETERS, may_reach_any=False, changed=changed.set
    )
    await changed.wait()
    assert target.state.state is BroadcastState.FAILED
    assert target.state.reason is TargetFailure.PRIVATE
    await target.stop()


async def reason_for(port: int, *, scheme: str = "rtmp") -> TargetFailure:
    """Why the first attempt at a server of this machine fails."""
    told: asyncio.Queue[None] = asyncio.Queue()
    target = Target(
        BroadcastTarget(id="t", url=f"{scheme}://127.0.0.1:{port}/live/secret"),
        PARAMETERS,
        may_reach_any=True,
        changed=lambda: told.put_nowait(None),
    )
    async with asyncio.timeout(20):
        await told.get()
    await target.stop()
    assert target.state.state is BroadcastState.CONNECTING
    assert target.state.reason is not None
    return target.state.reason


class Giving:
    """A server of RTMP that answers to ``createStream`` with any number, and to ``publish`` with a refusal."""

    def __init__(self, number: float) -> None:
        self._number = number
        self.published: list[int] = []
        """The streams under which was published."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            hello = await reader.readexactly(1 + 1_536)
            writer.write(hello + hello[1:])
            await reader.readexactly(1_536)
        incoming = ChunkReader()
        while data := await reader.read(16_384):
            for message in incoming.take(data):
                if message.kind == Kind.COMMAND:
                    self._answer(message, writer)
        writer.close()

    def _answer(self, message: Message, writer: asyncio.StreamWriter) -> None:
        name, number = decoded(message.content)[:2]
        if name == "publish":
            self.published.append(message.stream)
        if name in {"connect", "createStream"}:
            given = self._number if name == "createStream" else None
            self._say(["_result", number, None, given], writer)
        elif name == "publish":
            self._say(["onStatus", 0.0, None, {"level": "error"}], writer)

    @staticmethod
    def _say(values: list[Value], writer: asyncio.StreamWriter) -> None:
        writer.write(chunks(Message(Kind.COMMAND, 0, 0, encoded(values)), 3, 128))


@asynccontextmanager
async def serving(server: Giving) -> AsyncIterator[int]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, 2.0**32, 1e12])
async def test_a_stream_number_that_is_none_is_told_as_what_it_is_and_tried_again(number: float) -> None:
    async with serving(Giving(number)) as port:
        assert await reason_for(port) is TargetFailure.GARBLED


@pytest.mark.parametrize("number", [0.0, 1.0, 2.0**32 - 1])
async def test_any_other_stream_number_is_taken(number: float) -> None:
    server = Giving(number)
    async with serving(server) as port:
        assert await reason_for(port) is TargetFailure.REFUSED
    assert server.published == [number]


async def test_nobody_learns_from_a_node_which_ports_of_others_are_open() -> None:
    def other(answer: bytes) -> object:
        def answered(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            writer.close()

        return answered

    reasons = {await reason_for(free_port(socket.SOCK_STREAM), scheme=scheme) for scheme in ("rtmp", "rtmps")}
    for answer in (b"", b"SSH-2.0-OpenSSH_9.6\r\n" * 200, b"\x03" + bytes(100)):
        listening = await asyncio.start_server(other(answer), "127.0.0.1", 0)  # type: ignore[arg-type]
        async with listening:
            port = listening.sockets[0].getsockname()[1]
            reasons |= {await reason_for(port, scheme=scheme) for scheme in ("rtmp", "rtmps")}
    assert reasons == {TargetFailure.ABSENT}


async def test_what_nobody_has_thought_of_is_told_too_and_logged_without_the_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_: RtmpConnection, address: RtmpAddress) -> None:
        raise RecursionError(address.stream)

    monkeypatch.setattr(RtmpConnection, "publish", fails)
    async with serving(Giving(1)) as port:
        assert await reason_for(port) is TargetFailure.GARBLED
    [record] = [each for each in caplog.records if each.name == module.__name__]
    assert "RecursionError, fails:" in record.getMessage()
    assert "secret" not in caplog.text
