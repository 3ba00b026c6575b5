"""Roles, scopes and what they allow."""

from __future__ import annotations

import itertools

import pytest

from contracts.access_control import (
    NOT_FOR_SERVICE_ACCOUNTS,
    PERMISSIONS_OF_ROLE,
    Permission,
    PlatformRole,
    permissions_of,
    scope_of,
)

EVERYTHING = " ".join(Permission)


def test_each_role_may_more_than_the_one_below_it() -> None:
    ladder = (PlatformRole.GUEST, PlatformRole.MEMBER, PlatformRole.ORGANISER, PlatformRole.ADMINISTRATOR)
    for lower, higher in itertools.pairwise(ladder):
        assert PERMISSIONS_OF_ROLE[lower] < PERMISSIONS_OF_ROLE[higher]


def test_member_joins_and_does_not_make_meetings() -> None:
    member = permissions_of(("member",), None)
    assert Permission.MEETINGS_JOIN in member
    assert Permission.MEETINGS_CREATE not in member


@pytest.mark.parametrize("roles", [(), ("admin",), ("ADMINISTRATOR",), ("",), ("of another release",)])
def test_unknown_roles_allow_nothing(roles: tuple[str, ...]) -> None:
    assert permissions_of(roles, None) == frozenset()


@pytest.mark.parametrize("scope", ["", "*", "users", "users:*", "USERS:READ", "users:read,users:write", "users:reader"])
def test_what_is_no_scope_allows_nothing(scope: str) -> None:
    assert permissions_of((), scope) == frozenset()


def test_scope_beside_a_role_only_takes_away() -> None:
    assert permissions_of(("member",), EVERYTHING) == PERMISSIONS_OF_ROLE[PlatformRole.MEMBER]
    assert permissions_of(("administrator",), "users:read") == {Permission.USERS_READ}


def test_scope_gives_back_what_it_was_made_of() -> None:
    for role in PlatformRole:
        assert permissions_of((), scope_of(PERMISSIONS_OF_ROLE[role])) == PERMISSIONS_OF_ROLE[role]


def test_what_belongs_to_a_person_is_not_for_programs() -> None:
    assert all(permission.startswith("account:") for permission in NOT_FOR_SERVICE_ACCOUNTS)
    assert {permission for permission in Permission if permission.startswith("account:")} == NOT_FOR_SERVICE_ACCOUNTS
