"""Bodies of the authentication service's requests and answers, as in `docs/http-api.md` and the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Email = Annotated[str, Meta(min_length=3, max_length=254, description="An e-mail address; case does not matter.")]
Password = Annotated[str, Meta(min_length=1, max_length=256, description="8 to 256 characters.")]
DisplayName = Annotated[str, Meta(min_length=1, max_length=64, description="How others see the person.")]
OpaqueToken = Annotated[str, Meta(min_length=1, max_length=512)]
SessionMode = Annotated[
    Literal["body", "cookie"],
    Meta(description="Where the refresh token goes: into the answer, or into the cookie parley_refresh."),
]


class RegisterBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Email
    password: Password
    display_name: DisplayName
    session: SessionMode = "body"


class LoginBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: Email
    password: Password
    session: SessionMode = "body"


class RefreshBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token, unless it comes as the cookie ``parley_refresh``."""

    refresh_token: OpaqueToken | UnsetType = UNSET


class User(Struct, frozen=True, kw_only=True):
    """An account, as its owner sees it. ``created_at`` as in RFC 3339, UTC. ``administrator``: of the platform.
    ``permissions``: what the role allows, by the names that routes ask for."""

    id: str
    email: str
    display_name: str
    created_at: str
    administrator: bool
    role: str
    permissions: tuple[str, ...]


class Session(Struct, frozen=True, kw_only=True):
    """What a login answers. ``expires_in``: seconds until the access token expires."""

    access_token: str
    expires_in: int
    user: User
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    refresh_token: str | UnsetType = UNSET
