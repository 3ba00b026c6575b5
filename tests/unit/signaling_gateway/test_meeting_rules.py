"""What a meeting's settings mean in its room: who waits for the host, how many come in, and when it ends by itself."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from msgspec.structs import replace

from contracts import log_events as log
from contracts.rooms import (
    ADMINISTRATOR,
    ParticipantId,
    ParticipantKind,
    Permissions,
    PublishPermission,
    RecordingEnd,
    Role,
    RolePermissions,
    RoomPolicy,
    RoomRules,
)
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.presence import MAX_PARTICIPANTS
from signaling_gateway.domain.recording import is_due
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.rules import EndIfDue
from tests.unit.signaling_gateway.room_steps import ADA, BOB, CO, EVE, HOST, after, join, refusal

EMPTY_MS = 1_000
DUE = EndIfDue(empty_ms=EMPTY_MS)
SILENT = Permissions(publish=(PublishPermission.AUDIO,), subscribe=True, chat=False)


def coming(who: ParticipantId, rules: RoomRules, **more: Any) -> commands.Join:
    role = {HOST: Role.HOST, CO: Role.COHOST}.get(who, Role.PARTICIPANT)
    return replace(join(who, role=role), rules=rules, **more)


def opened(rules: RoomRules, *people: ParticipantId) -> RoomState:
    return after(RoomState(), *(coming(who, rules) for who in people))


def at(state: RoomState, command: Any, moment: int) -> RoomState:
    return evolve_all(state, decide(state, command, moment))


# ---- how it opens ----


def test_the_first_token_says_how_the_room_opens_and_later_ones_change_nothing() -> None:
    rules = RoomRules(
        policy=RoomPolicy(lobby=True, rename=False),
        role_permissions=(RolePermissions(role=Role.PARTICIPANT, permissions=SILENT),),
    )
    room = opened(rules, HOST)
    assert room.policy == rules.policy
    open_again = after(room, commands.SetPolicy(participant_id=HOST, lobby=False), coming(ADA, rules))
    assert not open_again.policy.lobby
    assert open_again.stays[ADA].info.permissions == SILENT
    allowed = commands.SetRolePermissions(
        participant_id=HOST, role=Role.PARTICIPANT, permissions=replace(SILENT, chat=True)
    )
    assert after(open_again, allowed).stays[ADA].info.permissions.chat, "who runs the meeting may allow it there"


def test_rules_hold_for_the_first_one_too() -> None:
    assert EVE in opened(RoomRules(policy=RoomPolicy(lobby=True)), EVE).lobby
    assert refusal(RoomState(), coming(EVE, RoomRules(policy=RoomPolicy(locked=True)))) == "meeting_locked"
    assert HOST in opened(RoomRules(policy=RoomPolicy(locked=True)), HOST).stays


# ---- who waits ----


@pytest.mark.parametrize(
    ("lobby", "wait_for_host", "is_run", "vouched"), list(itertools.product([False, True], repeat=4))
)
def test_who_waits_and_whom_the_coming_of_a_host_lets_in(
    lobby: bool,  # noqa: FBT001
    wait_for_host: bool,  # noqa: FBT001
    is_run: bool,  # noqa: FBT001
    vouched: bool,  # noqa: FBT001
) -> None:
    rules = RoomRules(policy=RoomPolicy(lobby=lobby), wait_for_host=wait_for_host)
    before = opened(rules, *([CO] if is_run else []))
    room = after(before, coming(ADA, rules, vouched=vouched))
    is_for_lobby = lobby and not vouched
    assert (ADA in room.lobby) is (is_for_lobby or (wait_for_host and not is_run))
    with_host = after(room, coming(HOST, rules))
    assert HOST in with_host.stays
    assert (ADA in with_host.lobby) is is_for_lobby
    assert (ADA in with_host.stays) is not is_for_lobby


def test_encoders_do_not_wait_for_a_host_and_those_who_were_in_come_back_without_one() -> None:
    rules = RoomRules(wait_for_host=True)
    stream = coming(EVE, rules, kind=ParticipantKind.STREAM, vouched=True)
    assert EVE in after(RoomState(), stream).stays
    left_alone = after(
        opened(rules, HOST, ADA), commands.Leave(participant_id=HOST), commands.Leave(participant_id=ADA)
    )
    assert ADA in after(left_alone, coming(ADA, rules)).stays
    assert BOB in after(left_alone, coming(BOB, rules)).lobby


def test_a_rule_that_an_administrator_changes_lets_nobody_in_who_waits_for_the_host() -> None:
    waiting = opened(RoomRules(wait_for_host=True), ADA)
    assert ADA in after(waiting, commands.SetPolicy(participant_id=ADMINISTRATOR, rename=False)).lobby


# ---- how many ----


def test_a_meeting_that_has_its_participants_is_full_but_not_for_those_who_run_it() -> None:
    rules = RoomRules(max_participants=2)
    full = opened(rules, ADA, BOB)
    assert refusal(full, coming(EVE, rules)) == "meeting_full"
    assert HOST in after(full, coming(HOST, rules)).stays
    assert EVE in after(full, commands.Leave(participant_id=ADA), coming(EVE, rules)).stays
    assert MAX_PARTICIPANTS == 2_000


# ---- when it is over ----


def test_a_room_ends_when_everybody_has_been_gone_for_long_enough() -> None:
    room = at(RoomState(), join(ADA), 100)
    assert room.empty_since is None
    assert decide(room, DUE, 10**12) == ()
    empty = at(room, commands.Leave(participant_id=ADA), 500)
    assert empty.empty_since == 500
    assert decide(empty, DUE, 500 + EMPTY_MS - 1) == ()
    assert decide(empty, DUE, 500 + EMPTY_MS) == (log.MeetingEnded(at=500 + EMPTY_MS, by=None),)
    back = at(empty, join(BOB), 600)
    assert back.empty_since is None
    assert decide(back, DUE, 10**12) == ()
    ended = at(empty, DUE, 2_000)
    assert ended.ended
    assert decide(ended, DUE, 3_000) == (), "it ends once, whoever else has watched"


def test_who_waits_in_the_lobby_keeps_the_room() -> None:
    waiting = opened(RoomRules(wait_for_host=True), ADA)
    assert decide(waiting, DUE, 10**12) == ()
    gone = after(waiting, commands.Leave(participant_id=ADA))
    assert [type(event) for event in decide(gone, DUE, 10**12)] == [log.MeetingEnded]


def test_the_longest_time_counts_from_the_first_one_who_is_in() -> None:
    rules = RoomRules(max_length_ms=60_000, wait_for_host=True)
    waiting = at(RoomState(), coming(ADA, rules), 1_000)
    assert waiting.ends_at is None
    room = at(waiting, coming(HOST, rules), 5_000)
    assert room.ends_at == 65_000
    assert decide(room, DUE, 64_999) == ()
    assert decide(room, DUE, 65_000) == (log.MeetingEnded(at=65_000, by=None),)
    later = at(at(room, commands.Leave(participant_id=HOST), 10_000), coming(BOB, rules), 20_000)
    assert later.ends_at == 65_000


# ---- recording by itself ----


def test_a_recording_is_due_until_somebody_stops_one() -> None:
    room = opened(RoomRules(record=True), ADA)
    assert is_due(room)
    assert not is_due(opened(RoomRules(), ADA))
    assert not is_due(after(room, commands.Leave(participant_id=ADA)))
    begun = commands.StartRecording(participant_id=ADMINISTRATOR, recording_id="r", prefix="m/")
    recorded = after(room, begun)
    assert not is_due(recorded)
    failed = after(recorded, commands.FailRecording(recording_id="r"))
    assert is_due(failed), "and it is tried again"
    stopped = after(recorded, commands.StopRecording(participant_id=ADMINISTRATOR, recording_id="r"))
    assert not is_due(stopped)
    left = decide(recorded, commands.Leave(participant_id=ADA), 9)
    assert [each.reason for each in left if isinstance(each, log.RecordingStopped)] == [RecordingEnd.ENDED]
