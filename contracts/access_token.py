"""The token that a logged-in user or a service account holds: issued by the auth service, accepted by the HTTP APIs.

A JWT (RFC 7519, RFC 9068) with ``typ: at+jwt``, signed with a key of the auth service's JWKS.
"""

from __future__ import annotations

from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from msgspec import Struct

from contracts.access_control import Permission, permissions_of
from contracts.account_standing import TokenSession
from contracts.error_codes import ErrorCode
from contracts.jwks import ALGORITHM, TokenError, VerificationKeys
from contracts.rooms import Identity

TYPE = "at+jwt"
AUDIENCE = "parley-api"
LIFETIME_S = 900
SERVICE_LIFETIME_S = 300
"""Of a service account's: it gets a new one without anybody, and a revoked key should open nothing soon."""


class AccessClaims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims of an access token."""

    iss: str
    sub: Identity
    name: str
    iat: int
    exp: int
    jti: str
    aud: str = AUDIENCE
    email: str = ""
    """Empty for a service account."""
    email_verified: bool = False
    """Whether the address is proven to be the account's (OpenID Connect Core, 5.1)."""
    sid: str = ""
    """The session that it was issued in; for a service account, the API key."""
    epoch: int = 0
    """The account's at that time: `contracts.account_standing.TokenSession`."""
    roles: tuple[str, ...] = ()
    """RFC 9068, 2.2.3.1: `contracts.access_control.PlatformRole`. Roles that a service does not know mean nothing."""
    scope: str | None = None
    """RFC 9068, 2.2.3: beside a role what is left of it, without a role all that is allowed."""
    client_id: str | None = None
    """RFC 9068, 2.2: the service account, if it was issued to one."""

    @property
    def session(self) -> TokenSession | None:
        """The session that it was issued in; None: it names none."""
        return TokenSession(id=self.sid, epoch=self.epoch) if self.sid else None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the bearer may do."""
        return permissions_of(self.roles, self.scope)

    @property
    def proven_address(self) -> str | None:
        """The e-mail address that is proven to be the bearer's; None: there is none."""
        return self.email if self.email and self.email_verified else None

    def may(self, permission: Permission) -> bool:
        """Whether the bearer may do something."""
        return permission in self.permissions


def encode_access_token(claims: AccessClaims, *, key: EllipticCurvePrivateKey, kid: str) -> str:
    """The signed token."""
    payload: dict[str, Any] = {"aud": claims.aud, **msgspec.to_builtins(claims)}
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": kid})


def decode_access_token(token: str, *, keys: VerificationKeys, issuer: str, now: float) -> AccessClaims:
    """The claims of a valid access token.

    Raises:
        UnknownKeyError: the key is not among ``keys``; fetch them anew once.
        TokenError: for any other reason.
    """
    payload = keys.verify(token, typ=TYPE, issuer=issuer, audience=AUDIENCE, now=now)
    try:
        return msgspec.convert(payload, AccessClaims)
    except msgspec.ValidationError as error:
        raise TokenError(ErrorCode.TOKEN_MALFORMED, f"The token's claims are not complete: {error}.") from error
