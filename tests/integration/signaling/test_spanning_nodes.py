"""A meeting on several (scripted) media nodes: who goes where, and what each node is told."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    ChangeEncryption,
    ChangeSpotlight,
    CloseRoom,
    JoinRoom,
    LeaveRoom,
    MoveParticipants,
    Refused,
    SetTrackMuted,
    SpanRoom,
)

Platform = Any
CAMERA = {"mid": "0", "source": "camera"}


async def test_each_region_has_its_node_and_each_node_learns_what_concerns_it(platform: Platform) -> None:
    north, west = await platform.node("n_north", region="north"), await platform.node("n_west", region="west")
    in_north, in_west = await platform.gateway(region="north"), await platform.gateway(region="west")
    ada = await platform.join(in_north, "u_ada", role="host")
    await ada.received("subscriber_offer")
    bob = await platform.join(in_west, "u_bob")
    await bob.received("subscriber_offer")
    assert (north.asked(JoinRoom, bob.id), west.asked(JoinRoom, ada.id)) == ([], [])
    assert set(west.asked(JoinRoom, bob.id)[0].nodes) == {"n_north", "n_west"}
    await platform.eventually(lambda: north.asked(SpanRoom))
    assert set(north.asked(SpanRoom)[-1].nodes) == {"n_north", "n_west"}
    published = await bob.ask("publish_offer", {"sdp": "v=0", "tracks": [CAMERA]})
    await ada.happened("track_published")
    await ada.ask("mute_track", {"track_id": published["tracks"][0]["track_id"]})
    await platform.eventually(lambda: west.asked(SetTrackMuted, bob.id))
    assert north.asked(SetTrackMuted) == []
    rooms = [{"name": "B", "participant_ids": [bob.id]}]
    await ada.ask("open_breakouts", {"rooms": rooms, "free_choice": False})
    await platform.eventually(lambda: north.asked(MoveParticipants) and west.asked(MoveParticipants))
    await bob.ask("leave_meeting")
    await platform.eventually(lambda: north.asked(SpanRoom)[-1].nodes == ("n_north",))
    await platform.eventually(lambda: west.asked(LeaveRoom, bob.id))
    assert north.asked(LeaveRoom) == []
    await ada.ask("end_meeting")
    await platform.eventually(lambda: north.asked(CloseRoom))


async def test_every_node_learns_who_is_in_the_spotlight_and_so_does_one_that_comes_later(platform: Platform) -> None:
    north, west = await platform.node("n_north", region="north"), await platform.node("n_west", region="west")
    in_north, in_west = await platform.gateway(region="north"), await platform.gateway(region="west")
    ada = await platform.join(in_north, "u_ada", role="host")
    await ada.received("subscriber_offer")
    assert north.asked(JoinRoom, ada.id)[0].spotlight == ()
    await ada.ask("set_spotlight", {"participant_ids": [ada.id]})
    await platform.eventually(lambda: north.asked(ChangeSpotlight))
    bob = await platform.join(in_west, "u_bob")
    await bob.received("subscriber_offer")
    assert west.asked(JoinRoom, bob.id)[0].spotlight == (ada.id,)
    await ada.ask("set_spotlight", {"participant_ids": [bob.id]})
    for node in (north, west):
        await platform.eventually(lambda node=node: _spotlit(node) == (bob.id,))


async def test_every_node_learns_whether_media_is_encrypted_and_so_does_one_that_comes_later(
    platform: Platform,
) -> None:
    north, west = await platform.node("n_north", region="north"), await platform.node("n_west", region="west")
    in_north, in_west = await platform.gateway(region="north"), await platform.gateway(region="west")
    ada = await platform.join(in_north, "u_ada", role="host")
    await ada.received("subscriber_offer")
    assert north.asked(JoinRoom, ada.id)[0].encrypted is False
    await ada.ask("set_policy", {"notes": False})
    await ada.ask("set_policy", {"e2ee": True})
    await platform.eventually(lambda: [each.encrypted for each in north.asked(ChangeEncryption)] == [True])
    bob = await platform.join(in_west, "u_bob")
    await bob.received("subscriber_offer")
    assert west.asked(JoinRoom, bob.id)[0].encrypted is True
    await ada.ask("set_policy", {"e2ee": False})
    for node in (north, west):
        await platform.eventually(lambda node=node: not node.asked(ChangeEncryption)[-1].encrypted)


def _spotlit(node: Any) -> tuple[str, ...] | None:
    """Whom the node knows to be in the spotlight, by the latest that it was told."""
    latest = max(node.asked(ChangeSpotlight), key=lambda asked: asked.version, default=None)
    return None if latest is None else tuple(latest.participant_ids)


async def test_whoever_comes_back_over_another_gateway_stays_at_their_node(platform: Platform) -> None:
    await platform.node("n_north", region="north")
    west = await platform.node("n_west", region="west")
    in_north, in_west = await platform.gateway(region="north"), await platform.gateway(region="west")
    ada = await platform.join(in_north, "u_ada")
    await ada.received("subscriber_offer")
    bob = await platform.join(in_west, "u_bob")
    await bob.received("subscriber_offer")
    back = await platform.join(in_north, "u_bob", resume=bob.resume)
    await back.received("subscriber_offer")
    assert len(west.asked(JoinRoom, bob.id)) == 2
    here = await platform.join(in_west, "u_ada", resume=ada.resume)
    await here.received("subscriber_offer")
    assert west.asked(JoinRoom, ada.id) == [], "media is not touched"


async def test_a_node_that_refuses_has_the_meeting_spread(platform: Platform) -> None:
    gateway, home = await platform.gateway(), await platform.node("n_home", load=0.0)
    ada = await platform.join(gateway, "u_ada")
    await ada.received("subscriber_offer")
    full = Refused(error=ErrorBody(code=ErrorCode.MEDIA_NODE_OVERLOADED, message="Full."))
    home.answers[JoinRoom] = lambda _: full
    other = await platform.node("n_other", load=0.5)
    bob = await platform.join(gateway, "u_bob")
    await bob.received("subscriber_offer")
    assert other.asked(JoinRoom, bob.id)
    carol = await platform.join(gateway, "u_carol")
    await carol.received("subscriber_offer")
    assert other.asked(JoinRoom, carol.id)


async def test_a_node_that_drains_is_left_by_all(platform: Platform) -> None:
    gateway, home = await platform.gateway(), await platform.node("n_home", load=0.0)
    clients = [await platform.join(gateway, f"u_{number}") for number in range(3)]
    for client in clients:
        await client.received("subscriber_offer")
    other = await platform.node("n_other", load=0.5)
    home.lease = msgspec.structs.replace(home.lease, draining=True, participants=3)
    for client in clients:
        assert (await client.received("media_restart"))["overlap"]
        await client.received("subscriber_offer", 2)
        assert other.asked(JoinRoom, client.id)
        assert home.asked(LeaveRoom, client.id) == [], "it serves the former connections until the new ones stand"
        assert await client.ask("media_moved") == {}
        await platform.eventually(lambda client=client: home.asked(LeaveRoom, client.id))
        assert await client.ask("media_moved") == {}, "there is nothing left to leave"
    newcomer = await platform.join(gateway, "u_new")
    await newcomer.received("subscriber_offer")
    assert home.asked(JoinRoom, newcomer.id) == []
    # Its end is nothing to anybody any more.
    await home.stop()
    last = await platform.join(gateway, "u_last")
    await last.received("subscriber_offer")
    assert [name for name, _ in clients[0].messages].count("media_restart") == 1


async def test_a_node_to_which_one_comes_back_before_having_left_offers_all_again(platform: Platform) -> None:
    gateway, home = await platform.gateway(), await platform.node("n_home", load=0.0)
    ada = await platform.join(gateway, "u_ada")
    await ada.received("subscriber_offer")
    other = await platform.node("n_other", load=0.5)
    home.lease = msgspec.structs.replace(home.lease, draining=True, participants=1)
    await ada.received("subscriber_offer", 2)
    home.lease = msgspec.structs.replace(home.lease, draining=False, participants=0)
    other.lease = msgspec.structs.replace(other.lease, draining=True, participants=1)
    await ada.received("subscriber_offer", 3)
    assert [request.anew for request in home.asked(JoinRoom, ada.id)] == [False, True]
    assert home.asked(LeaveRoom, ada.id) == []


async def test_of_a_lost_node_only_its_own_participants_begin_again(platform: Platform) -> None:
    await platform.node("n_north", region="north")
    west = await platform.node("n_west", region="west")
    in_north, in_west = await platform.gateway(region="north"), await platform.gateway(region="west")
    ada = await platform.join(in_north, "u_ada")
    await ada.received("subscriber_offer")
    bob = await platform.join(in_west, "u_bob")
    await bob.received("subscriber_offer")
    await west.stop()
    assert not (await bob.received("media_restart"))["overlap"]
    await bob.received("subscriber_offer", 2)
    assert [name for name, _ in ada.messages].count("media_restart") == 0
