"""Running a meeting over real sockets and two gateways: lobby, roles, permissions, private messages."""

from __future__ import annotations

from typing import Any

from contracts import redis_names
from contracts.log_events import BreakoutsClosed, BreakoutsOpened
from contracts.node_rpc import JoinRoom, LeaveRoom, MoveParticipants, SetTrackMuted
from contracts.rooms import Role
from tests.doubles.signaling_client import Client

Platform = Any
CAMERA = {"mid": "0", "source": "camera"}
SCREEN = {"mid": "1", "source": "screen"}


async def knock(platform: Platform, gateway: Any, who: str) -> Client:
    """Connects where a lobby is, and waits there."""
    client: Client = platform.client()
    auth = {"token": platform.service.token(platform.meeting_id, who), "meeting_id": platform.meeting_id}
    await client.sio.connect(gateway.url, auth=auth, transports=["websocket"])
    await client.received("waiting")
    return client


async def test_who_is_let_in_from_the_lobby_gets_the_room_on_the_same_connection(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    assert await host.ask("set_policy", {"lobby": True}) == {}
    await ada.happened("policy_changed")
    eve = await knock(platform, two, "u_eve")
    waiting = await host.happened("lobby_joined")
    assert waiting["guest"]["identity"] == "u_eve"
    assert await eve.code("send_chat", {"text": "let me in"}) == "participant_not_found"
    assert await host.ask("send_lobby_message", {"text": "One moment."}) == {}
    assert (await eve.received("lobby_message"))["text"] == "One moment."
    assert await host.ask("admit", {"participant_ids": [waiting["guest"]["id"]]}) == {}
    welcome = await eve.received("welcome")
    assert welcome["participant_id"] == waiting["guest"]["id"]
    assert "message_id" in await eve.ask("send_chat", {"text": "thank you"})
    await host.happened("chat_sent")
    await eve.received("subscriber_offer")
    assert node.asked(JoinRoom, eve.id)
    assert not {"lobby_joined", "lobby_left"} & {event["type"] for event in (*ada.events, *eve.events)}
    await eve.vanish()
    back = await platform.join(one, "u_eve", resume=eve.resume)
    assert back.id == eve.id


async def test_who_is_sent_away_or_gone_does_not_wait_any_more(platform: Platform) -> None:
    gateway = await platform.gateway()
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    await host.ask("set_policy", {"lobby": True})
    refused, lost = await knock(platform, gateway, "u_eve"), await knock(platform, gateway, "u_bob")
    guests = [(await host.happened("lobby_joined", number))["guest"]["id"] for number in (1, 2)]
    assert await host.ask("refuse_entry", {"participant_id": guests[0]}) == {}
    assert (await refused.received("closing"))["code"] == "lobby_refused"
    await refused.gone()
    await lost.vanish()
    assert (await host.happened("lobby_left", 2))["participant_id"] == guests[1]
    assert await host.code("refuse_entry", {"participant_id": guests[1]}) == "participant_not_found"


async def test_nobody_waits_on_a_gateway_that_is_dead(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host = await platform.join(two, "u_host", role=Role.HOST)
    await host.ask("set_policy", {"lobby": True})
    await knock(platform, one, "u_eve")
    guest = (await host.happened("lobby_joined"))["guest"]["id"]
    await one.kill()
    await platform.redis.zadd(redis_names.GATEWAYS, {one.gateway.id: 1})
    assert (await host.happened("lobby_left"))["participant_id"] == guest


async def test_a_locked_meeting_refuses_strangers_and_takes_back_its_own(platform: Platform) -> None:
    gateway = await platform.gateway()
    host, ada = await platform.join(gateway, "u_host", role=Role.HOST), await platform.join(gateway, "u_ada")
    await host.ask("set_policy", {"locked": True})
    auth = {"token": platform.service.token(platform.meeting_id, "u_eve"), "meeting_id": platform.meeting_id}
    assert await platform.client().refused(gateway.url, auth) == "meeting_locked"
    await ada.ask("leave_meeting")
    await ada.gone()
    assert (await platform.join(gateway, "u_ada")).welcome["room"]["policy"]["locked"] is True


async def test_private_messages_reach_nobody_else_on_any_gateway(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(one, "u_ada")
    bob, eve = await platform.join(two, "u_bob"), await platform.join(two, "u_eve")
    sent = await ada.ask("send_chat", {"text": "for bob", "to": bob.id})
    await ada.ask("send_chat", {"text": "for hosts", "to": "hosts"})
    await ada.ask("edit_chat", {"message_id": sent["message_id"], "text": "for bob alone"})
    await ada.ask("send_chat", {"text": "for all"})
    await eve.happened("chat_sent")
    await host.happened("chat_sent", 2)
    await bob.happened("chat_sent", 2)
    assert (eve.chat, host.chat, bob.chat) == (["for all"], ["for hosts", "for all"], ["for bob", "for all"])
    assert (await bob.happened("chat_edited"))["text"] == "for bob alone"
    assert eve.version == bob.version
    await bob.vanish()
    back = await platform.join(one, "u_bob", resume=bob.resume)
    assert back.chat == ["for bob alone", "for all"]
    assert await eve.code("remove_chat", {"message_id": sent["message_id"]}) == "message_not_found"


async def test_a_new_cohost_sees_what_hosts_see_and_may_act(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    await host.ask("set_policy", {"lobby": True})
    await knock(platform, one, "u_eve")
    guest = (await host.happened("lobby_joined"))["guest"]
    assert await ada.code("admit") == "permission_denied"
    assert await host.ask("set_role", {"participant_id": ada.id, "role": "cohost"}) == {}
    assert (await ada.received("room"))["room"]["lobby"] == [guest]
    assert await ada.ask("admit") == {}
    await host.happened("participant_joined", 2)


async def test_permissions_that_are_taken_reach_the_node(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    published = await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA, SCREEN]})
    camera, screen = (track["track_id"] for track in published["tracks"])
    await host.happened("track_published", 2)
    assert await host.ask("stop_track", {"track_id": screen}) == {}
    stopped = await ada.happened("track_unpublished")
    assert (stopped["track_id"], stopped["by"]) == (screen, host.id)
    await platform.eventually(lambda: screen in {each.track_id for each in node.asked(SetTrackMuted) if each.muted})
    quiet = {"publish": ["audio"], **dict.fromkeys(("subscribe", "chat", "moderate", "record", "notes"), False)}
    assert await host.ask("set_permissions", {"participant_id": ada.id, "permissions": quiet}) == {}
    assert (await ada.happened("permissions_changed"))["permissions"] == quiet
    await platform.eventually(lambda: camera in {each.track_id for each in node.asked(SetTrackMuted) if each.muted})
    await platform.eventually(lambda: node.asked(LeaveRoom, ada.id))
    await ada.received("media_restart")
    await platform.eventually(lambda: [each.subscribe for each in node.asked(JoinRoom, ada.id)][-1] is False)
    assert await ada.code("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]}) == "permission_denied"
    assert await ada.code("restart_media") == "permission_denied"
    assert await ada.code("send_chat", {"text": "?"}) == "permission_denied"


async def test_hands_reactions_and_polls_are_seen_by_all(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    assert await ada.ask("raise_hand") == {}
    raised = await host.happened("hand_raised")
    late = await platform.join(one, "u_late")
    hands = {each["id"]: each["hand_raised"] for each in late.welcome["room"]["participants"]}
    assert hands == {host.id: None, ada.id: raised["version"], late.id: None}
    assert await host.ask("lower_hand", {"participant_id": ada.id}) == {}
    assert (await ada.happened("hand_lowered"))["by"] == host.id
    assert await ada.ask("send_reaction", {"emoji": "\U0001f44d"}) == {}
    assert (await late.happened("reaction_sent"))["participant_id"] == ada.id
    prepared = {"question": "Yes?", "options": ["yes", "no"], "prepared_id": "pp_1"}
    poll = await host.ask("create_poll", prepared)
    assert (await ada.happened("poll_created"))["poll"]["prepared_id"] == "pp_1"
    assert await host.code("create_poll", prepared) == "conflict"
    assert await ada.ask("vote", {"poll_id": poll["poll_id"], "options": [1]}) == {}
    assert (await late.happened("poll_voted"))["votes"] == [0, 1]
    await ada.vanish()
    back = await platform.join(one, "u_ada", resume=ada.resume)
    assert [each["prepared_id"] for each in back.welcome["room"]["polls"]] == ["pp_1"]
    assert back.welcome["room"]["my_votes"] == [{"poll_id": poll["poll_id"], "options": [1]}]
    assert await host.ask("send_data", {"topic": "t", "data": "ZA==", "base64": True, "to": [back.id]}) == {}
    sent = await back.happened("data_sent")
    assert (sent["data"], sent["base64"]) == ("ZA==", True)
    await host.ask("end_meeting")
    await late.happened("meeting_ended")
    assert "data_sent" not in {event["type"] for event in late.events}


async def test_breakout_rooms_over_two_gateways(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(one, "u_ada")
    bob, eve = await platform.join(two, "u_bob"), await platform.join(two, "u_eve")
    for each in (host, ada, bob, eve):
        await each.received("subscriber_offer")
    rooms = [{"name": "One", "participant_ids": [ada.id, bob.id]}, {"name": "Two", "participant_ids": [eve.id]}]
    rooms[1]["identities"] = ["u_late"]
    opened = await host.ask("open_breakouts", {"rooms": rooms})
    assert len(opened["breakout_ids"]) == 2
    moves = (await eve.happened("participants_moved"))["moves"]
    assert {move["participant_id"]: move["breakout"] for move in moves} == {
        ada.id: opened["breakout_ids"][0],
        bob.id: opened["breakout_ids"][0],
        eve.id: opened["breakout_ids"][1],
    }
    await platform.eventually(lambda: len(node.asked(MoveParticipants)) == 2)  # both gateways tell
    moved = {tuple(each.participant_id for each in request.moves) for request in node.asked(MoveParticipants)}
    assert moved == {(ada.id, bob.id, eve.id)}
    await ada.ask("send_chat", {"text": "in one"})
    await host.ask("send_chat", {"text": "five minutes", "to": "everyone"})
    await bob.happened("chat_sent", 2)
    await eve.happened("chat_sent")
    assert (bob.chat, eve.chat) == (["in one", "five minutes"], ["five minutes"])
    await host.ask("enter_breakout", {"breakout_id": opened["breakout_ids"][0]})
    assert [message["text"] for message in (await host.received("chat"))["chat"]] == ["in one", "five minutes"]
    await bob.vanish()
    bob = await platform.join(one, "u_bob", resume=bob.resume)
    assert bob.chat == ["in one", "five minutes"]
    await platform.eventually(lambda: node.asked(JoinRoom, bob.id)[-1].breakout == opened["breakout_ids"][0])
    late = await platform.join(one, "u_late")
    places = {each["id"]: each["breakout"] for each in late.welcome["room"]["participants"]}
    assert places[late.id] == opened["breakout_ids"][1]
    assert await host.ask("close_breakouts") == {}
    await eve.happened("breakouts_closed")
    assert len((await eve.happened("participants_moved", 3))["moves"]) == 5
    await platform.eventually(lambda: any(isinstance(each.event, BreakoutsClosed) for each in platform.service.facts))
    told = next(each.event for each in platform.service.facts if isinstance(each.event, BreakoutsOpened))
    assert told.assigned == (), "who is assigned by name is the room's own business"


async def test_breakout_rooms_close_by_themselves_when_their_time_is_over(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    rooms = [{"name": "One", "participant_ids": [ada.id]}]
    await host.ask("open_breakouts", {"rooms": rooms, "close_after_s": 1})
    for each in (host, ada):
        closed = await each.happened("breakouts_closed")
        assert closed["by"] is None
    assert [event["type"] for event in ada.events].count("breakouts_closed") == 1


async def test_two_who_are_alone_signal_each_other_over_two_gateways(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host, ada = await platform.join(one, "u_host", role=Role.HOST), await platform.join(two, "u_ada")
    offer = {"to": ada.id, "session": "s", "kind": "offer", "sdp": "v=0"}
    assert await host.code("signal_peer", offer) == "direct_unavailable"
    assert await host.ask("set_policy", {"direct": True}) == {}
    await ada.vanish()
    assert await host.ask("signal_peer", offer) == {}
    ada = await platform.join(one, "u_ada", resume=ada.resume)
    (missed,) = [event for event in ada.welcome["missed"] if event["type"] == "peer_signalled"]
    assert missed["signal"] == {"session": "s", "kind": "offer", "sdp": "v=0"}
    assert await ada.ask("signal_peer", {**offer, "to": host.id, "kind": "answer"}) == {}
    assert (await host.happened("peer_signalled"))["participant_id"] == ada.id
    await platform.join(two, "u_eve")
    assert await host.code("signal_peer", offer) == "direct_unavailable"
