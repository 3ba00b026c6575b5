"""Bodies of the routes with which administrators work with accounts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from auth_service.domain.second_factors import Method
from auth_service.messages import DisplayName, Email, Password
from auth_service.service_messages import Cursor, Limit, Time

Role = Literal["administrator", "organiser", "member"]
State = Literal["active", "invited", "suspended"]


class UsersQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``search``: what is in the address or in the name, or the id; ``email``: how the address begins; ``name``: what
    is in the name; ``used_before``: who was last here before this time, or never."""

    search: Annotated[str, Meta(min_length=1, max_length=254)] | UnsetType = UNSET
    email: Annotated[str, Meta(min_length=1, max_length=254)] | UnsetType = UNSET
    name: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    state: State | UnsetType = UNSET
    used_before: Time | UnsetType = UNSET
    cursor: Cursor = ""
    limit: Limit = 20


class NewUserBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``password``: a first one, which its owner must replace. Without it a mail lets them choose one."""

    email: Email
    display_name: DisplayName
    role: Role | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class ChangeUserBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    display_name: DisplayName | UnsetType = UNSET
    role: Role | UnsetType = UNSET


class InitialPasswordBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Email
    password: Password
    new_password: Password


class ManagedUser(Struct, frozen=True, kw_only=True):
    """An account, as administrators see it. ``state``: invited who has not chosen a way to log in yet; ``factors``: the
    kinds of second factors that it has; ``last_used_at``: of its last login or refresh, to within a day."""

    id: str
    email: str
    display_name: str
    role: str
    state: State
    created_at: str
    suspended_at: str | None
    last_used_at: str | None
    has_password: bool
    providers: tuple[str, ...]
    factors: tuple[Method, ...]


class UserPage(Struct, frozen=True, kw_only=True):
    """A page may have fewer items than asked for, even none, and others follow: until ``next_cursor`` is null."""

    items: tuple[ManagedUser, ...]
    next_cursor: str | None
