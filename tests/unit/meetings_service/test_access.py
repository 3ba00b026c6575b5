"""The decision who may join: every combination of caller, meeting and moment."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from meetings_service.domain.access import OPENS_MS, Caller, decide_join, is_guest
from meetings_service.domain.meeting_settings import Allowed, Lobby, MeetingSettings
from meetings_service.domain.meetings import Invitee, Meeting
from meetings_service.domain.schedule import Schedule, local_time_of, moment_of, zone_of
from meetings_service.errors import (
    GuestsNotAllowedError,
    MeetingCancelledError,
    MeetingEndedError,
    MeetingLockedError,
    NotStartedError,
    PasscodeRequiredError,
    PasscodeWrongError,
    RemovedError,
)
from msgspec.structs import replace

from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, MeetingId, Role
from functions.serverless.problems import InvalidFieldError

SCHEDULE = Schedule(start="2026-12-01T09:00:00", time_zone="Europe/Berlin", duration_minutes=60)
START = moment_of(local_time_of(SCHEDULE.start), zone_of(SCHEDULE.time_zone))
PASSCODE = "open-sesame"

COHOST = Invitee(key="u_eve", user_id=Identity("u_eve"), role=Role.COHOST, invited_at=1)
INVITED = Invitee(key="ida@example.org", address="ida@example.org", invited_at=1)
CALLERS = {
    "host": Caller(user_id="u_host", user_name="Ada"),
    "cohost": Caller(user_id="u_eve", user_name="Eve", invitee=COHOST),
    "invited": Caller(user_id="u_ida", user_name="Ida", invitee=INVITED),
    "user": Caller(user_id="u_bob", user_name="Bob"),
    "guest": Caller(display_name="Gus"),
    "nameless": Caller(),
    "returning": Caller(guest_identity=Identity("g_before"), guest_name="Gus"),
}
ROLES = {"host": Role.HOST, "cohost": Role.COHOST, "invited": Role.PARTICIPANT, "user": Role.PARTICIPANT}
STATES: dict[str, dict[str, Any]] = {
    "scheduled": {},
    "live": {"started_at": 2},
    "ended": {"started_at": 2, "ended_at": 3, "ended_by": Identity("u_host")},
    "ended by itself": {"started_at": 2, "ended_at": 3},
    "cancelled": {"cancelled_at": 2},
}
MOMENTS = {"early": START - OPENS_MS - 1, "in time": START - OPENS_MS, "late": START + 3_600_000}


def meeting(settings: MeetingSettings | None = None, **more: Any) -> Meeting:
    base = Meeting(
        id=MeetingId("abc-defg-hjk"),
        title="t",
        host_id="u_host",
        host_name="Ada",
        settings=settings or MeetingSettings(),
        created_at=1,
    )
    return replace(base, **more)


def decide(at: Meeting, caller: Caller, *, now: int = START, randomness: bytes = b"r" * 16) -> Any:
    return decide_join(at, caller, now=now, randomness=randomness)


def expected(case: dict[str, Any]) -> Role | type[Exception]:
    """What the rules say, one by one; the first that holds counts."""
    who, state = case["caller"], case["state"]
    is_guest_here = who in {"guest", "nameless", "returning"}
    runs = who in {"host", "cohost"}
    asks = case["passcode"] != "none" and not runs and who not in {"invited", "returning"}
    waits = not case["join_before_host"] and not runs and state != "live"
    rules: list[tuple[bool, type[Exception]]] = [
        (state == "cancelled", MeetingCancelledError),
        (state == "ended", MeetingEndedError),
        (case["banned"] and who != "host", RemovedError),
        (is_guest_here and not case["guests_allowed"], GuestsNotAllowedError),
        (case["locked"] and not runs and state != "live", MeetingLockedError),
        (asks and case["passcode"] == "missing", PasscodeRequiredError),
        (asks and case["passcode"] == "wrong", PasscodeWrongError),
        (waits and case["moment"] in {"early", "late"}, NotStartedError),
        (who == "nameless", InvalidFieldError),
    ]
    return next((error for holds, error in rules if holds), ROLES.get(who, Role.GUEST))


def test_every_caller_at_every_meeting_gets_in_or_is_told_exactly_why_not() -> None:
    dimensions: dict[str, Any] = {
        "caller": CALLERS,
        "state": STATES,
        "banned": (False, True),
        "guests_allowed": (False, True),
        "locked": (False, True),
        "passcode": ("none", "missing", "wrong", "right"),
        "join_before_host": (False, True),
        "moment": MOMENTS,
    }
    given = {"none": None, "missing": None, "wrong": "open-sesamf", "right": PASSCODE}
    outcomes: set[Any] = set()
    for values in itertools.product(*dimensions.values()):
        case: dict[str, Any] = dict(zip(dimensions, values, strict=True))
        settings = MeetingSettings(
            guests_allowed=case["guests_allowed"],
            locked=case["locked"],
            passcode=None if case["passcode"] == "none" else PASSCODE,
            join_before_host=case["join_before_host"],
        )
        at = meeting(settings, schedule=SCHEDULE, **STATES[case["state"]])
        caller = replace(CALLERS[case["caller"]], is_banned=case["banned"], passcode=given[case["passcode"]])
        try:
            outcome = decide(at, caller, now=MOMENTS[case["moment"]]).role
        except Exception as error:  # noqa: BLE001
            outcome = type(error)
        assert outcome == expected(case), case
        outcomes.add(outcome)
    assert len(outcomes) == 13, "every role and every reason has occurred"


@pytest.mark.parametrize("caller", ["host", "cohost", "invited", "user", "guest"])
@pytest.mark.parametrize("record", list(Allowed))
def test_permissions_are_those_of_the_role_and_recording_as_the_meeting_has_it(caller: str, record: Allowed) -> None:
    admission = decide(meeting(MeetingSettings(record=record)), CALLERS[caller])
    of_role = PERMISSIONS_OF_ROLE[admission.role]
    assert admission.permissions == replace(of_role, record=of_role.record or record is Allowed.EVERYONE)
    assert is_guest(admission.identity) == (admission.role is Role.GUEST)


@pytest.mark.parametrize(
    ("lobby", "passes"),
    [
        (Lobby.OFF, {"host", "cohost"}),
        (Lobby.GUESTS, {"host", "cohost", "invited", "user"}),
        (Lobby.EVERYONE, {"host", "cohost"}),
    ],
)
def test_lobby_is_passed_by_those_whom_it_is_not_for(lobby: Lobby, passes: set[str]) -> None:
    at = meeting(MeetingSettings(lobby=lobby))
    vouched = {name for name, caller in CALLERS.items() if name != "nameless" and decide(at, caller).vouched}
    assert vouched == passes


def test_people_wait_for_the_host_of_an_instant_meeting_at_any_time() -> None:
    at = meeting(MeetingSettings(join_before_host=False))
    assert decide(at, CALLERS["guest"], now=0).role is Role.GUEST


def test_user_may_take_another_name_and_keeps_the_identity() -> None:
    admission = decide(meeting(), Caller(user_id="u_bob", user_name="Bob", display_name=" Bobby "))
    assert (admission.identity, admission.display_name) == ("u_bob", "Bobby")
    assert not admission.is_account_name
    assert decide(meeting(), Caller(user_id="u_bob", user_name="Bob")).is_account_name
    assert decide(meeting(), Caller(user_id="u_bob", user_name="Bob", display_name="Bob")).is_account_name
    assert not decide(meeting(), Caller(display_name="Bob")).is_account_name


def test_returning_guest_keeps_identity_and_may_change_the_name() -> None:
    again = decide(meeting(), CALLERS["returning"])
    assert (again.identity, again.display_name) == ("g_before", "Gus")
    renamed = replace(CALLERS["returning"], display_name="August")
    assert decide(meeting(), renamed).display_name == "August"


def test_two_guests_are_two_people() -> None:
    first = decide(meeting(), CALLERS["guest"], randomness=b"1" * 16)
    second = decide(meeting(), CALLERS["guest"], randomness=b"2" * 16)
    assert first.identity != second.identity


@pytest.mark.parametrize("name", ["   ", "\u200b\x00", "a\x07b"])
def test_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidFieldError):
        decide(meeting(), Caller(display_name=name))


@pytest.mark.parametrize("passcode", ["", "ö" * 64, PASSCODE.upper(), f"{PASSCODE} "])
def test_passcode_is_compared_octet_by_octet(passcode: str) -> None:
    at = meeting(MeetingSettings(passcode=PASSCODE))
    with pytest.raises(PasscodeWrongError):
        decide(at, Caller(display_name="Gus", passcode=passcode))


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.GUEST])
def test_only_those_who_run_it_may_moderate(role: Role) -> None:
    assert not PERMISSIONS_OF_ROLE[role].moderate
    assert not PERMISSIONS_OF_ROLE[role].record
    assert PERMISSIONS_OF_ROLE[Role.HOST].moderate
