"""Bodies of the routes of service accounts, API keys and the audit log."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from auth_service.domain.api_keys import ApiKey, ServiceAccount
from contracts.access_control import Permission
from functions.serverless.times import rfc3339

Cursor = Annotated[str, Meta(max_length=400)]
Limit = Annotated[int, Meta(ge=1, le=100)]
Permissions = Annotated[tuple[Permission, ...], Meta(min_length=1, max_length=32)]
Time = Annotated[str, Meta(max_length=40, description="RFC 3339, such as 2026-11-29T08:00:00Z.")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]


class PageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor = ""
    limit: Limit = 20


class ServiceAccountBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    permissions: Permissions


class ServiceAccountAnswer(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    permissions: tuple[Permission, ...]
    created_at: str
    created_by: str

    @classmethod
    def of(cls, account: ServiceAccount) -> ServiceAccountAnswer:
        """A service account, as administrators see it."""
        return cls(
            id=account.id,
            name=account.name,
            permissions=account.permissions,
            created_at=rfc3339(account.created_at),
            created_by=account.created_by,
        )


class ServiceAccountPage(Struct, frozen=True, kw_only=True):
    items: tuple[ServiceAccountAnswer, ...]
    next_cursor: str | None


class KeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``permissions``: all of the service account, unless told."""

    permissions: Permissions | UnsetType = UNSET
    expires_in_days: Annotated[int, Meta(ge=1, le=3_650)] | None = None


class KeyAnswer(Struct, frozen=True, kw_only=True):
    """``last_used_at``: to the hour. ``key``: the key itself, only in the answer to the request that made it."""

    id: str
    permissions: tuple[Permission, ...]
    created_at: str
    created_by: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    key: str | UnsetType = UNSET

    @classmethod
    def of(cls, key: ApiKey, secret: str | UnsetType = UNSET) -> KeyAnswer:
        """A key, as administrators see it."""
        return cls(
            id=key.id,
            permissions=key.permissions,
            created_at=rfc3339(key.created_at),
            created_by=key.created_by,
            expires_at=_time(key.expires_at),
            last_used_at=_time(key.last_used_at),
            revoked_at=_time(key.revoked_at),
            key=secret,
        )


class KeyList(Struct, frozen=True, kw_only=True):
    items: tuple[KeyAnswer, ...]


class TokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """RFC 6749, 4.4.2. The API key is ``client_secret``, here or as the password of HTTP Basic."""

    grant_type: Literal["client_credentials"]
    client_id: Id | UnsetType = UNSET
    client_secret: Annotated[str, Meta(min_length=1, max_length=256)] | UnsetType = UNSET
    scope: Annotated[str, Meta(max_length=512)] | UnsetType = UNSET


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """RFC 6749, 5.1. ``expires_in``: seconds."""

    access_token: str
    expires_in: int
    scope: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else rfc3339(seconds * 1000)
