"""The private keys with which one service signs its tokens, and how they follow each other.

A key goes through three ages. **Next**: it is published in the JWKS (RFC 7517) and does not sign yet, for longer than
any verifier keeps an old JWKS. **Current**: it signs. **Retired**: its successor signs; it stays published until the
last token that it signed has expired. So no verifier ever meets a token whose key it could not have known.

Which age a key is in follows from the time alone: a process that holds a copy of the ring for a while changes keys
at the same moment as all others. Times are whole seconds since the epoch.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePrivateNumbers,
    EllipticCurvePublicNumbers,
)
from msgspec import Struct

from contracts.jwks import ALGORITHM, CLOCK_SKEW_S, VerificationKeys

JWKS_MAX_AGE_S: Final = 300
"""How long a JWKS answer may be kept (``Cache-Control: max-age``)."""
PUBLISH_LEAD_S: Final = 3_600
"""How long a key is published before it signs. Verifiers keep a JWKS for far less."""
SIGNS_FOR_S: Final = 30 * 24 * 3_600
"""How long a key signs before its successor does."""


class KeyRingError(ValueError):
    """A stored key ring that cannot be used."""


class RingKey(Struct, frozen=True, kw_only=True):
    """One signing key. ``private_jwk`` is its JWK (RFC 7517) with the private part ``d``."""

    kid: str
    private_jwk: dict[str, str]
    published_at: int
    signs_from: int

    def __repr__(self) -> str:
        return f"RingKey(kid={self.kid!r}, published_at={self.published_at}, signs_from={self.signs_from})"

    def private_key(self) -> EllipticCurvePrivateKey:
        """The key, ready to sign.

        Raises:
            KeyRingError: it is no P-256 key.
        """
        if self.private_jwk.get("kty") != "EC" or self.private_jwk.get("crv") != "P-256":
            raise KeyRingError(f"the key {self.kid} is not a P-256 key")
        try:
            x, y, d = (_integer(self.private_jwk[name]) for name in ("x", "y", "d"))
            return EllipticCurvePrivateNumbers(d, EllipticCurvePublicNumbers(x, y, SECP256R1())).private_key()
        except (KeyError, ValueError) as error:
            raise KeyRingError(f"the key {self.kid} cannot be read") from error


class KeyRing(Struct, frozen=True, kw_only=True):
    """The keys of one service, by the time from which they sign. ``generation`` counts the changes."""

    generation: int
    keys: tuple[RingKey, ...]

    def signing_key(self, now: float) -> RingKey:
        """The key that signs at ``now``.

        Raises:
            KeyRingError: the ring has none.
        """
        started = [key for key in self.keys if key.signs_from <= now]
        if not started:
            raise KeyRingError("the key ring has no key that signs yet")
        return started[-1]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JWKS document. A key that may go (see `rotate`) is in it until it has gone."""
        return {"keys": [_public_jwk(key) for key in self.keys]}

    def verification_keys(self) -> VerificationKeys:
        """The public keys, to verify the service's own tokens with."""
        return VerificationKeys.from_jwks(self.jwks())

    def wants_key(self, now: float, *, signs_for_s: int = SIGNS_FOR_S, lead_s: int = PUBLISH_LEAD_S) -> bool:
        """Whether it is time to publish the next key."""
        newest = self.keys[-1]
        return newest.signs_from <= now and now >= newest.signs_from + signs_for_s - lead_s


def new_ring(key: EllipticCurvePrivateKey, *, now: float) -> KeyRing:
    """The first ring of a service. Nobody holds an older JWKS yet, so its one key signs at once."""
    return KeyRing(generation=1, keys=(_ring_key(key, published_at=int(now), signs_from=int(now)),))


def rotate(
    ring: KeyRing,
    *,
    now: float,
    new_key: EllipticCurvePrivateKey | None,
    token_lifetime_s: int,
    lead_s: int = PUBLISH_LEAD_S,
) -> KeyRing:
    """The ring at ``now``: with ``new_key``, if given, as its next key, and without keys whose last token has expired.

    ``token_lifetime_s`` is how long after its issue a token may still be shown to anyone. A new key signs ``lead_s``
    from now, or after the key that is next already. The same ring is returned when nothing changes.
    """
    keys = tuple(
        key
        for key, successor in zip(ring.keys, (*ring.keys[1:], None), strict=True)
        if successor is None or now < successor.signs_from + token_lifetime_s + CLOCK_SKEW_S
    )
    if new_key is not None:
        published_at = int(now)
        signs_from = max(published_at + lead_s, keys[-1].signs_from + 1)
        keys = (*keys, _ring_key(new_key, published_at=published_at, signs_from=signs_from))
    if keys == ring.keys:
        return ring
    return KeyRing(generation=ring.generation + 1, keys=keys)


def encode_ring(ring: KeyRing) -> str:
    """The ring as JSON, private keys included: for a secret store only."""
    return msgspec.json.encode(ring).decode()


def decode_ring(document: str) -> KeyRing:
    """A stored ring.

    Raises:
        KeyRingError: the document is no ring, or has no usable key.
    """
    try:
        ring = msgspec.json.decode(document, type=KeyRing)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise KeyRingError("the stored key ring cannot be read") from error
    if not ring.keys:
        raise KeyRingError("the stored key ring is empty")
    if any(a.signs_from >= b.signs_from for a, b in zip(ring.keys, ring.keys[1:], strict=False)):
        raise KeyRingError("the stored key ring is out of order")
    return ring


def _ring_key(key: EllipticCurvePrivateKey, *, published_at: int, signs_from: int) -> RingKey:
    if not isinstance(key.curve, SECP256R1):
        raise KeyRingError("signing keys are P-256 keys")
    numbers = key.private_numbers()
    public = {
        "kty": "EC",
        "crv": "P-256",
        "x": _base64url(numbers.public_numbers.x),
        "y": _base64url(numbers.public_numbers.y),
    }
    private_jwk = public | {"d": _base64url(numbers.private_value)}
    return RingKey(kid=_thumbprint(public), private_jwk=private_jwk, published_at=published_at, signs_from=signs_from)


def _public_jwk(key: RingKey) -> dict[str, str]:
    public = {name: key.private_jwk[name] for name in ("kty", "crv", "x", "y")}
    return public | {"kid": key.kid, "use": "sig", "alg": ALGORITHM}


def _thumbprint(public: Mapping[str, Any]) -> str:
    """RFC 7638: SHA-256 over the required members, in order, without white space."""
    members = json.dumps({name: public[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


def _base64url(value: int) -> str:
    """A coordinate of P-256: always 32 octets (RFC 7518, 6.2.1.2)."""
    return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()


def _integer(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
