"""When a room is streamed out: who may have it so, who is told what, and when it is over by itself."""

from __future__ import annotations

import msgspec
import pytest

from contracts.broadcast_commands import RtmpTarget
from contracts.broadcast_commands import StartBroadcast as Wish
from contracts.broadcast_events import BroadcastChanged, BroadcastStarted, BroadcastStopped
from contracts.broadcasting import BroadcastState, BroadcastTarget, TargetState
from contracts.facts import as_fact, is_fact
from contracts.log_codec import decode_event, encode_event
from contracts.log_events import MeetingEnded, ParticipantLeft, RecordingStopped
from contracts.room_broadcast import BroadcastEnd, BroadcastTargetInfo, host_of
from contracts.rooms import ADMINISTRATOR, CompositeLayout, ParticipantId, PeerSignal, PeerSignalKind
from signaling_gateway.domain import commands
from signaling_gateway.domain.broadcast import order_of, told_of
from signaling_gateway.domain.broadcast_commands import ChangeBroadcast, FailBroadcast, StartBroadcast, StopBroadcast
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.projection import addressed, snapshot
from tests.unit.signaling_gateway.test_decisions import ADA, BOB, EVE, MEETING, NONE, PLAIN, ROOM, after, join, refusal

SERVER = BroadcastTargetInfo(id="t1", host="a.rtmp.example")
LOST = msgspec.structs.replace(SERVER, reason="refused")


def start(who: ParticipantId, broadcast_id: str = "b1") -> StartBroadcast:
    return StartBroadcast(
        participant_id=who,
        broadcast_id=broadcast_id,
        layout=CompositeLayout.SPEAKER,
        watch_key="w" * 22,
        targets=(SERVER,),
    )


STOP = StopBroadcast(participant_id=ADA, broadcast_id="b1")
ON = after(ROOM, join(EVE, PLAIN), start(ADA))


def test_it_takes_one_who_moderates_and_somebody_to_show() -> None:
    room = after(ROOM, join(EVE, PLAIN))
    assert refusal(room, start(EVE)) == "permission_denied"
    assert refusal(ON, msgspec.structs.replace(STOP, participant_id=EVE)) == "permission_denied"
    assert decide(room, start(ADMINISTRATOR), 1000)
    empty = after(ROOM, commands.Leave(participant_id=ADA), commands.Leave(participant_id=BOB))
    assert refusal(empty, start(ADMINISTRATOR)) == "meeting_not_live"
    assert refusal(after(ROOM, commands.EndMeeting(participant_id=ADA)), start(ADA)) == "meeting_ended"


def test_one_is_on_at_a_time_and_what_is_over_may_be_stopped_again() -> None:
    started, changed = decide(ROOM, start(ADA), 1000)
    assert isinstance(started, BroadcastStarted)
    assert isinstance(changed, BroadcastChanged)
    assert decide(ON, start(BOB, "b2"), 1000) == ()
    assert decide(ON, StopBroadcast(participant_id=ADA, broadcast_id="b2"), 1000) == ()
    (stopped,) = decide(ON, STOP, 1000)
    assert isinstance(stopped, BroadcastStopped)
    assert (stopped.reason, stopped.by) == (BroadcastEnd.ASKED, ADA)
    assert decide(evolve_all(ON, [stopped]), STOP, 1000) == ()


def test_the_last_one_leaving_and_the_end_of_the_meeting_end_it_beside_a_recording() -> None:
    recorded = after(ON, commands.StartRecording(participant_id=ADA, recording_id="r1", prefix="m/r1/"))
    *_, recording, broadcast, ended = decide(recorded, commands.EndMeeting(participant_id=ADA), 1000)
    assert isinstance(recording, RecordingStopped)
    assert isinstance(broadcast, BroadcastStopped)
    assert isinstance(ended, MeetingEnded)
    alone = after(recorded, commands.Leave(participant_id=BOB), commands.Leave(participant_id=EVE))
    left, *over = decide(alone, commands.Leave(participant_id=ADA), 1000)
    assert isinstance(left, ParticipantLeft)
    assert {type(each) for each in over} == {RecordingStopped, BroadcastStopped}


def test_how_its_servers_do_is_told_once_and_to_those_who_moderate() -> None:
    assert decide(ON, ChangeBroadcast(broadcast_id="b1", targets=(SERVER,)), 1000) == ()
    assert decide(ON, ChangeBroadcast(broadcast_id="b2", targets=(LOST,)), 1000) == ()
    events = decide(ON, ChangeBroadcast(broadcast_id="b1", targets=(LOST,)), 1000)
    room = evolve_all(ON, events)
    told = {who: message.events for group, message in addressed(ON.version, events, room, room.stays) for who in group}
    assert [len(told[who]) for who in (ADA, BOB, EVE)] == [1, 1, 0]
    seen = [snapshot(room, MEETING, room.stays[who]).broadcast for who in (ADA, EVE)]
    assert [each.targets for each in seen if each is not None] == [(LOST,), ()]


def test_a_failure_is_announced_once() -> None:
    (stopped,) = decide(ON, FailBroadcast(broadcast_id="b1"), 1000)
    assert isinstance(stopped, BroadcastStopped)
    assert (stopped.reason, stopped.by) == (BroadcastEnd.FAILED, None)
    assert decide(evolve_all(ON, [stopped]), FailBroadcast(broadcast_id="b1"), 1000) == ()


def test_an_encrypted_meeting_is_not_streamed_out_and_one_that_is_not_encrypted() -> None:
    encrypt = commands.SetPolicy(participant_id=ADA, e2ee=True)
    assert refusal(after(ROOM, encrypt), start(ADA)) == "meeting_encrypted"
    assert refusal(ON, encrypt) == "conflict"
    assert after(ON, STOP, encrypt).policy.e2ee


def test_media_is_not_direct_where_it_is_streamed_out() -> None:
    room = after(ROOM, commands.SetPolicy(participant_id=ADA, direct=True))
    offer = PeerSignal(session="s", kind=PeerSignalKind.OFFER, sdp="v=0")
    signal = commands.SignalPeer(participant_id=ADA, target=BOB, signal=offer)
    assert decide(room, signal, 1000)
    assert refusal(after(room, start(ADA)), signal) == "direct_unavailable"


def test_a_node_is_asked_with_the_names_of_those_in_the_main_room() -> None:
    assert ON.broadcast is not None
    target = BroadcastTarget(id="t1", url="rtmp://a.rtmp.example/live/secret")
    order = order_of(ON, ON.broadcast, (target,))
    assert (order.layout, order.hls, order.targets) == (CompositeLayout.SPEAKER, True, (target,))
    assert [each.participant_id for each in order.people] == [ADA, BOB, EVE]


def test_what_a_node_says_of_servers_that_nobody_knows_is_left_out() -> None:
    states = [TargetState(id="t9", state=BroadcastState.LIVE), TargetState(id="t1", state=BroadcastState.LIVE)]
    assert told_of((SERVER,), states) == (msgspec.structs.replace(SERVER, state=BroadcastState.LIVE),)
    assert told_of((SERVER,), []) == (SERVER,)


def test_the_meeting_service_learns_neither_servers_nor_what_it_is_watched_by() -> None:
    started, changed = decide(ROOM, start(ADA), 1000)
    assert b"w" * 22 not in encode_event(as_fact(started))
    assert (is_fact(started), is_fact(changed)) == (True, False)


def test_rooms_of_an_earlier_release_are_not_streamed_out() -> None:
    room = msgspec.json.decode(msgspec.json.encode(snapshot(ROOM, MEETING, ROOM.stays[ADA])))
    assert room["broadcast"] is None
    assert decode_event(encode_event(decide(ROOM, start(ADA), 1)[0])) == decide(ROOM, start(ADA), 1)[0]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("rtmp://a.rtmp.youtube.com/live2/abcd-efgh", "a.rtmp.youtube.com"),
        ("rtmps://LIVE-api-s.Facebook.com:443/rtmp/FB-1?s_bl=1&a=b", "live-api-s.facebook.com"),
        ("rtmp://127.0.0.1:1935/app/key", "127.0.0.1"),
        ("rtmp://[2001:db8::1]:1935/app/key", "[2001:db8::1]"),
    ],
)
def test_a_server_is_told_by_its_name_alone(url: str, host: str) -> None:
    assert msgspec.convert({"targets": [{"url": url}]}, Wish).targets == (RtmpTarget(url=url),)
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/live/key",
        "rtmp://a.example",
        "rtmp:///live/key",
        "rtmp://a.example/key",
        "rtmp://who:word@a.example/live/key",
        "rtmp://a.example:22/live/key",
        "rtmp://a.example:70000/live/key",
        "rtmp://a.example/live/key#part",
        "rtmp://a b.example/live/key",
        "rtmp://a.example/live/key with blanks",
        "rtmp://a.example/live/\nkey",
        "file:///etc/passwd",
        "rtmp://-a.example/live/key",
        "rtmp://a.example/" + "x" * 1024,
    ],
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"targets": [{"url": url}]}, Wish)


def test_an_address_is_named_once() -> None:
    url, other = "rtmp://a.example/live/key", "rtmp://a.example/live/other"
    assert len(msgspec.convert({"targets": [{"url": url}, {"url": other}]}, Wish).targets) == 2
    with pytest.raises(msgspec.ValidationError, match="twice"):
        msgspec.convert({"targets": [{"url": url}, {"url": other}, {"url": url}]}, Wish)


def test_nobody_comes_in_unseen() -> None:
    assert after(ON, join(ParticipantId("p_new"), NONE)).broadcast == ON.broadcast
