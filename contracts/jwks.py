"""Keys that sign and verify Parley's tokens (RFC 7517), and how they rotate.

ES256 only (RFC 7518, 3.4): one algorithm for every key, so that a token's header can choose nothing. A token
names its key by ``kid``; ``jku``, ``jwk``, ``x5u`` and ``crit`` headers are refused (RFC 8725, 3.10).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
)

from contracts.error_codes import ErrorCode

ALGORITHM = "ES256"
CLOCK_SKEW_S = 10
"""How far two services' clocks may differ, seconds."""


class TokenError(Exception):
    """A token that is not accepted. ``code`` says why; the text is fit for the token's bearer."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnknownKeyError(TokenError):
    """No key by that ``kid``: the caller should fetch the JWKS anew, once, and try again."""


@dataclass(frozen=True)
class VerificationKeys:
    """The public keys of one issuer, by ``kid``."""

    keys: Mapping[str, EllipticCurvePublicKey] = field(default_factory=dict)

    @classmethod
    def from_jwks(cls, document: str | bytes | Mapping[str, Any]) -> VerificationKeys:
        """The P-256 signing keys of a JWKS document; keys of other kinds are left out.

        Raises:
            ValueError: it is no JWKS document.
        """
        data = json.loads(document) if isinstance(document, (str, bytes)) else document
        entries = data.get("keys") if isinstance(data, Mapping) else None
        if not isinstance(entries, list):
            raise ValueError('a JWKS document is an object with an array "keys"')
        keys: dict[str, EllipticCurvePublicKey] = {}
        for entry in entries:
            if not isinstance(entry, dict) or entry.get("kty") != "EC" or entry.get("crv") != "P-256":
                continue
            if entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str) or "d" in entry:
                continue
            try:
                key = jwt.PyJWK(entry, algorithm=ALGORITHM).key
            except jwt.PyJWTError:
                continue  # one broken key must not take the others away
            if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
                keys[entry["kid"]] = key
        return cls(keys)

    def verify(
        self, token: str, *, typ: str, issuer: str, audience: str, now: float, max_length: int = 8192
    ) -> dict[str, Any]:
        """The claims of a token that is signed by one of these keys and valid at ``now`` (seconds since the epoch).

        Raises:
            UnknownKeyError: its ``kid`` is none of these keys.
            TokenError: for any other reason why it is not accepted.
        """
        if len(token) > max_length:
            raise TokenError(ErrorCode.TOKEN_MALFORMED, "The token is too long.")
        key = self._key_of(token, typ)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=issuer,
                options={
                    "require": ["exp", "iat", "iss", "aud", "sub"],
                    # Time is an argument here, so the two checks that read a clock are ours.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidSignatureError as error:
            raise TokenError(ErrorCode.TOKEN_BAD_SIGNATURE, "The token's signature is wrong.") from error
        except jwt.InvalidAudienceError as error:
            raise TokenError(ErrorCode.TOKEN_WRONG_AUDIENCE, "The token is for another service.") from error
        except jwt.InvalidIssuerError as error:
            raise TokenError(ErrorCode.TOKEN_WRONG_ISSUER, "The token is from another issuer.") from error
        except (jwt.PyJWTError, RecursionError) as error:
            raise TokenError(ErrorCode.TOKEN_MALFORMED, "The token cannot be read.") from error
        _check_times(claims, now)
        return claims

    def _key_of(self, token: str, typ: str) -> EllipticCurvePublicKey:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, RecursionError) as error:
            raise TokenError(ErrorCode.TOKEN_MALFORMED, "The token cannot be read.") from error
        if header.get("alg") != ALGORITHM:
            raise TokenError(ErrorCode.TOKEN_BAD_SIGNATURE, f"Tokens are signed with {ALGORITHM}.")
        if header.get("typ") != typ:
            raise TokenError(ErrorCode.TOKEN_MALFORMED, f"The token is not of the type {typ}.")
        if {"jku", "jwk", "x5u", "x5c", "crit"} & header.keys():
            raise TokenError(ErrorCode.TOKEN_MALFORMED, "The token's header has parameters that are not accepted.")
        key = self.keys.get(str(header.get("kid")))
        if key is None:
            raise UnknownKeyError(ErrorCode.TOKEN_UNKNOWN_KEY, "The token is signed with an unknown key.")
        return key


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued = _time(claims, "iat")
    if _time(claims, "exp") <= now:
        raise TokenError(ErrorCode.TOKEN_EXPIRED, "The token has expired.")
    starts = _time(claims, "nbf") if "nbf" in claims else issued
    if max(issued, starts) > now + CLOCK_SKEW_S:
        raise TokenError(ErrorCode.TOKEN_NOT_YET_VALID, "The token is not valid yet.")


def _time(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate (RFC 7519, section 2), seconds since the epoch."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenError(ErrorCode.TOKEN_MALFORMED, f"The token's {name} is not a time.")
    return value
