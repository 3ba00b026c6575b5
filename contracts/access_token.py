"""The token that a logged-in user holds: issued by the auth service, accepted by the HTTP APIs.

A JWT (RFC 7519, RFC 9068) with ``typ: at+jwt``, signed with a key of the auth service's JWKS.
"""

from __future__ import annotations

from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from msgspec import Struct

from contracts.error_codes import ErrorCode
from contracts.jwks import ALGORITHM, TokenError, VerificationKeys
from contracts.rooms import Identity

TYPE = "at+jwt"
AUDIENCE = "parley-api"
LIFETIME_S = 900
ADMIN = "admin"
"""The role of those who administer the platform: they may do what each meeting's host may."""


class AccessClaims(Struct, frozen=True, kw_only=True):
    """The claims of an access token. ``sid`` is the session that it was issued in."""

    iss: str
    sub: Identity
    name: str
    email: str
    sid: str
    iat: int
    exp: int
    jti: str
    aud: str = AUDIENCE
    roles: tuple[str, ...] = ()
    """RFC 9068, 2.2.3.1. Roles that a service does not know mean nothing to it."""

    @property
    def is_admin(self) -> bool:
        """Whether the bearer administers the platform."""
        return ADMIN in self.roles


def encode_access_token(claims: AccessClaims, *, key: EllipticCurvePrivateKey, kid: str) -> str:
    """The signed token."""
    payload: dict[str, Any] = msgspec.to_builtins(claims)
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
