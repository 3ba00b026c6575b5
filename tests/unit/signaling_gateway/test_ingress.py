"""Streams that are brought into a room: who may have it so, who they are there, and when they are over."""

from __future__ import annotations

import msgspec
import pytest

from contracts.facts import is_fact
from contracts.ingesting import IngressKind, IngressState
from contracts.ingress_commands import StartIngress as Wish
from contracts.ingress_events import IngressChanged, IngressStarted, IngressStopped
from contracts.log_events import MeetingEnded, ParticipantJoined, ParticipantLeft
from contracts.room_ingress import IngressEnd, identity_of_ingress
from contracts.rooms import ADMINISTRATOR, MeetingId, ParticipantId, ParticipantKind, Permissions, Role, TrackSource
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.ingress import MAX_INGRESSES, claims_of
from signaling_gateway.domain.ingress_commands import ChangeIngress, CloseIngress, EndIngress, OpenIngress
from signaling_gateway.domain.permissions import ALLOWED, publishing
from signaling_gateway.domain.projection import addressed, snapshot
from signaling_gateway.domain.room_state import RoomState
from tests.unit.signaling_gateway.test_decisions import ADA, BOB, EVE, MEETING, PLAIN, ROOM, after, join, refusal

FILM = ParticipantId("p_film")


def opened(who: ParticipantId, ingress_id: str = "in_1") -> OpenIngress:
    return OpenIngress(
        participant_id=who,
        ingress_id=ingress_id,
        kind=IngressKind.URL,
        name="Film",
        screen=False,
        state=IngressState.CONNECTING,
        address=None,
    )


def comes_in(state: RoomState) -> commands.Join:
    claims = claims_of(state.ingresses["in_1"], MEETING, now_s=0)
    usual = join(FILM, claims.permissions)
    return msgspec.structs.replace(
        usual, identity=claims.sub, name=claims.name, role=claims.role, kind=ParticipantKind.STREAM
    )


OPEN = after(ROOM, join(EVE, PLAIN), opened(ADA))
IN = after(OPEN, comes_in(OPEN))
CLOSE = CloseIngress(participant_id=ADA, ingress_id="in_1")


def kinds(state: RoomState, command: commands.RoomCommand) -> list[type]:
    return [type(event) for event in decide(state, command, 1000)]


def test_it_takes_one_who_moderates_and_somebody_to_show() -> None:
    room = after(ROOM, join(EVE, PLAIN))
    assert refusal(room, opened(EVE)) == "permission_denied"
    assert refusal(OPEN, msgspec.structs.replace(CLOSE, participant_id=EVE)) == "permission_denied"
    assert kinds(room, opened(ADMINISTRATOR)) == [IngressStarted]
    empty = after(ROOM, commands.Leave(participant_id=ADA), commands.Leave(participant_id=BOB))
    assert refusal(empty, opened(ADMINISTRATOR)) == "meeting_not_live"
    assert refusal(after(ROOM, commands.EndMeeting(participant_id=ADA)), opened(ADA)) == "meeting_ended"
    full = after(ROOM, *(opened(ADA, f"in_{number}") for number in range(MAX_INGRESSES)))
    assert refusal(full, opened(ADA, "in_more")) == "too_many_ingresses"


def test_an_encrypted_meeting_takes_none_and_one_that_takes_some_is_not_encrypted() -> None:
    encrypt = commands.SetPolicy(participant_id=ADA, e2ee=True)
    assert refusal(after(ROOM, encrypt), opened(ADA)) == "meeting_encrypted"
    assert refusal(OPEN, encrypt) == "conflict"
    assert after(OPEN, CLOSE, encrypt).policy.e2ee


def test_what_was_asked_in_need_not_wait_and_is_not_limited_as_people_are() -> None:
    shut = after(OPEN, commands.SetPolicy(participant_id=ADA, locked=True, lobby=True))
    nothing = commands.SetRolePermissions(participant_id=ADA, role=Role.PARTICIPANT, permissions=Permissions())
    quiet = after(shut, nothing)
    (joined,) = decide(quiet, comes_in(quiet), 1000)
    assert isinstance(joined, ParticipantJoined)
    granted = joined.participant.permissions
    assert all(ALLOWED[publishing(source)](granted) for source in TrackSource)
    assert (granted.subscribe, granted.chat, granted.moderate) == (False, False, False)
    assert refusal(after(quiet, CLOSE), comes_in(quiet)) == "meeting_locked", "once it is closed, it is nobody"


def test_how_it_does_is_told_once_and_to_those_who_moderate() -> None:
    live = ChangeIngress(ingress_id="in_1", state=IngressState.LIVE, address=None, participant_id=FILM, reason=None)
    assert kinds(IN, msgspec.structs.replace(live, ingress_id="in_2")) == []
    events = decide(IN, live, 1000)
    assert [type(each) for each in events] == [IngressChanged]
    room = evolve_all(IN, events)
    assert kinds(room, live) == []
    told = {who: message.events for group, message in addressed(IN.version, events, room, room.stays) for who in group}
    assert [len(told[who]) for who in (ADA, BOB, EVE)] == [1, 1, 0]
    seen = [snapshot(room, MEETING, room.stays[who]).ingresses for who in (ADA, EVE)]
    assert [[(each.state, each.participant_id) for each in some] for some in seen] == [[(IngressState.LIVE, FILM)], []]
    assert not is_fact(events[0])


def test_its_participant_leaves_with_it() -> None:
    for command, end in ((CLOSE, IngressEnd.ASKED), (EndIngress(ingress_id="in_1", end=IngressEnd.FINISHED), None)):
        stopped, left = decide(IN, command, 1000)
        assert isinstance(stopped, IngressStopped)
        assert isinstance(left, ParticipantLeft)
        assert (stopped.end, left.participant_id) == (end or IngressEnd.FINISHED, FILM)
        assert kinds(evolve_all(IN, (stopped, left)), command) == [], "what is over may be closed again"


def test_it_is_over_with_its_participant_taken_out_with_the_last_one_and_with_the_meeting() -> None:
    left, stopped = decide(IN, commands.Remove(participant_id=ADA, target=FILM, ban=False), 1000)
    assert isinstance(left, ParticipantLeft)
    assert isinstance(stopped, IngressStopped)
    assert stopped.end is IngressEnd.REMOVED
    assert kinds(IN, commands.Leave(participant_id=FILM)) == [ParticipantLeft], "it may come again"
    alone = after(IN, commands.Leave(participant_id=BOB), commands.Leave(participant_id=EVE))
    *_, ended, gone = decide(alone, commands.Leave(participant_id=ADA), 1000)
    assert isinstance(ended, IngressStopped)
    assert ended.end is IngressEnd.ENDED
    assert isinstance(gone, ParticipantLeft)
    assert gone.participant_id == FILM, "nobody is left there but the stream"
    assert kinds(IN, commands.EndMeeting(participant_id=ADA))[-2:] == [IngressStopped, MeetingEnded]


def test_it_is_the_same_each_time_and_of_its_session_of_the_meeting() -> None:
    claims = claims_of(OPEN.ingresses["in_1"], MeetingId("m.3"), now_s=5)
    assert (claims.sub, claims.room, claims.stream_key) == (identity_of_ingress("in_1"), "m.3", "in_1")


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "url", "name": "Film"},
        {"kind": "rtmp", "name": "Studio", "url": "https://media.example/film.mp4"},
        {"kind": "url", "name": "Film", "url": "http://media.example:22/film.mp4"},
        {"kind": "url", "name": "Film", "url": "file:///etc/passwd"},
        {"kind": "url", "name": "Film", "url": "https://media.example/fi lm"},
        {"kind": "url", "name": "", "url": "https://media.example/film.mp4"},
        {"kind": "srt", "name": "Film"},
    ],
)
def test_a_wish_that_makes_no_sense_is_told(said: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, Wish)


def test_a_wish_has_an_address_or_none() -> None:
    signed = "https://user:word@[2001:db8::1]:8443/film.mp4?X-Amz-Signature=ab%2Fcd&x=1"
    assert msgspec.convert({"kind": "url", "name": "Film", "url": signed}, Wish).url == signed
    assert msgspec.convert({"kind": "rtmp", "name": "Studio"}, Wish).url is None
