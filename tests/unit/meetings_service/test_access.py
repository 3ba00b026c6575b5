"""The decision who may join: every combination of caller and meeting."""

from __future__ import annotations

import itertools

import pytest
from meetings_service.domain.access import Caller, decide_join, is_guest
from meetings_service.domain.meetings import Meeting
from meetings_service.errors import GuestsNotAllowedError, MeetingEndedError

from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, MeetingId, Role
from functions.serverless.problems import InvalidFieldError

HOST = Caller(user_id="u_host", user_name="Ada")
USER = Caller(user_id="u_bob", user_name="Bob")
GUEST = Caller(display_name="Gus")
NAMELESS = Caller()
RETURNING = Caller(guest_identity=Identity("g_before"), guest_name="Gus")
CALLERS = {"host": HOST, "user": USER, "guest": GUEST, "nameless": NAMELESS, "returning": RETURNING}


def meeting(*, guests_allowed: bool = True, started: bool = False, ended: bool = False) -> Meeting:
    return Meeting(
        id=MeetingId("abc-defg-hjk"),
        title="t",
        host_id="u_host",
        host_name="Ada",
        guests_allowed=guests_allowed,
        created_at=1,
        started_at=2 if started else None,
        ended_at=3 if ended else None,
    )


def expected(caller: str, *, guests_allowed: bool, ended: bool) -> Role | type[Exception]:
    if ended:
        return MeetingEndedError
    match caller:
        case "host":
            return Role.HOST
        case "user":
            return Role.PARTICIPANT
        case _ if not guests_allowed:
            return GuestsNotAllowedError
        case "nameless":
            return InvalidFieldError
        case _:
            return Role.GUEST


@pytest.mark.parametrize(
    ("caller", "guests_allowed", "started", "ended"),
    list(itertools.product(CALLERS, [True, False], [True, False], [True, False])),
)
def test_every_caller_at_every_meeting(caller: str, guests_allowed: bool, started: bool, ended: bool) -> None:  # noqa: FBT001
    at = meeting(guests_allowed=guests_allowed, started=started, ended=ended)
    due = expected(caller, guests_allowed=guests_allowed, ended=ended)
    if isinstance(due, Role):
        admission = decide_join(at, CALLERS[caller], randomness=b"r" * 16)
        assert admission.role is due
        assert admission.permissions == PERMISSIONS_OF_ROLE[due]
        assert is_guest(admission.identity) == (due is Role.GUEST)
    else:
        with pytest.raises(due):
            decide_join(at, CALLERS[caller], randomness=b"r" * 16)


def test_user_may_take_another_name_and_keeps_the_identity() -> None:
    admission = decide_join(meeting(), Caller(user_id="u_bob", user_name="Bob", display_name=" Bobby "), randomness=b"")
    assert (admission.identity, admission.display_name) == ("u_bob", "Bobby")


def test_returning_guest_keeps_identity_and_may_change_the_name() -> None:
    again = decide_join(meeting(), RETURNING, randomness=b"r" * 16)
    assert (again.identity, again.display_name) == ("g_before", "Gus")
    renamed = Caller(guest_identity=Identity("g_before"), guest_name="Gus", display_name="August")
    assert decide_join(meeting(), renamed, randomness=b"r" * 16).display_name == "August"


def test_two_guests_are_two_people() -> None:
    first = decide_join(meeting(), GUEST, randomness=b"1" * 16)
    second = decide_join(meeting(), GUEST, randomness=b"2" * 16)
    assert first.identity != second.identity


@pytest.mark.parametrize("name", ["   ", "\u200b\x00", "a\x07b"])
def test_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidFieldError):
        decide_join(meeting(), Caller(display_name=name), randomness=b"r" * 16)


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.GUEST])
def test_only_the_host_may_moderate_and_record(role: Role) -> None:
    assert not PERMISSIONS_OF_ROLE[role].moderate
    assert not PERMISSIONS_OF_ROLE[role].record
    assert PERMISSIONS_OF_ROLE[Role.HOST].moderate
