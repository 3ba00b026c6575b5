"""Statistics of rooms, from their media node to whoever administers them; the quality of connections, to everybody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from meetings_service.adapters.broker import Broker
from meetings_service.adapters.rooms import Rooms
from meetings_service.errors import RoomRefusedError, RoomsUnavailableError

from contracts.client_messages import ErrorBody
from contracts.node_rpc import JoinRoom, QualitiesChanged, ReadParticipantStatistics, ReadRoomStatistics, Refused
from contracts.room_commands import ParticipantStatisticsRead, RoomAnswer, RoomRequest, StatisticsRead
from contracts.rooms import Identity, MeetingId, NodeId, ParticipantId
from contracts.statistics import ConnectionQuality, ParticipantSummary, QualityLevel, RoomStatistics

Platform = Any


def ask(platform: Platform, request: RoomRequest) -> Any:
    rooms = Rooms(Broker(f"{platform.valkey.connection_url}/0", patience_s=20.0))

    def asking() -> RoomAnswer:
        return rooms.ask(MeetingId(platform.meeting_id), request, by=Identity("u_owner"))

    return asyncio.to_thread(asking)


def summary(participant_id: str) -> ParticipantSummary:
    return ParticipantSummary(
        participant_id=ParticipantId(participant_id),
        level=QualityLevel.GOOD,
        score=3.6,
        inbound_bitrate=1.5e6,
        outbound_bitrate=0.0,
        inbound_fraction_lost=0.01,
        outbound_fraction_lost=None,
        round_trip_time=0.04,
        available_outgoing_bitrate=None,
        wanted_outgoing_bitrate=0.0,
        pictures=0,
        pictures_below=0,
        starved=0,
    )


async def test_the_node_of_a_meeting_is_asked_whichever_gateway_answers(platform: Platform) -> None:
    gateway = await platform.gateway()
    assert await platform.join(gateway, "u_ada")
    nowhere = await ask(platform, StatisticsRead())
    assert (nowhere.node_id, nowhere.participants) == (None, ())
    node = await platform.node()
    await platform.eventually(lambda: node.asked(JoinRoom))
    await platform.gateway()
    told = RoomStatistics(node_id=node.id, timestamp=7, participants=(summary("p_1"),))
    node.answers[ReadRoomStatistics] = lambda _: told
    for _ in range(4):  # each of the two answers some
        assert await ask(platform, StatisticsRead()) == told


async def test_a_node_without_an_answer_is_unavailable_and_who_has_no_media_is_not_found(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada = await platform.join(gateway, "u_ada")
    await platform.eventually(lambda: node.asked(JoinRoom))
    with pytest.raises(RoomsUnavailableError):
        await ask(platform, StatisticsRead())
    refusal = Refused(error=ErrorBody(code="participant_not_found", message="No connection."))
    node.answers[ReadParticipantStatistics] = lambda _: refusal
    for who in (ada.id, "p_gone"):
        with pytest.raises(RoomRefusedError) as refused:
            await ask(platform, ParticipantStatisticsRead(participant_id=ParticipantId(who)))
        assert refused.value.code == "participant_not_found"
    assert [each.participant_id for each in node.asked(ReadParticipantStatistics)] == [ada.id]


async def test_connections_that_become_worse_are_told_to_everybody_and_all_to_a_newcomer(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await platform.eventually(lambda: len({each.participant_id for each in node.asked(JoinRoom)}) == 2)

    def report(level: QualityLevel, only_for: tuple[str, ...] | None, node_id: NodeId = node.id) -> QualitiesChanged:
        gone = ConnectionQuality(participant_id=ParticipantId("p_gone"), level=level, score=1.0)
        quality = ConnectionQuality(participant_id=ParticipantId(ada.id), level=level, score=2.1)
        return QualitiesChanged(
            node_id=node_id,
            meeting_id=MeetingId(platform.meeting_id),
            qualities=(quality, gone),
            only_for=None if only_for is None else tuple(map(ParticipantId, only_for)),
        )

    await node.report(report(QualityLevel.LOST, None, NodeId("another")))
    await node.report(report(QualityLevel.POOR, None))
    await node.report(report(QualityLevel.GOOD, (bob.id,)))
    poor = {"participants": [{"participant_id": ada.id, "level": "poor", "score": 2.1}]}
    assert await ada.received("connection_quality") == poor
    assert await bob.received("connection_quality") == poor
    assert (await bob.received("connection_quality", 2))["participants"][0]["level"] == "good"
    await node.report(report(QualityLevel.EXCELLENT, None))
    assert (await ada.received("connection_quality", 2))["participants"][0]["level"] == "excellent"
