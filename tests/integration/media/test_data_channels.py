"""Data channels through a real node, between aiortc clients and Chromium."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiortc
import pytest

from contracts.data_messages import (
    MAX_PAYLOAD,
    Answered,
    Heard,
    Label,
    Said,
    decode_from_node,
    encode_answered,
    encode_heard,
    encode_said,
)
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    Done,
    JoinRoom,
    MoveParticipants,
    PermitData,
    Publish,
    Published,
    SubscriptionOffered,
    Whereabouts,
)
from contracts.rooms import MeetingId, ParticipantId
from media_fleet.main import RunningNode
from tests.integration.media.page_client import Join

MEETING = MeetingId("meeting-1")
TIMEOUT = 15


class Client:
    """A participant with data channels, and nothing else, on its publishing connection."""

    def __init__(self, gateway: Any, name: str) -> None:
        self.id = ParticipantId(name)
        self._gateway = gateway
        self._numbers = itertools.count(1)
        self.connection = aiortc.RTCPeerConnection()
        self.channels = {
            Label.RELIABLE: self.connection.createDataChannel(Label.RELIABLE),
            Label.LOSSY: self.connection.createDataChannel(Label.LOSSY, ordered=False, maxRetransmits=0),
        }
        self.heard: asyncio.Queue[Heard] = asyncio.Queue()
        self.answers: asyncio.Queue[Answered] = asyncio.Queue()

    async def join(self, *, data: bool = True) -> None:
        request = JoinRoom(meeting_id=MEETING, participant_id=self.id, subscribe=True, connection=1, data=data)
        await self._gateway.ask(request, SubscriptionOffered)
        opened = [asyncio.Event() for _ in self.channels]
        for event, channel in zip(opened, self.channels.values(), strict=True):
            channel.on("open", event.set)
            channel.on("message", self._take)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = Publish(
            meeting_id=MEETING,
            participant_id=self.id,
            sdp=self.connection.localDescription.sdp,
            tracks=(),
            version=1,
        )
        published = await self._gateway.ask(offer, Published)
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(sdp=published.sdp, type="answer"))
        async with asyncio.timeout(TIMEOUT):
            for event in opened:
                await event.wait()

    def _take(self, message: bytes) -> None:
        taken = decode_from_node(message)
        if isinstance(taken, Heard):
            self.heard.put_nowait(taken)
        else:
            self.answers.put_nowait(taken)

    def say(self, payload: bytes, *to: str, label: Label = Label.RELIABLE, topic: str = "t") -> int:
        number = next(self._numbers)
        receivers = tuple(ParticipantId(each) for each in to)
        self.channels[label].send(encode_said(Said(number=number, topic=topic, payload=payload, to=receivers)))
        return number

    async def hears(self) -> Heard:
        return await asyncio.wait_for(self.heard.get(), TIMEOUT)

    async def answer(self) -> Answered:
        return await asyncio.wait_for(self.answers.get(), TIMEOUT)

    async def close(self) -> None:
        await self.connection.close()


@pytest.fixture
async def new_client(node: RunningNode, gateway: Any) -> AsyncIterator[Callable[[str], Client]]:
    async with AsyncExitStack() as stack:

        def make(name: str) -> Client:
            client = Client(gateway, name)
            stack.push_async_callback(client.close)
            return client

        yield make


@pytest.fixture
async def alice(new_client: Callable[[str], Client]) -> Client:
    client = new_client("alice")
    await client.join()
    return client


@pytest.fixture
async def bob(new_client: Callable[[str], Client]) -> Client:
    client = new_client("bob")
    await client.join()
    return client


@pytest.mark.parametrize("label", Label)
async def test_a_message_comes_with_the_senders_name_to_all_others(
    alice: Client, bob: Client, new_client: Callable[[str], Client], label: Label
) -> None:
    carol = new_client("carol")
    await carol.join()
    payload = bytes(range(256)) * (MAX_PAYLOAD[label] // 256)
    alice.say(payload, label=label, topic="größe")
    for other in (bob, carol):
        assert await other.hears() == Heard(sender=alice.id, topic="größe", payload=payload)
    assert alice.heard.empty()


async def test_reliable_messages_come_in_order_and_are_answered(alice: Client, bob: Client) -> None:
    numbers = [alice.say(str(place).encode()) for place in range(50)]
    assert [int((await bob.hears()).payload) for _ in numbers] == list(range(50))
    assert [(await alice.answer()).number for _ in numbers] == numbers


async def test_only_those_hear_it_whom_it_is_for(
    alice: Client, bob: Client, new_client: Callable[[str], Client], gateway: Any
) -> None:
    carol, dave = new_client("carol"), new_client("dave")
    await carol.join()
    join = JoinRoom(meeting_id=MEETING, participant_id=dave.id, subscribe=True, connection=1)
    await gateway.ask(join, SubscriptionOffered)
    alice.say(b"for carol and dave", "carol", "dave")
    assert (await carol.hears()).payload == b"for carol and dave"
    assert (await alice.answer()).missed == ("dave",)
    alice.say(b"for nobody", "zoe")
    assert (await alice.answer()).code == ErrorCode.PARTICIPANT_NOT_FOUND
    alice.say(b"for all")
    assert (await bob.hears()).payload == b"for all"


async def test_breakout_rooms_do_not_hear_each_other(alice: Client, bob: Client, gateway: Any) -> None:
    async def move(breakout: str | None, version: int) -> None:
        where = Whereabouts(participant_id=bob.id, breakout=breakout)
        await gateway.ask(MoveParticipants(meeting_id=MEETING, moves=(where,), version=version), Done)

    await move("b1", 2)
    alice.say(b"apart")
    assert (await alice.answer()).code == ""
    await move(None, 3)
    alice.say(b"together")
    assert (await bob.hears()).payload == b"together"


async def test_a_permission_that_is_taken_away_or_given_holds_at_once(alice: Client, bob: Client, gateway: Any) -> None:
    async def permit(*, permitted: bool, version: int) -> None:
        request = PermitData(meeting_id=MEETING, participant_id=alice.id, permitted=permitted, version=version)
        await gateway.ask(request, Done)

    await permit(permitted=False, version=5)
    await permit(permitted=True, version=4)
    refused = alice.say(b"not allowed")
    assert await alice.answer() == Answered(number=refused, code=ErrorCode.PERMISSION_DENIED)
    await permit(permitted=True, version=6)
    alice.say(b"allowed")
    assert (await bob.hears()).payload == b"allowed"


async def test_what_is_malformed_or_too_much_is_refused_and_disturbs_nobody(alice: Client, bob: Client) -> None:
    alice.channels[Label.RELIABLE].send(b"\x01\x00\x00\x00\x07\xff\x00cut off")
    assert await alice.answer() == Answered(number=7, code=ErrorCode.BAD_REQUEST)
    too_long = alice.say(bytes(MAX_PAYLOAD[Label.RELIABLE] + 1))
    assert await alice.answer() == Answered(number=too_long, code=ErrorCode.PAYLOAD_TOO_LARGE)
    for _ in range(150):
        alice.say(b"flood")
    codes = [(await alice.answer()).code for _ in range(150)]
    assert {"", ErrorCode.RATE_LIMITED} == set(codes)
    bob.say(b"still here")
    assert (await alice.hears()).payload == b"still here"


async def test_a_channel_with_another_label_or_of_another_kind_is_closed(alice: Client, bob: Client) -> None:
    closed = [asyncio.Event() for _ in range(3)]
    strange = [
        alice.connection.createDataChannel("something else"),
        alice.connection.createDataChannel(Label.LOSSY, ordered=True),
        alice.connection.createDataChannel(Label.RELIABLE),
    ]
    for event, channel in zip(closed, strange, strict=True):
        channel.on("close", event.set)
    async with asyncio.timeout(TIMEOUT):
        for event in closed:
            await event.wait()
    alice.say(b"the first ones stay")
    assert (await bob.hears()).payload == b"the first ones stay"


async def test_chromium_sends_and_receives_beside_its_media(join: Join, alice: Client, eventually: Any) -> None:
    page = await join("page")
    await page.publish("microphone")
    await page.run("openData()")
    for number, label in enumerate(Label, start=1):
        payload = bytes([number]) * MAX_PAYLOAD[label]
        said = encode_said(Said(number=number, topic="t", payload=payload))
        await page.run(f"sendData('{label}', '{said.hex()}')")
        assert await alice.hears() == Heard(sender=page.id, topic="t", payload=payload)
        alice.say(payload[:5], label=label)
        heard = encode_heard(Heard(sender=alice.id, topic="t", payload=payload[:5])).hex()

        async def has_come(label: Label = label, heard: str = heard) -> bool:
            return heard in await page.run(f"client.data['{label}'].received")

        await eventually(has_come, timeout_s=TIMEOUT)
    received = await page.run(f"client.data['{Label.RELIABLE}'].received")
    assert encode_answered(Answered(number=1)).hex() in received
