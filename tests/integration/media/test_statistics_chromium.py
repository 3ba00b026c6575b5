"""What a node tells of real media: statistics, and the quality of connections."""

from __future__ import annotations

from typing import Any

from contracts.node_rpc import LeaveRoom, ReadParticipantStatistics, ReadRoomStatistics, Refused
from contracts.rooms import ParticipantId
from contracts.statistics import OutboundRtp, ParticipantStatistics, QualityLevel, RoomStatistics
from tests.integration.media.page_client import MEETING, TIMEOUT, Join, PageClient, until_width_is


async def read(gateway: Any, client: PageClient) -> ParticipantStatistics:
    request = ReadParticipantStatistics(meeting_id=MEETING, participant_id=client.id)
    return await gateway.ask(request, ParticipantStatistics)  # type: ignore[no-any-return]


async def test_streams_and_paths_are_told_with_their_rates_and_layers(
    join: Join, eventually: Any, gateway: Any
) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("microphone")
    await alice.publish("camera")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await bob.wish("alice-camera", max_height=360)
    await until_width_is(bob, "alice-camera", 640, eventually)

    async def camera() -> OutboundRtp | None:
        answer = await gateway.request(ReadParticipantStatistics(meeting_id=MEETING, participant_id=bob.id))
        if isinstance(answer, Refused):
            return None  # the node has not looked since he came
        found = [each for each in answer.outbound_rtp if each.track_id == "alice-camera"]
        return found[0] if found else None

    async def is_told() -> bool:
        now = await camera()
        measured = now is not None and now.bitrate > 0 and now.remote_inbound.round_trip_time is not None
        return measured and now is not None and (now.layer, now.expected_layer) == (1, 1)

    await eventually(is_told, timeout_s=TIMEOUT)
    seen = await camera()
    assert seen is not None
    assert (seen.publisher_id, seen.kind, seen.rid, seen.active, seen.starved) == (alice.id, "video", "h", True, False)
    assert (seen.spatial_layer, seen.temporal_layer) == (0, None)
    assert seen.packets_sent > 0
    assert seen.bytes_sent > seen.packets_sent
    sent = await read(gateway, alice)
    layers = {each.layer: each for each in sent.inbound_rtp if each.kind == "video"}
    assert len(layers) == 3
    assert {each.mime_type for each in layers.values()} == {"video/VP8"}
    assert all(0 <= each.jitter < 1 and each.key_frames_received > 0 for each in layers.values())
    assert [each.connection for each in sent.candidate_pairs if each.state == "succeeded"] == ["publish"]
    received = await read(gateway, bob)
    [pair] = received.candidate_pairs
    assert (pair.connection, pair.state, pair.protocol, pair.address_family) == (
        "subscribe",
        "succeeded",
        "udp",
        "IPv4",
    )
    assert pair.available_outgoing_bitrate
    assert received.summary.outbound_bitrate > 0
    assert (received.summary.pictures, received.summary.starved) == (1, 0)
    room: RoomStatistics = await gateway.ask(ReadRoomStatistics(meeting_id=MEETING), RoomStatistics)
    assert {each.participant_id for each in room.participants} == {"alice", "bob"}
    await eventually(lambda: set(gateway.qualities) == {alice.id, bob.id}, timeout_s=TIMEOUT)


async def test_a_connection_that_breaks_off_is_told_to_be_lost(join: Join, eventually: Any, gateway: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("microphone")
    await eventually(lambda: gateway.qualities.get(bob.id) is not None, timeout_s=TIMEOUT)
    await alice.page.close()
    await eventually(lambda: gateway.qualities.get(alice.id) is QualityLevel.LOST, timeout_s=TIMEOUT)
    await gateway.request(LeaveRoom(meeting_id=MEETING, participant_id=alice.id))

    async def is_gone() -> bool:
        room = await gateway.ask(ReadRoomStatistics(meeting_id=MEETING), RoomStatistics)
        return {each.participant_id for each in room.participants} == {bob.id}

    await eventually(is_gone, timeout_s=TIMEOUT)
    refused = await gateway.request(
        ReadParticipantStatistics(meeting_id=MEETING, participant_id=ParticipantId("alice"))
    )
    assert isinstance(refused, Refused)
    assert refused.error.code == "participant_not_found"
