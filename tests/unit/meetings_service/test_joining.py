"""The way into a meeting through both decisions: the meeting service's, by the record, and the gateway's, by the room.

Every combination of what either looks at, with one list of rules for both: who comes in and as what, who waits, or
exactly why not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

from meetings_service.domain.access import OPENS_MS, Admission, decide_join
from meetings_service.domain.meeting_settings import Lobby, MeetingSettings, rules_of
from meetings_service.errors import MeetingsError
from msgspec.structs import replace

from contracts.log_events import ParticipantJoined
from contracts.rooms import GatewayId, Identity, MeetingId, ParticipantId, Role, RoomRules
from functions.serverless.problems import InvalidFieldError
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal
from tests.unit.meetings_service.test_access import CALLERS, PASSCODE, SCHEDULE, START, meeting
from tests.unit.signaling_gateway.room_steps import after, join

MOMENTS = {"early": START - OPENS_MS - 1, "in time": START - OPENS_MS, "late": START + 3_600_000}
GIVEN = {"none": None, "missing": None, "wrong": "open-sesamf", "right": PASSCODE}
KINDS: dict[str, dict[str, Any]] = {
    "instant": {},
    "once": {"schedule": SCHEDULE},
    "recurring": {"schedule": replace(SCHEDULE, rule="FREQ=WEEKLY")},
    "personal": {"personal": True},
}
STATES: dict[str, dict[str, Any]] = {
    "scheduled": {},
    "live": {"started_at": 2},
    "ended": {"started_at": 2, "ended_at": 3, "ended_by": Identity("u_host")},
    "ended by itself": {"started_at": 2, "ended_at": 3},
    "cancelled": {"cancelled_at": 2},
}
ME = ParticipantId("p_me")
IDENTITIES = [
    decide_join(meeting(), caller, now=START, randomness=b"r" * 16).identity
    for name, caller in CALLERS.items()
    if name != "nameless"
]
RUNNING = {"host", "cohost"}
GUESTS = {"guest", "nameless", "returning"}
ROLES = {"host": Role.HOST, "cohost": Role.COHOST, "invited": Role.PARTICIPANT, "user": Role.PARTICIPANT}
AT_THE_RECORD: dict[str, Any] = {
    "caller": CALLERS,
    "kind": KINDS,
    "state": STATES,
    "banned": (False, True),
    "guests_allowed": (False, True),
    "locked": (False, True),
    "passcode": GIVEN,
    "join_before_host": (False, True),
    "moment": MOMENTS,
    "lobby": Lobby,
}
IN_THE_ROOM: dict[str, Any] = dict.fromkeys(("run", "full", "locked there", "banned there", "was in"), (False, True))
"""What has become of a room that people are in, beside its end."""
REASONS = {
    "meeting_cancelled",
    "meeting_ended",
    "participant_removed",
    "guests_not_allowed",
    "meeting_locked",
    "passcode_required",
    "passcode_wrong",
    "meeting_not_started",
    "validation_failed",
    "meeting_full",
}
Case = dict[str, Any]


def combinations(dimensions: dict[str, Any]) -> Iterator[Case]:
    for values in itertools.product(*dimensions.values()):
        yield dict(zip(dimensions, values, strict=True))


AS_IT_OPENS: Case = dict.fromkeys(("over", *IN_THE_ROOM), False)
ROOMS = [AS_IT_OPENS | {"over": True}, *({"over": False} | each for each in combinations(IN_THE_ROOM))]


def expected(case: Case) -> str:
    """What the rules say of both decisions, one by one; the first that holds counts."""
    who, is_live = case["caller"], case["state"] == "live"
    has_a_time, takes_place_again = case["kind"] in {"once", "recurring"}, case["kind"] in {"recurring", "personal"}
    runs, is_guest = who in RUNNING, who in GUESTS
    is_asked = case["passcode"] != "none" and not runs and who not in {"invited", "returning"}
    is_new = not runs and not case["was in"]
    is_for_lobby = case["lobby"] is Lobby.EVERYONE or (case["lobby"] is Lobby.GUESTS and is_guest)
    rules = [
        ("meeting_cancelled", case["state"] == "cancelled"),
        ("meeting_ended", case["state"] == "ended" and not takes_place_again),
        ("participant_removed", case["banned"] and who != "host"),
        ("guests_not_allowed", is_guest and not case["guests_allowed"]),
        ("meeting_locked", case["locked"] and not runs and not is_live),
        ("passcode_required", is_asked and case["passcode"] == "missing"),
        ("passcode_wrong", is_asked and case["passcode"] == "wrong"),
        (
            "meeting_not_started",
            has_a_time and not case["join_before_host"] and not runs and not is_live and case["moment"] != "in time",
        ),
        ("validation_failed", who == "nameless"),
        # From here on the room decides.
        ("meeting_ended", case["over"]),
        ("participant_removed", case["banned there"] and who != "host"),
        ("meeting_full", case["full"] and not runs),
        ("meeting_locked", case["locked there"] and is_new),
        ("waits", is_new and (is_for_lobby or (not case["join_before_host"] and not case["run"]))),
    ]
    return next((reason for reason, holds in rules if holds), ROLES.get(who, Role.GUEST).value)


@cache
def room(rules: RoomRules, become: frozenset[str]) -> RoomState:
    """A room that somebody is in, and what has become of it there."""
    first = replace(join(ParticipantId("p_first"), role=Role.COHOST), rules=replace(rules, max_participants=2))
    state = after(RoomState(), first)
    if "full" in become:
        state = after(state, join(ParticipantId("p_second"), role=Role.COHOST))
    if "run" not in become:
        plain = {
            key: replace(stay, info=replace(stay.info, permissions=replace(stay.info.permissions, moderate=False)))
            for key, stay in state.stays.items()
        }
        state = replace(state, stays=plain)
    return replace(
        state,
        ended="over" in become,
        policy=replace(state.policy, locked="locked there" in become),
        banned=dict.fromkeys(IDENTITIES[1:] if "banned there" in become else (), ""),
        admitted=frozenset(IDENTITIES if "was in" in become else ()),
    )


def room_in(case: Case, rules: RoomRules) -> RoomState:
    if case["state"] != "live":
        return RoomState()
    return room(rules, frozenset(name for name in AS_IT_OPENS if case[name]))


def at_the_gateway(admission: Admission, rules: RoomRules, state: RoomState) -> str:
    """What becomes of who comes with this admission's token."""
    come_in = commands.Join(
        meeting_id=MeetingId("abc-defg-hjk"),
        participant_id=ME,
        identity=admission.identity,
        name=admission.display_name,
        role=admission.role,
        permissions=admission.permissions,
        gateway_id=GatewayId("g"),
        resume_hash="aa",
        vouched=admission.vouched,
        rules=rules,
    )
    try:
        events = decide(state, come_in, START)
    except Refusal as refused:
        return str(refused.code)
    joined = [each.participant.role.value for each in events if isinstance(each, ParticipantJoined)]
    return joined[0] if joined else "waits"


def at_the_record(case: Case, settings: MeetingSettings) -> Admission | str:
    """What becomes of who asks for a token."""
    at = meeting(settings, **KINDS[case["kind"]], **STATES[case["state"]])
    caller = replace(CALLERS[case["caller"]], is_banned=case["banned"], passcode=GIVEN[case["passcode"]])
    try:
        return decide_join(at, caller, now=MOMENTS[case["moment"]], randomness=b"r" * 16)
    except (MeetingsError, InvalidFieldError) as refused:
        return str(refused.code)


def settings_in(case: Case) -> MeetingSettings:
    return MeetingSettings(
        guests_allowed=case["guests_allowed"],
        locked=case["locked"],
        passcode=None if case["passcode"] == "none" else PASSCODE,
        join_before_host=case["join_before_host"],
        lobby=case["lobby"],
    )


def test_everybody_comes_in_waits_or_is_told_exactly_why_not_through_both_decisions() -> None:
    outcomes: set[str] = set()
    for asked in combinations(AT_THE_RECORD):
        settings = settings_in(asked)
        admission, rules = at_the_record(asked, settings), rules_of(settings)
        is_open = asked["state"] == "live" and not isinstance(admission, str)
        for there in ROOMS if is_open else [AS_IT_OPENS]:
            case = asked | there
            found = admission if isinstance(admission, str) else at_the_gateway(admission, rules, room_in(case, rules))
            assert found == expected(case), case
            outcomes.add(found)
    assert outcomes == REASONS | {"waits"} | {role.value for role in Role}
