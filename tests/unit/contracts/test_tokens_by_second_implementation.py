"""Our tokens and key sets, read by an independent implementation (python-jose, which stays out of every runtime)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk
from jose import jwt as jose_jwt
from jose.exceptions import JWTError

from contracts import access_token, meeting_token
from contracts.access_token import AccessClaims, decode_access_token, encode_access_token
from contracts.key_ring import new_ring, rotate
from contracts.meeting_token import MeetingClaims, encode_meeting_token
from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, MeetingId, Role

NOW = int(time.time())  # python-jose reads the clock
LIFETIME_S = 86_400
"""Between now, when tests are collected, and when they run, others run for minutes."""
ISSUER = "https://meet.test/v1/auth"
RING = rotate(
    new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW),
    now=NOW,
    new_key=ec.generate_private_key(ec.SECP256R1()),
    token_lifetime_s=900,
)
KEY = RING.signing_key(NOW)
CLAIMS = AccessClaims(
    iss=ISSUER, sub=Identity("u_1"), name="Ada", email="ada@x.test", sid="s_1", iat=NOW, exp=NOW + LIFETIME_S, jti="7"
)


def read(token: str, *, audience: str, keys: Any = None) -> dict[str, Any]:
    return dict(jose_jwt.decode(token, keys or RING.jwks(), algorithms=["ES256"], audience=audience, issuer=ISSUER))


def test_access_token_verifies_against_the_published_key_set() -> None:
    token = encode_access_token(CLAIMS, key=KEY.private_key(), kid=KEY.kid)
    assert jose_jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}
    read_back = read(token, audience=access_token.AUDIENCE)
    assert read_back["sub"] == "u_1"
    assert read_back["exp"] - read_back["iat"] == LIFETIME_S


def test_meeting_token_verifies_against_the_published_key_set() -> None:
    claims = MeetingClaims(
        iss=ISSUER,
        sub=Identity("u_1"),
        meeting=MeetingId("abc-defg-hjk"),
        name="Ada",
        role=Role.HOST,
        permissions=PERMISSIONS_OF_ROLE[Role.HOST],
        iat=NOW,
        exp=NOW + LIFETIME_S,
        jti="1",
    )
    token = encode_meeting_token(claims, key=KEY.private_key(), kid=KEY.kid)
    read_back = read(token, audience=meeting_token.AUDIENCE)
    assert read_back["permissions"]["moderate"] is True
    with pytest.raises(JWTError):
        read(token, audience=access_token.AUDIENCE)


def test_token_does_not_verify_against_another_key_set() -> None:
    token = encode_access_token(CLAIMS, key=KEY.private_key(), kid=KEY.kid)
    other = new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW)
    with pytest.raises(JWTError):
        read(token, audience=access_token.AUDIENCE, keys=other.jwks())


def test_token_of_the_second_implementation_is_read_by_ours() -> None:
    key = jwk.construct(KEY.private_jwk, algorithm="ES256")
    payload = {
        "iss": ISSUER,
        "sub": "u_2",
        "aud": access_token.AUDIENCE,
        "name": "Bob",
        "email": "bob@x.test",
        "sid": "s_2",
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "2",
    }
    token = jose_jwt.encode(payload, key, algorithm="ES256", headers={"typ": access_token.TYPE, "kid": KEY.kid})
    claims = decode_access_token(token, keys=RING.verification_keys(), issuer=ISSUER, now=NOW)
    assert claims.sub == "u_2"


def test_published_keys_are_complete_public_keys() -> None:
    keys = RING.jwks()["keys"]
    assert [entry["kid"] for entry in keys] == [key.kid for key in RING.keys]
    for entry in keys:
        assert set(entry) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert jwk.construct(entry, algorithm="ES256").is_public()
