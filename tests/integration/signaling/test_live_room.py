"""People in one meeting, over two gateways."""

from __future__ import annotations

from typing import Any

from contracts.rooms import Role

Platform = Any


async def test_two_people_on_two_gateways_see_each_other(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(one, "u_ada", name="Ada")
    bob = await platform.join(two, "u_bob", name="Bob")

    joined = await ada.happened("participant_joined")
    assert joined["participant"]["name"] == "Bob"
    assert [each["name"] for each in bob.welcome["room"]["participants"]] == ["Ada", "Bob"]
    assert bob.welcome["resumed"] is False
    assert bob.welcome["room"]["meeting_id"] == platform.meeting_id


async def test_chat_has_one_order_for_everyone(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(one, "u_ada")
    bob = await platform.join(two, "u_bob")
    for number in range(10):
        assert (await ada.ask("send_chat", {"text": f"a{number}"}))["message_id"]
        assert (await bob.ask("send_chat", {"text": f"b{number}"}))["message_id"]
    await ada.happened("chat_sent", 20)
    await bob.happened("chat_sent", 20)
    late = await platform.join(two, "u_eve")
    assert ada.chat == bob.chat == late.chat
    assert [text for text in ada.chat if text[0] == "a"] == [f"a{number}" for number in range(10)]


async def test_events_follow_the_welcome_without_a_gap(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    bob = await platform.join(gateway, "u_bob")
    await bob.ask("send_chat", {"text": "hello"})
    await ada.happened("chat_sent")
    version = ada.welcome["version"]
    for name, body in ada.messages:
        if name == "events":
            assert body["after"] == version
            version = body["version"]


async def test_leaving_is_acknowledged_and_closes_the_connection(platform: Platform) -> None:
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    bob = await platform.join(gateway, "u_bob")
    assert await bob.ask("leave_meeting") == {}
    await bob.gone()
    assert (await bob.received("closing"))["code"] == "left"
    left = await ada.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (bob.id, "left")


async def test_the_end_reaches_everyone_on_every_gateway_and_lasts(platform: Platform) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host = await platform.join(one, "u_host", role=Role.HOST)
    guest = await platform.join(two, "g_guest", role=Role.GUEST)
    assert await guest.code("end_meeting") == "permission_denied"
    assert await host.ask("end_meeting") == {}
    for client in (host, guest):
        assert (await client.happened("meeting_ended"))["by"] == "u_host"
        assert await client.received("closing") == {
            "code": "meeting_ended",
            "message": "This meeting has ended.",
            "retry": False,
        }
        await client.gone()
    auth = {"token": platform.service.token(platform.meeting_id, "u_late"), "meeting_id": platform.meeting_id}
    assert await platform.client().refused(two.url, auth) == "meeting_ended"
