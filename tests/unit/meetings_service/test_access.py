"""The decision who may join by the record: single points of it. All combinations are in `test_joining`."""

from __future__ import annotations

from typing import Any

import pytest
from meetings_service.domain.access import Caller, decide_join
from meetings_service.domain.meeting_settings import Lobby, MeetingSettings
from meetings_service.domain.meetings import Invitee, Meeting
from meetings_service.domain.schedule import Schedule, local_time_of, moment_of, zone_of
from meetings_service.errors import (
    PasscodeWrongError,
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
