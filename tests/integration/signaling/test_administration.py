"""What the meeting service asks of live rooms, and the list of them: its own adapters against real gateways."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from meetings_service.adapters.broker import Broker
from meetings_service.adapters.live_rooms import LivePage, LiveRooms
from meetings_service.adapters.rooms import Rooms
from meetings_service.errors import (
    KeyReusedError,
    MeetingNotLiveError,
    OutcomeUnknownError,
    RoomRefusedError,
    RoomsUnavailableError,
)

from contracts import redis_names
from contracts.client_commands import COMMANDS
from contracts.leaving import LeaveReason
from contracts.live_rooms import RoomSummary
from contracts.node_rpc import SetTrackMuted
from contracts.room_commands import (
    CommandDone,
    CommandGiven,
    ParticipantPage,
    ParticipantRead,
    ParticipantsRead,
    ParticipantView,
    PlaceInRoom,
    RoomAnswer,
    RoomAsked,
    RoomRead,
    RoomRequest,
    RoomView,
    encode_room_command,
)
from contracts.rooms import ADMINISTRATOR, Identity, MeetingId, ParticipantId, Role
from signaling_gateway.adapters.live_rooms import RedisLiveRooms
from signaling_gateway.service import room_listing

Platform = Any
BY = Identity("u_owner")
MICROPHONE = {"mid": "0", "source": "microphone"}


class Office:
    """Somebody who administers the platform's rooms."""

    def __init__(self, platform: Platform, *, patience_s: float = 20.0) -> None:
        broker = Broker(f"{platform.valkey.connection_url}/0", patience_s=patience_s)
        self._platform = platform
        self._rooms = Rooms(broker)
        self._live = LiveRooms(broker)

    async def ask(self, request: RoomRequest, key: str | None = None) -> RoomAnswer:
        return await asyncio.to_thread(self._rooms.ask, MeetingId(self._platform.meeting_id), request, by=BY, key=key)

    async def command(self, name: str, /, *, key: str | None = None, **body: Any) -> dict[str, Any]:
        answer = await self.ask(CommandGiven(name=name, body=body), key)
        assert isinstance(answer, CommandDone)
        return answer.answer

    async def refusal(self, request: RoomRequest) -> str:
        with pytest.raises(RoomRefusedError) as refused:
            await self.ask(request)
        assert refused.value.message
        return str(refused.value.code)

    async def page(self, **changes: Any) -> LivePage:
        wanted = {"host_id": None, "after": None, "limit": 100, **changes}
        return await asyncio.to_thread(self._live.page, **wanted)

    async def live(self, **changes: Any) -> dict[str, int]:
        return {room.meeting_id: room.participants for room in (await self.page(**changes)).rooms}


@pytest.fixture
def office(platform: Platform) -> Office:
    return Office(platform)


async def test_whoever_is_removed_is_told_why_and_stays_out(platform: Platform, office: Office) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    await ada.happened("participant_joined")
    assert await office.command("remove_participant", participant_id=bob.id) == {}
    assert (await bob.received("closing"))["code"] == "participant_removed"
    await bob.gone()
    left = await ada.happened("participant_left")
    assert (left["participant_id"], left["reason"], left["by"]) == (bob.id, LeaveReason.REMOVED, ADMINISTRATOR)
    auth = {"token": platform.service.token(platform.meeting_id, "u_bob"), "meeting_id": platform.meeting_id}
    assert await platform.client().refused(one.url, auth) == "participant_removed"
    again = CommandGiven(name="remove_participant", body={"participant_id": bob.id})
    assert await office.refusal(again) == "participant_not_found"
    assert await office.command("unban", identity="u_bob") == {}
    await platform.join(one, "u_bob")


async def test_a_track_is_muted_at_its_node_and_for_everybody(platform: Platform, office: Office) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    node = await platform.node()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    published = await ada.ask("publish_offer", {"sdp": "v=0", "tracks": [MICROPHONE]})
    track_id = published["tracks"][0]["track_id"]
    assert await office.command("mute_track", track_id=track_id) == {}
    for client in (ada, bob):
        assert (await client.happened("track_muted"))["by"] == ADMINISTRATOR
    await platform.eventually(lambda: track_id in {each.track_id for each in node.asked(SetTrackMuted) if each.muted})
    view = await office.ask(ParticipantRead(participant_id=ParticipantId(ada.id)))
    assert isinstance(view, ParticipantView)
    assert [(track.id, track.muted) for track in view.tracks] == [(track_id, True)]
    assert await office.refusal(CommandGiven(name="mute_track", body={"track_id": "t_gone"})) == "track_not_found"


async def test_data_and_messages_reach_those_whom_they_are_for(platform: Platform, office: Office) -> None:
    gateway = await platform.gateway()
    ada, bob = await platform.join(gateway, "u_ada"), await platform.join(gateway, "u_bob")
    assert await office.command("send_data", topic="quiz", data="42", to=[ada.id]) == {}
    sent = await office.command("send_chat", text="Five minutes left.")
    for client in (ada, bob):
        message = (await client.happened("chat_sent"))["message"]
        assert (message["id"], message["participant_id"]) == (sent["message_id"], ADMINISTRATOR)
    data = await ada.happened("data_sent")
    assert (data["topic"], data["data"], data["participant_id"]) == ("quiz", "42", None)
    assert "data_sent" not in {event["type"] for event in bob.events}


async def test_a_room_is_read_as_it_is_now_whichever_gateway_answers(platform: Platform, office: Office) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    host = await platform.join(one, "u_host", role=Role.HOST, host_id="u_owner")
    people = [host, await platform.join(two, "u_ada"), await platform.join(one, "u_bob")]
    assert await host.ask("raise_hand") == {}
    assert await office.command("set_policy", locked=True) == {}
    for _ in range(4):  # each of the two answers some
        room = await office.ask(RoomRead())
        assert isinstance(room, RoomView)
        assert (room.participants, room.host_id, room.policy.locked) == (3, "u_owner", True)
    first = await office.ask(ParticipantsRead(after=None, limit=2))
    assert isinstance(first, ParticipantPage)
    assert first.more
    last = first.participants[-1].info
    place = PlaceInRoom(joined_at=last.joined_at, participant_id=last.id)
    rest = await office.ask(ParticipantsRead(after=place, limit=2))
    assert isinstance(rest, ParticipantPage)
    assert not rest.more
    seen = [each.info for each in (*first.participants, *rest.participants)]
    assert [each.id for each in seen] == [each.id for each in people]
    assert seen[0].hand_raised is not None
    assert await office.refusal(ParticipantRead(participant_id=ParticipantId("p_gone"))) == "participant_not_found"


async def test_rooms_that_never_began_or_have_ended_refuse(platform: Platform, office: Office) -> None:
    gateway = await platform.gateway()
    with pytest.raises(MeetingNotLiveError):
        await office.ask(RoomRead())
    host = await platform.join(gateway, "u_host", role=Role.HOST)
    await host.ask("end_meeting")
    await host.gone()
    assert await office.refusal(RoomRead()) == "meeting_ended"
    assert await office.refusal(CommandGiven(name="set_policy", body={"locked": True})) == "meeting_ended"


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("no_such_command", {}, "conflict"),
        ("publish_offer", {"sdp": "v=0", "tracks": []}, "conflict"),
        ("raise_hand", {}, "participant_not_found"),
        ("end_meeting", {}, "participant_not_found"),
        ("mute_track", {}, "validation_failed"),
        ("mute_track", {"track_id": "x" * 65}, "validation_failed"),
        ("set_role", {"participant_id": "p_x", "role": "host"}, "participant_not_found"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_code(
    platform: Platform, office: Office, name: str, body: dict[str, Any], code: str
) -> None:
    await platform.join(await platform.gateway(), "u_ada")
    assert await office.refusal(CommandGiven(name=name, body=body)) == code


async def test_no_command_of_a_client_makes_a_participant_of_the_administrator(
    platform: Platform, office: Office
) -> None:
    """Whatever is asked in its name, nobody by that id is ever in the room."""
    ada = await platform.join(await platform.gateway(), "u_ada")
    for name in COMMANDS:
        with contextlib.suppress(RoomRefusedError):
            await office.command(name)
    page = await office.ask(ParticipantsRead(after=None, limit=10))
    assert isinstance(page, ParticipantPage)
    assert [each.info.id for each in page.participants] == [ada.id]


async def test_removing_works_though_every_gateway_that_held_the_room_is_dead(
    platform: Platform, office: Office
) -> None:
    lost = await platform.gateway()
    ada, bob = await platform.join(lost, "u_ada"), await platform.join(lost, "u_bob")
    await lost.kill()
    heir = await platform.gateway()
    assert await office.command("remove_participant", participant_id=bob.id) == {}
    page = await office.ask(ParticipantsRead(after=None, limit=10))
    assert isinstance(page, ParticipantPage)
    assert [each.info.id for each in page.participants] == [ada.id]
    back = await platform.join(heir, "u_ada", resume=ada.resume)
    assert [each["id"] for each in back.welcome["room"]["participants"]] == [ada.id]
    auth = {"token": platform.service.token(platform.meeting_id, "u_bob"), "meeting_id": platform.meeting_id}
    assert await platform.client().refused(heir.url, auth) == "participant_removed"


async def test_what_nobody_has_begun_in_time_is_never_done(platform: Platform) -> None:
    hasty = Office(platform, patience_s=0.2)
    gateway = await platform.gateway()
    ada = await platform.join(gateway, "u_ada")
    await gateway.stop()
    with pytest.raises(RoomsUnavailableError):
        await hasty.command("send_chat", text="too late")
    heir = await platform.gateway()
    back = await platform.join(heir, "u_ada", resume=ada.resume)
    await Office(platform).command("send_chat", text="in time")
    await back.happened("chat_sent")
    assert back.chat == ["in time"]


async def test_what_was_begun_and_is_not_answered_is_perhaps_done(platform: Platform, office: Office) -> None:
    gateway = await platform.gateway()
    await platform.join(gateway, "u_ada")
    await gateway.stop()
    asking = asyncio.create_task(office.command("set_policy", locked=True))
    [waiting] = await platform.eventually(lambda: _waiting(platform))
    assert await platform.redis.delete(*await platform.redis.keys("*:ticket")) == 1  # by a gateway that dies at once
    assert await platform.redis.client_unblock(int(waiting["id"]))  # the patience is over
    with pytest.raises(OutcomeUnknownError):
        await asking


async def test_without_the_broker_nothing_is_done_and_that_is_said(platform: Platform, own_valkey: Any) -> None:
    office = Office(platform)
    await platform.join(await platform.gateway(), "u_ada")
    here = {platform.meeting_id: 1}
    await platform.eventually(lambda: _is(office.live(), here))
    port = own_valkey.port
    await asyncio.to_thread(own_valkey.stop)
    with pytest.raises(RoomsUnavailableError):
        await office.command("set_policy", locked=True)
    with pytest.raises(RoomsUnavailableError):
        await office.live()
    own_valkey._desired_port = port
    await asyncio.to_thread(own_valkey.start)
    await platform.eventually(lambda: _is(office.live(), here))
    room = await office.ask(RoomRead())
    assert isinstance(room, RoomView)
    assert room.policy.locked is False


async def test_a_request_that_is_delivered_twice_is_carried_out_once(platform: Platform, office: Office) -> None:
    ada = await platform.join(await platform.gateway(), "u_ada")
    request = CommandGiven(name="send_chat", body={"text": "once"})
    asked = RoomAsked(id="r_1", meeting_id=MeetingId(platform.meeting_id), by=BY, request=request)
    await platform.redis.set(redis_names.room_ticket("r_1"), "1")
    for _ in range(2):
        await platform.redis.xadd(redis_names.ROOM_COMMANDS, {"c": encode_room_command(asked)})
    await office.command("send_chat", text="afterwards")
    await ada.happened("chat_sent", 2)
    assert sorted(ada.chat) == ["afterwards", "once"]
    assert await platform.redis.llen(redis_names.room_answer("r_1")) == 1


async def test_a_command_with_a_key_is_carried_out_once_and_answered_each_time(
    platform: Platform, office: Office
) -> None:
    ada = await platform.join(await platform.gateway(), "u_ada")
    answers = [await office.command("send_chat", key="one", text="once") for _ in range(3)]
    assert answers == [answers[0]] * 3
    with pytest.raises(KeyReusedError):
        await office.command("send_chat", key="one", text="something else")
    gone = CommandGiven(name="send_data", body={"topic": "t", "data": "d", "to": ["p_gone"]})
    for _ in range(2):
        with pytest.raises(RoomRefusedError) as refused:
            await office.ask(gone, key="two")
        assert refused.value.code == "participant_not_found"
    assert await office.command("send_chat", key="three", text="afterwards") != answers[0]
    await ada.happened("chat_sent", 2)
    assert ada.chat == ["once", "afterwards"]


# ---- the list of live rooms ----


async def test_a_room_is_listed_while_somebody_is_in_it(platform: Platform, office: Office) -> None:
    one, two = await platform.gateway(), await platform.gateway()
    assert await office.live() == {}
    ada = await platform.join(one, "u_ada", host_id="u_owner")
    bob = await platform.join(two, "u_bob", host_id="u_owner")
    here = {platform.meeting_id: 2}
    await platform.eventually(lambda: _is(office.live(), here))
    assert await office.live(host_id="u_owner") == here
    assert await office.live(host_id="u_else") == {}
    await ada.ask("leave_meeting")
    await platform.eventually(lambda: _is(office.live(), {platform.meeting_id: 1}))
    await bob.ask("leave_meeting")
    await platform.eventually(lambda: _is(office.live(), {}))
    await platform.eventually(lambda: _is(platform.redis.zcard(redis_names.live_rooms_of(Identity("u_owner"))), 0))
    room = await office.ask(RoomRead())  # its log goes on, and somebody may come again
    assert isinstance(room, RoomView)
    assert room.participants == 0


async def test_a_room_that_has_ended_is_not_listed(platform: Platform, office: Office) -> None:
    host = await platform.join(await platform.gateway(), "u_host", role=Role.HOST)
    await platform.eventually(lambda: _is(office.live(), {platform.meeting_id: 1}))
    await host.ask("end_meeting")
    await platform.eventually(lambda: _is(office.live(), {}))


async def test_a_killed_gateways_room_stays_with_an_heir_and_vanishes_without(
    platform: Platform, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_names, "LIVE_ROOM_LEASE_MS", 3_000)
    monkeypatch.setattr(room_listing, "LIVE_ROOM_RENEW_MS", 200)
    one, two = await platform.gateway(), await platform.gateway()
    ada = await platform.join(one, "u_ada", host_id="u_owner")
    here = {platform.meeting_id: 1}
    await platform.eventually(lambda: _is(office.live(), here))
    before = await _lease_of(platform)
    await one.kill()
    await platform.redis.zadd(redis_names.GATEWAYS, {one.gateway.id: 1})
    await platform.eventually(lambda: _connected(office, ada.id, connected=False))  # taken over
    await platform.eventually(lambda: _renewed(platform, before))
    assert await office.live(host_id="u_owner") == here
    await two.kill()
    await platform.eventually(lambda: _is(office.live(), {}))
    await platform.eventually(lambda: _is(office.live(host_id="u_owner"), {}))


async def test_a_gateway_that_is_behind_neither_changes_the_list_nor_brings_a_room_back(
    platform: Platform, office: Office
) -> None:
    meeting_id = MeetingId(platform.meeting_id)
    live = RedisLiveRooms(platform.redis)

    def told(participants: int) -> RoomSummary:
        return RoomSummary(
            meeting_id=meeting_id,
            host_id=None,
            started_at=1,
            participants=participants,
            tracks=0,
            waiting=0,
            locked=False,
        )

    await live.put({meeting_id: (5, told(3))})
    await live.put({meeting_id: (4, told(2))})
    await live.drop([(meeting_id, None, 4)])
    assert await office.live() == {meeting_id: 3}
    await live.drop([(meeting_id, None, 6)])
    await live.put({meeting_id: (5, told(3))})
    assert await office.live() == {}
    await live.put({meeting_id: (7, told(1))})
    assert await office.live() == {meeting_id: 1}


async def test_the_list_comes_page_by_page_newest_first_without_the_dead(platform: Platform, office: Office) -> None:
    gateway = await platform.gateway()
    ids = []
    for number in range(5):
        platform.meeting_id = f"m-{number}"
        ids.append(platform.meeting_id)
        await platform.join(gateway, "u_ada", host_id="u_owner")
    await platform.eventually(lambda: _is(office.live(), dict.fromkeys(ids, 1)))
    await platform.redis.zadd(redis_names.LIVE_ROOMS, {"m-dead": 1, "m-gone": 9_999_999_999_999})
    seen: list[str] = []
    after = None
    while True:
        page = await office.page(limit=2, after=after)
        seen += [room.meeting_id for room in page.rooms]
        if page.last is None:
            break
        assert len(page.rooms) == 2
        after = page.last
    assert seen == ids[::-1]
    members = await platform.redis.zrange(redis_names.LIVE_ROOMS, 0, -1)
    assert [member.decode() for member in members] == ids


async def test_rooms_that_began_in_the_same_moment_are_all_listed(platform: Platform, office: Office) -> None:
    gateway = await platform.gateway()
    for number in range(5):
        platform.meeting_id = f"m-{number}"
        await platform.join(gateway, "u_ada")
    await platform.eventually(lambda: _is(office.live(), dict.fromkeys((f"m-{number}" for number in range(5)), 1)))
    for number in range(5):
        await platform.redis.hset(
            redis_names.live_room(MeetingId(f"m-{number}")),
            mapping={
                "v": 999,
                "s": f'{{"meeting_id":"m-{number}","host_id":null,"started_at":7,"participants":1,'
                '"tracks":0,"waiting":0,"locked":false}',
            },
        )
        await platform.redis.zadd(redis_names.LIVE_ROOMS, {f"m-{number}": 7})
    seen: list[str] = []
    after = None
    for _ in range(5):
        page = await office.page(limit=1, after=after)
        seen += [room.meeting_id for room in page.rooms]
        after = page.last
    assert seen == ["m-4", "m-3", "m-2", "m-1", "m-0"]
    assert after is None


async def _is(found: Any, wanted: object) -> bool:
    return bool(await found == wanted)


async def _waiting(platform: Platform) -> list[dict[str, str]]:
    clients = await platform.redis.client_list()
    # A connection that waits for nothing still says what it did last.
    return [client for client in clients if client["cmd"] == "blpop" and "b" in client["flags"]]


async def _connected(office: Office, participant_id: str, *, connected: bool) -> bool:
    view = await office.ask(ParticipantRead(participant_id=ParticipantId(participant_id)))
    return isinstance(view, ParticipantView) and view.info.connected is connected


async def _lease_of(platform: Platform) -> int:
    """When the room's lease ends, by Redis's clock."""
    return int(await platform.redis.execute_command("PEXPIRETIME", redis_names.live_room(platform.meeting_id)))


async def _renewed(platform: Platform, before: int) -> bool:
    return await _lease_of(platform) > before + 3_000
