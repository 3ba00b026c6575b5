"""Access tokens and meeting tokens: what is accepted, and under which code each other thing is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts import access_token, meeting_token
from contracts.access_token import AccessClaims, decode_access_token, encode_access_token
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError, UnknownKeyError, VerificationKeys
from contracts.key_ring import KeyRing, new_ring
from contracts.meeting_token import MeetingClaims, decode_meeting_token, encode_meeting_token
from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, MeetingId, Role

NOW = 1_800_000_000
ISSUER = "https://meet.test/v1/meetings"
MEETING = MeetingId("abc-defg-hjk")
RING = new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW)
KEY = RING.keys[0].private_key()
KID = RING.keys[0].kid
KEYS = RING.verification_keys()


def claims(**changes: Any) -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "sub": "u_ada",
        "aud": meeting_token.AUDIENCE,
        "meeting": MEETING,
        "name": "Ada",
        "role": "host",
        "permissions": {"publish": ["audio"], "subscribe": True, "chat": True, "moderate": True, "record": False},
        "iat": NOW,
        "exp": NOW + 600,
        "jti": "1",
    } | changes


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in claims().items() if key != name}


def signed(payload: dict[str, Any], *, key: Any = KEY, algorithm: str = "ES256", **headers: Any) -> str:
    # Not jwt.encode: that would refuse to write the worst of them.
    head = {"typ": meeting_token.TYPE, "kid": KID} | headers
    return jwt.PyJWS().encode(json.dumps(payload).encode(), key, algorithm=algorithm, headers=head)


def unsigned_parts(header: dict[str, Any], payload: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, payload))
    return ".".join(parts)


def refusal(token: str, *, keys: VerificationKeys = KEYS, now: float = NOW, meeting: MeetingId = MEETING) -> ErrorCode:
    with pytest.raises(TokenError) as caught:
        decode_meeting_token(token, keys=keys, issuer=ISSUER, meeting_id=meeting, now=now)
    return caught.value.code


def test_meeting_token_gives_back_what_it_was_made_of() -> None:
    made = MeetingClaims(
        iss=ISSUER,
        sub=Identity("g_1"),
        meeting=MEETING,
        name="Grüße 👋",
        role=Role.GUEST,
        permissions=PERMISSIONS_OF_ROLE[Role.GUEST],
        iat=NOW,
        exp=NOW + meeting_token.LIFETIME_S,
        jti="7",
    )
    token = encode_meeting_token(made, key=KEY, kid=KID)
    assert decode_meeting_token(token, keys=KEYS, issuer=ISSUER, meeting_id=MEETING, now=NOW) == made
    assert decode_meeting_token(token, keys=KEYS, issuer=ISSUER, meeting_id=None, now=NOW) == made


def test_access_token_gives_back_what_it_was_made_of() -> None:
    made = AccessClaims(
        iss=ISSUER, sub=Identity("u_1"), name="Ada", email="ada@x.test", sid="s_1", iat=NOW, exp=NOW + 900, jti="7"
    )
    for known in (made, replace(made, roles=("member", "of another release")), replace(made, scope="users:read")):
        token = encode_access_token(known, key=KEY, kid=KID)
        assert decode_access_token(token, keys=KEYS, issuer=ISSUER, now=NOW + 899) == known


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "....", "🙂.🙂.🙂", "e30.e30.e30", "\x00" * 20])
def test_text_that_is_no_token_is_malformed(text: str) -> None:
    assert refusal(text) is ErrorCode.TOKEN_MALFORMED or refusal(text) is ErrorCode.TOKEN_BAD_SIGNATURE


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_no_text_whatever_raises_anything_but_a_token_error(text: str) -> None:
    with pytest.raises(TokenError):
        decode_meeting_token(f"{text}.{text}.{text}", keys=KEYS, issuer=ISSUER, meeting_id=MEETING, now=NOW)
    with pytest.raises(TokenError):
        decode_access_token(text, keys=KEYS, issuer=ISSUER, now=NOW)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_token_changed_by_one_octet_is_refused(position: int, change: int) -> None:
    token = bytearray(signed(claims()).encode())
    position %= len(token)
    before = bytes(token)
    token[position] ^= change
    text = token.decode("latin-1")
    last_character = position == len(before) - 1  # its lowest bits are no part of the signature's octets
    if last_character:
        return
    with pytest.raises(TokenError):
        decode_meeting_token(text, keys=KEYS, issuer=ISSUER, meeting_id=MEETING, now=NOW)


def test_token_that_is_too_long_is_not_even_read() -> None:
    assert refusal(signed(claims(name="x" * 9000))) is ErrorCode.TOKEN_MALFORMED


def test_expired_token_is_refused_at_its_last_second() -> None:
    assert refusal(signed(claims()), now=NOW + 600) is ErrorCode.TOKEN_EXPIRED
    decode_meeting_token(signed(claims()), keys=KEYS, issuer=ISSUER, meeting_id=MEETING, now=NOW + 599)


def test_token_from_the_future_is_refused_beyond_the_clocks_skew() -> None:
    assert refusal(signed(claims()), now=NOW - 11) is ErrorCode.TOKEN_NOT_YET_VALID
    assert refusal(signed(claims(nbf=NOW + 60))) is ErrorCode.TOKEN_NOT_YET_VALID
    decode_meeting_token(signed(claims()), keys=KEYS, issuer=ISSUER, meeting_id=MEETING, now=NOW - 9)


def test_token_of_another_issuer_is_refused() -> None:
    assert refusal(signed(claims(iss=f"{ISSUER}/"))) is ErrorCode.TOKEN_WRONG_ISSUER
    assert refusal(signed(claims(iss=ISSUER[:-1]))) is ErrorCode.TOKEN_WRONG_ISSUER
    assert refusal(signed(claims(iss=[ISSUER]))) is ErrorCode.TOKEN_WRONG_ISSUER


def test_token_for_another_audience_is_refused() -> None:
    assert refusal(signed(claims(aud=access_token.AUDIENCE))) is ErrorCode.TOKEN_WRONG_AUDIENCE
    assert refusal(signed(claims(aud=meeting_token.AUDIENCE + "x"))) is ErrorCode.TOKEN_WRONG_AUDIENCE


def test_token_for_another_meeting_is_refused() -> None:
    assert refusal(signed(claims()), meeting=MeetingId("abc-defg-hjm")) is ErrorCode.TOKEN_WRONG_MEETING


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "meeting", "name", "role", "permissions", "iat", "exp", "jti"])
def test_token_without_a_claim_is_refused(name: str) -> None:
    code = refusal(signed(without(name)))
    assert code in (ErrorCode.TOKEN_MALFORMED, ErrorCode.TOKEN_WRONG_AUDIENCE, ErrorCode.TOKEN_WRONG_ISSUER)


@pytest.mark.parametrize(
    "change",
    [
        {"exp": str(NOW + 600)},
        {"exp": True},
        {"exp": None},
        {"iat": [NOW]},
        {"role": "owner"},
        {"permissions": {"publish": ["everything"]}},
        {"permissions": {"fly": True}},
        {"sub": 7},
        {"name": None},
    ],
)
def test_token_with_a_claim_of_the_wrong_kind_is_malformed(change: dict[str, Any]) -> None:
    assert refusal(signed(claims(**change))) is ErrorCode.TOKEN_MALFORMED


def test_meeting_token_never_passes_for_an_access_token_nor_the_other_way_round() -> None:
    everything = claims(email="a@x.test", sid="s_1", aud=access_token.AUDIENCE)
    with pytest.raises(TokenError) as caught:
        decode_access_token(signed(everything), keys=KEYS, issuer=ISSUER, now=NOW)
    assert caught.value.code is ErrorCode.TOKEN_MALFORMED
    assert refusal(signed(claims(), typ=access_token.TYPE)) is ErrorCode.TOKEN_MALFORMED
    assert refusal(signed(claims(), typ="JWT")) is ErrorCode.TOKEN_MALFORMED


def test_unknown_key_asks_for_the_keys_to_be_fetched_anew() -> None:
    with pytest.raises(UnknownKeyError) as caught:
        decode_meeting_token(signed(claims(), kid="other"), keys=KEYS, issuer=ISSUER, meeting_id=MEETING, now=NOW)
    assert caught.value.code is ErrorCode.TOKEN_UNKNOWN_KEY
    with pytest.raises(UnknownKeyError):
        decode_meeting_token(signed(claims()), keys=VerificationKeys(), issuer=ISSUER, meeting_id=MEETING, now=NOW)


@pytest.mark.parametrize("kid", [None, 7, "", ["a"]])
def test_token_without_a_usable_kid_is_refused(kid: Any) -> None:
    header = {"alg": "ES256", "typ": meeting_token.TYPE, "kid": kid}
    assert refusal(f"{unsigned_parts(header, claims())}.AAAA") in (
        ErrorCode.TOKEN_UNKNOWN_KEY,
        ErrorCode.TOKEN_MALFORMED,
    )


def test_token_signed_with_another_key_under_a_known_kid_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    assert refusal(signed(claims(), key=other)) is ErrorCode.TOKEN_BAD_SIGNATURE


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_unsigned_token_is_refused(algorithm: str) -> None:
    parts = unsigned_parts({"alg": algorithm, "typ": meeting_token.TYPE, "kid": KID}, claims())
    assert refusal(f"{parts}.") is ErrorCode.TOKEN_BAD_SIGNATURE


def _public_pem() -> bytes:
    return KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("secret", [_public_pem, RING.jwks()["keys"][0]["x"].encode, KID.encode])
def test_token_signed_with_the_public_key_as_a_secret_is_refused(secret: Callable[[], bytes]) -> None:
    """Algorithm confusion: what is public is taken for the key of an HMAC."""
    import hashlib
    import hmac

    parts = unsigned_parts({"alg": "HS256", "typ": meeting_token.TYPE, "kid": KID}, claims())
    mac = hmac.digest(secret(), parts.encode(), hashlib.sha256)
    assert refusal(f"{parts}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}") is ErrorCode.TOKEN_BAD_SIGNATURE


def test_other_asymmetric_algorithms_are_refused() -> None:
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert refusal(signed(claims(), key=rsa_key, algorithm="RS256")) is ErrorCode.TOKEN_BAD_SIGNATURE
    p384 = ec.generate_private_key(ec.SECP384R1())
    assert refusal(signed(claims(), key=p384, algorithm="ES384")) is ErrorCode.TOKEN_BAD_SIGNATURE


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c"])
def test_header_that_points_to_a_key_is_refused(name: str) -> None:
    attacker = new_ring(ec.generate_private_key(ec.SECP256R1()), now=NOW)
    value = {"jwk": attacker.jwks()["keys"][0], "x5c": ["AAAA"]}.get(name, "https://attacker.test/keys.json")
    header: dict[str, Any] = {name: value}
    token = signed(claims(), key=attacker.keys[0].private_key(), **header)
    assert refusal(token) is ErrorCode.TOKEN_MALFORMED


def test_critical_header_parameters_are_refused() -> None:
    assert refusal(signed(claims(), crit=["exp"])) is ErrorCode.TOKEN_MALFORMED


def test_jwks_leaves_out_keys_of_other_kinds_and_private_ones() -> None:
    private = RING.keys[0].private_jwk | {"kid": "leaked", "use": "sig"}
    document = {
        "keys": [
            {"kty": "RSA", "kid": "r", "n": "AQ", "e": "AQAB"},
            {"kty": "oct", "kid": "o", "k": "AAAA"},
            RING.jwks()["keys"][0] | {"use": "enc", "kid": "e"},
            private,
            "nonsense",
            *RING.jwks()["keys"],
        ]
    }
    assert set(VerificationKeys.from_jwks(document).keys) == {KID}


@pytest.mark.parametrize("document", ["[]", "{}", '{"keys": 1}', "null", "x", ""])
def test_document_that_is_no_jwks_is_an_error(document: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        VerificationKeys.from_jwks(document)


def test_a_ring_never_shows_its_private_keys() -> None:
    ring = KeyRing(generation=1, keys=RING.keys)
    secret = RING.keys[0].private_jwk["d"]
    assert secret not in repr(ring)
    assert secret not in str(ring)
    assert secret not in json.dumps(ring.jwks())


def test_one_broken_key_does_not_take_the_others_away() -> None:
    document = RING.jwks()
    broken = {"kty": "EC", "crv": "P-256", "kid": "broken", "x": "AA", "y": "AA"}
    assert set(VerificationKeys.from_jwks({"keys": [broken, *document["keys"]]}).keys) == {KID}


def test_a_token_that_is_nested_without_end_is_malformed() -> None:
    part = base64.urlsafe_b64encode(b"[" * 3000).rstrip(b"=").decode()
    with pytest.raises(TokenError) as refused:
        KEYS.verify(
            f"{part}.{part}.AA", typ=meeting_token.TYPE, issuer=ISSUER, audience=meeting_token.AUDIENCE, now=NOW
        )
    assert refused.value.code == ErrorCode.TOKEN_MALFORMED
