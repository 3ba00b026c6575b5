"""Media between clients and a (scripted) media node."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    ActiveSpeakers,
    AnswerSubscription,
    CamerasShown,
    ChangeSubscriptions,
    CloseRoom,
    Done,
    JoinRoom,
    LayersWanted,
    LeaveRoom,
    Offer,
    PermitData,
    Publish,
    Published,
    Refused,
    SetTrackMuted,
    SubscriptionChanged,
)
from contracts.rooms import MeetingId, ParticipantId, Permissions, Role, SeparateReason, SoundForm, TrackId
from contracts.sound_work import SetSound, SoundChanged

Platform = Any
CAMERA = {"mid": "0", "source": "camera"}
MICROPHONE = {"mid": "1", "source": "microphone", "muted": True}


async def test_a_meeting_goes_to_the_least_loaded_node_of_the_region(platform: Platform) -> None:
    # Before the gateway, which places by what it saw last.
    await platform.node("far_and_idle", load=0.0, region="south")
    await platform.node("near_and_busy", load=0.6, region="north")
    chosen = await platform.node("near", load=0.2, region="north")
    gateway = await platform.gateway(region="north")
    ada = await platform.join(gateway, "u_ada")
    assert (await ada.received("subscriber_offer"))["sdp"] == f"offer to {ada.id}"
    assert chosen.asked(JoinRoom, ada.id)


async def test_a_meeting_goes_to_the_next_region_when_its_own_is_full(platform: Platform) -> None:
    await platform.node("near_and_full", load=0.99, region="north")
    await platform.node("far_and_idle", load=0.0, region="south")
    chosen = await platform.node("next", load=0.6, region="west")
    gateway = await platform.gateway(region="north", regions=("west",))
    ada = await platform.join(gateway, "u_ada")
    await ada.received("subscriber_offer")
    assert chosen.asked(JoinRoom, ada.id)


async def test_meetings_that_begin_together_go_to_several_nodes(platform: Platform) -> None:
    nodes = [await platform.node(f"n_{number}", load=0.1 + number / 1000) for number in range(4)]
    gateways = [await platform.gateway(), await platform.gateway()]
    clients = []
    for number in range(12):
        platform.meeting_id = f"m-{number}"
        clients.append(await platform.join(gateways[number % 2]))
    for client in clients:
        await client.received("subscriber_offer")
    assert max(len(node.asked(JoinRoom)) for node in nodes) <= 8


async def test_all_of_a_meeting_are_on_one_node(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    nodes = [await platform.node("n_1"), await platform.node("n_2")]
    clients = [await platform.join(gateway, f"u_{who}") for who, gateway in enumerate((one, two, one, two))]
    for client in clients:
        await client.received("subscriber_offer")
    assert sorted(len(node.asked(JoinRoom)) for node in nodes) == [0, 4]


async def test_published_tracks_are_announced_after_the_node_took_them(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    answer = await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA, MICROPHONE]})
    assert answer["sdp"] == "answer to v=0"
    ids = {track["mid"]: track["track_id"] for track in answer["tracks"]}
    first, second = await bob.happened("track_published"), await bob.happened("track_published", 2)
    assert first["track"] == {
        "id": ids["0"],
        "participant_id": ada.id,
        "source": "camera",
        "kind": "video",
        "muted": False,
    }
    assert (second["track"]["id"], second["track"]["muted"]) == (ids["1"], True)
    assert [(track.mid, track.track_id, track.muted) for track in node.asked(Publish)[0].tracks] == [
        ("0", ids["0"], False),
        ("1", ids["1"], True),
    ]


async def test_track_ids_last_over_renegotiation_and_resuming_elsewhere(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    ada = await platform.join(one, "u_ada")
    first = await ada.ask("publish_offer", {"sdp": "1", "tracks": [CAMERA]})
    second = await ada.ask("publish_offer", {"sdp": "2", "tracks": [CAMERA, MICROPHONE]})
    assert second["tracks"][0] == first["tracks"][0]
    await ada.vanish()
    back = await platform.join(two, "u_ada", resume=ada.resume)
    third = await back.ask("publish_offer", {"sdp": "3", "tracks": [MICROPHONE]})
    assert third["tracks"][0] == second["tracks"][1]
    gone = await back.happened("track_unpublished")
    assert gone["track_id"] == first["tracks"][0]["track_id"]
    assert node.asked(Publish)[-1].tracks[0].muted is True


async def test_what_the_node_refuses_is_not_published(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    node.answers[Publish] = lambda _: Refused(error=ErrorBody(code=ErrorCode.BAD_SDP, message="No."))
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    assert await ada.code("publish_offer", {"sdp": "?", "tracks": [CAMERA]}) == "bad_sdp"
    await ada.ask("send_chat", {"text": "still here"})
    await bob.happened("chat_sent")
    assert "track_published" not in {event["type"] for event in bob.events}


async def test_without_a_node_there_is_chat_and_media_follows_when_there_is_one(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    assert await ada.code("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]}) == "no_media_node"
    assert "message_id" in await ada.ask("send_chat", {"text": "anyone?"})
    await platform.node()
    await ada.received("subscriber_offer")
    assert "sdp" in await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]})


async def test_offers_and_answers_are_passed_on_as_they_are(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada = await platform.join(gateway, "u_ada")
    await ada.received("subscriber_offer")
    offer = Offer(generation=1, negotiation=2, sdp="changed", tracks=())
    await node.report(
        SubscriptionChanged(
            node_id=node.id,
            meeting_id=MeetingId(platform.meeting_id),
            participant_id=ParticipantId(ada.id),
            offer=offer,
        )
    )
    assert await ada.received("subscriber_offer", 2) == {
        "generation": 1,
        "negotiation": 2,
        "sdp": "changed",
        "tracks": [],
    }
    assert await ada.ask("subscriber_answer", {"generation": 1, "negotiation": 2, "sdp": "fine"}) == {}
    answered = node.asked(AnswerSubscription)[0]
    assert (answered.generation, answered.negotiation, answered.sdp) == (1, 2, "fine")
    wish = {"track_id": "t_1", "enabled": False, "max_height": 180, "max_frame_rate": 15, "pinned": True}
    assert await ada.ask("update_subscriptions", {"tracks": [wish], "max_cameras": 4}) == {}
    asked = node.asked(ChangeSubscriptions)[0]
    assert asked.max_cameras == 4
    assert (asked.tracks[0].max_height, asked.tracks[0].max_frame_rate, asked.tracks[0].pinned) == (180, 15, True)
    assert await ada.ask("restart_media") == {}
    assert (await ada.received("subscriber_offer", 3))["generation"] == 2


async def test_a_publisher_is_told_what_others_need_of_a_track(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await ada.received("subscriber_offer")
    await node.report(
        LayersWanted(
            node_id=node.id,
            meeting_id=MeetingId(platform.meeting_id),
            participant_id=ParticipantId(ada.id),
            track_id=TrackId("t_1"),
            layers=1,
        )
    )
    assert await ada.received("layers_wanted") == {"track_id": "t_1", "layers": 1}
    assert "layers_wanted" not in {name for name, _ in bob.messages}


async def test_a_viewer_is_told_which_cameras_are_sent(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await ada.received("subscriber_offer")
    for track_ids in ((TrackId("t_1"),), None):
        await node.report(
            CamerasShown(
                node_id=node.id,
                meeting_id=MeetingId(platform.meeting_id),
                participant_id=ParticipantId(ada.id),
                track_ids=track_ids,
            )
        )
    assert await ada.received("cameras_shown") == {"track_ids": ["t_1"]}
    assert await ada.received("cameras_shown", 2) == {"track_ids": None}
    assert "cameras_shown" not in {name for name, _ in bob.messages}


async def test_sound_is_asked_for_in_one_form_and_its_listener_is_told_how_it_comes(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await ada.received("subscriber_offer")
    assert await ada.ask("set_sound", {"form": "mixed"}) == {}
    assert [(each.participant_id, each.form) for each in node.asked(SetSound)] == [(ada.id, SoundForm.MIXED)]
    assert await ada.code("set_sound", {"form": "loud"}) == "validation_failed"
    for form, reason in ((SoundForm.MIXED, None), (SoundForm.SEPARATE, SeparateReason.NO_MIXER)):
        await node.report(
            SoundChanged(
                node_id=node.id,
                meeting_id=MeetingId(platform.meeting_id),
                participant_id=ParticipantId(ada.id),
                form=form,
                reason=reason,
            )
        )
    assert await ada.received("sound_changed") == {"form": "mixed", "reason": None}
    assert await ada.received("sound_changed", 2) == {"form": "separate", "reason": "no_mixer"}
    assert "sound_changed" not in {name for name, _ in bob.messages}


async def test_what_is_encrypted_is_not_mixed(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada = await platform.join(gateway, "u_ada", permissions=Permissions(moderate=True, subscribe=True))
    assert await ada.ask("set_policy", {"e2ee": True}) == {}
    assert await ada.code("set_sound", {"form": "mixed"}) == "meeting_encrypted"
    assert node.asked(SetSound) == []
    assert await ada.ask("set_sound", {"form": "separate"}) == {}


async def test_who_speaks_is_told_to_those_who_hear_them(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await ada.received("subscriber_offer")
    await bob.received("subscriber_offer")

    async def report(*receivers: str) -> None:
        await node.report(
            ActiveSpeakers(
                node_id=node.id,
                meeting_id=MeetingId(platform.meeting_id),
                speakers=(ParticipantId(ada.id), ParticipantId("p_gone")),
                receivers=tuple(map(ParticipantId, receivers)),
            )
        )

    await report(bob.id)
    await report(ada.id, bob.id, "p_gone")
    told = {"speakers": [ada.id]}
    assert await ada.received("active_speakers") == told
    assert await bob.received("active_speakers", 2) == told
    assert [name for name, _ in ada.messages].count("active_speakers") == 1


async def test_muting_is_the_rooms_and_the_nodes_business(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    published = await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]})
    track_id = published["tracks"][0]["track_id"]
    await host.happened("track_published")
    assert await host.ask("mute_track", {"track_id": track_id}) == {}
    muted = await ada.happened("track_muted")
    assert (muted["track_id"], muted["by"]) == (track_id, host.id)
    assert await host.code("unmute_track", {"track_id": track_id}) == "permission_denied"
    assert await ada.ask("unmute_track", {"track_id": track_id}) == {}
    await host.happened("track_unmuted")
    assert await host.code("mute_track", {"track_id": "t_none"}) == "track_not_found"
    unmuted = await host.happened("track_unmuted")
    told = {(muted["version"], True), (unmuted["version"], False)}
    await platform.eventually(lambda: {(each.version, each.muted) for each in node.asked(SetTrackMuted)} == told)


async def test_a_mute_while_its_track_is_offered_anew_is_told_again_afterwards(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    host, ada = await platform.join(gateway, "u_host", role=Role.HOST), await platform.join(gateway, "u_ada")
    published = await ada.ask("publish_offer", {"sdp": "1", "tracks": [CAMERA]})
    track_id = published["tracks"][0]["track_id"]
    answers = [None, Published(sdp="answer to 2")]
    node.answers[Publish] = lambda _: answers.pop(0)
    offering = asyncio.create_task(ada.ask("publish_offer", {"sdp": "2", "tracks": [CAMERA]}))
    await platform.eventually(lambda: len(node.asked(Publish)) == 2)
    assert await host.ask("mute_track", {"track_id": track_id}) == {}
    await platform.eventually(lambda: len(node.asked(SetTrackMuted)) == 1)
    assert "sdp" in await offering
    await platform.eventually(lambda: len(node.asked(SetTrackMuted)) == 2)
    assert all(each.muted and each.version > node.asked(Publish)[-1].version for each in node.asked(SetTrackMuted))


async def test_a_mute_that_the_node_cannot_take_yet_reaches_it_later(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada = await platform.join(gateway, "u_ada")
    published = await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]})
    answers = [Refused(error=ErrorBody(code=ErrorCode.SERVICE_UNAVAILABLE, message="One moment.")), Done()]
    node.answers[SetTrackMuted] = lambda _: answers.pop(0)
    assert await ada.ask("mute_track", {"track_id": published["tracks"][0]["track_id"]}) == {}
    await platform.eventually(lambda: len(node.asked(SetTrackMuted)) == 2)
    assert not answers


async def test_nobody_is_made_known_to_the_node_after_leaving(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    node.answers[JoinRoom] = lambda _: None
    host, ada = await platform.join(gateway, "u_host"), await platform.join(gateway, "u_ada")
    await platform.eventually(lambda: node.asked(JoinRoom, ada.id))
    await ada.ask("leave_meeting")
    await platform.eventually(lambda: len(node.asked(LeaveRoom, ada.id)) == 2)
    await platform.eventually(lambda: len(node.asked(JoinRoom, host.id)) >= 2)
    assert len(node.asked(JoinRoom, ada.id)) == 1
    assert isinstance([each for each in node.requests if each.request.participant_id == ada.id][-1].request, LeaveRoom)


async def test_the_node_learns_of_leaving_and_of_the_end(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    host, ada = await platform.join(gateway, "u_host", role=Role.HOST), await platform.join(gateway, "u_ada")
    for client in (host, ada):
        await client.received("subscriber_offer")
    await ada.ask("leave_meeting")
    await platform.eventually(lambda: node.asked(LeaveRoom, ada.id))
    await host.ask("end_meeting")
    await platform.eventually(lambda: node.asked(CloseRoom))


async def test_a_lost_node_is_replaced_and_clients_begin_again(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    first = await platform.node("n_1", load=0.0)
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]})
    await bob.received("subscriber_offer")
    second = await platform.node("n_2", load=0.5)
    await first.stop()
    for client in (ada, bob):
        assert (await client.received("media_restart"))["reason"]
        await client.received("subscriber_offer", 2)
        names = [name for name, _ in client.messages]
        assert names.index("media_restart") < len(names) - 1 - names[::-1].index("subscriber_offer")
        assert not first.asked(JoinRoom, client.id)[0].anew
        assert second.asked(JoinRoom, client.id)[0].anew, "a node that knows them already offers them all again"
    again = await ada.ask("publish_offer", {"sdp": "v=1", "tracks": [CAMERA]})
    assert second.asked(Publish, ada.id)[0].tracks[0].track_id == again["tracks"][0]["track_id"]


async def test_a_node_that_started_anew_is_joined_again(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada = await platform.join(gateway, "u_ada")
    await ada.received("subscriber_offer")
    unknown = Refused(error=ErrorBody(code=ErrorCode.PARTICIPANT_NOT_FOUND, message="Who?"))
    node.answers[Publish] = lambda _: unknown
    assert await ada.code("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]}) == "participant_not_found"
    del node.answers[Publish]
    await ada.received("media_restart")
    await ada.received("subscriber_offer", 2)
    assert "sdp" in await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]})


async def test_a_silent_node_is_a_clear_error_and_blocks_nobody_else(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    await ada.received("subscriber_offer")
    node.answers[Publish] = lambda _: None
    waiting = asyncio.create_task(ada.code("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]}))
    assert "message_id" in await ada.ask("send_chat", {"text": "meanwhile"})
    await bob.happened("chat_sent")
    assert not waiting.done()
    assert await waiting == "media_node_timeout"
    assert len(node.asked(Publish)) == 2


async def test_a_node_whose_process_started_anew_is_noticed_without_being_asked(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    ada = await platform.join(gateway, "u_ada")
    await ada.received("subscriber_offer")
    # Seen once before it starts anew.
    await platform.eventually(lambda: node.id in gateway.gateway._upkeep._started)
    node.lease = msgspec.structs.replace(node.lease, started_at=7)
    await ada.received("media_restart")
    await ada.received("subscriber_offer", 2)
    assert len(node.asked(JoinRoom, ada.id)) == 2


async def test_the_node_learns_who_may_send_data(platform: Platform) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    host, ada = await platform.join(gateway, "u_host", role=Role.HOST), await platform.join(gateway, "u_ada")
    for each in (host, ada):
        await each.received("subscriber_offer")
        assert [asked.data for asked in node.asked(JoinRoom, each.id)] == [True]
    for chat in (False, True):
        permissions = {"publish": [], "subscribe": True, "chat": chat}
        await host.ask("set_permissions", {"participant_id": ada.id, "permissions": permissions})
        await platform.eventually(
            lambda chat=chat: [e.permitted for e in node.asked(PermitData, ada.id)][-1:] == [chat]
        )
    first, second = (asked.version for asked in node.asked(PermitData, ada.id))
    assert first < second
    assert len(node.asked(JoinRoom, ada.id)) == 1


async def test_a_permission_that_changes_while_the_node_is_told_of_the_participant_is_not_lost(
    platform: Platform,
) -> None:
    gateway, node = await platform.gateway(), await platform.node()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    await host.received("subscriber_offer")
    node.answers[JoinRoom] = lambda _: None
    ada = await platform.join(gateway, "u_ada")
    await platform.eventually(lambda: node.asked(JoinRoom, ada.id))
    node.answers[PermitData] = lambda _: Refused(
        error=ErrorBody(code=ErrorCode.PARTICIPANT_NOT_FOUND, message="not yet")
    )
    permissions = {"publish": [], "subscribe": True, "chat": False}
    await host.ask("set_permissions", {"participant_id": ada.id, "permissions": permissions})
    await platform.eventually(lambda: node.asked(PermitData, ada.id))
    del node.answers[JoinRoom], node.answers[PermitData]
    await platform.eventually(lambda: len(node.asked(PermitData, ada.id)) > 1)
    assert not node.asked(PermitData, ada.id)[-1].permitted
