"""Who a route is for: part of its declaration, told by the OpenAPI document, and enforced before the route begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from functions.serverless.problems import PermissionMissingError, TokenMissingError

Verify: TypeAlias = Callable[[str], AccessClaims]
"""Gives the claims of a valid access token, or raises `TokenError`."""

CheckFresh: TypeAlias = Callable[[AccessClaims], None]
"""Raises a `ServiceError` unless a person has proven a moment ago who they are."""


class Open(Enum):
    """Routes that no access token opens or closes."""

    ANYONE = "anyone"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105
    CLIENT_CREDENTIALS = "client_credentials"


class OrAnyone(Struct, frozen=True):
    """A route for anybody; an access token that is sent all the same must be valid and allow this."""

    permission: Permission


Access: TypeAlias = Permission | OrAnyone | Open
"""A permission: who shows an access token that allows it."""


def claims_of(access: Access, headers: Mapping[str, str], verify: Verify) -> AccessClaims | None:
    """The claims of the caller's access token; None where there is none, and none is needed.

    Raises:
        TokenMissingError, TokenError: there is no token where one is needed, or none that is valid.
    """
    if isinstance(access, Open):
        return None
    token = bearer_token(headers)
    if token is None and not isinstance(access, OrAnyone):
        raise TokenMissingError
    return None if token is None else verify(token)


def permit(access: Access, claims: AccessClaims | None) -> None:
    """Lets callers pass who may.

    Raises:
        PermissionMissingError: their token does not allow what the route needs.
    """
    if claims is None or isinstance(access, Open):
        return
    permission = access.permission if isinstance(access, OrAnyone) else access
    if not claims.may(permission):
        raise PermissionMissingError(permission)


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """The access token of the Authorization header (RFC 6750, 2.1); None without that header.

    Raises:
        TokenError: the header holds something else.
    """
    header = headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or " " in token.strip():
        raise TokenError(ErrorCode.TOKEN_MALFORMED, "The Authorization header holds no bearer token.")
    return token.strip()
