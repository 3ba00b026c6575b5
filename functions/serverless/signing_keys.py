"""A service's key ring in Secrets Manager: made on first use, cached for a short time, rotated on a schedule.

Writers do not overwrite each other: the id of a secret's version follows from the ring's generation, and Secrets
Manager refuses a second, different value for the same id.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypedDict

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from contracts.key_ring import KeyRing, KeyRingError, decode_ring, encode_ring, new_ring, rotate

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_S = 60
"""How long a process keeps its copy. A new key signs `contracts.key_ring.PUBLISH_LEAD_S` after it is published."""


class _Version(TypedDict):
    """The arguments that say which version of a secret is written."""

    SecretString: str
    ClientRequestToken: str


class Jwk(Struct, frozen=True, kw_only=True):
    """A public key (RFC 7517, RFC 7518 section 6.2)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    use: Literal["sig"]
    alg: Literal["ES256"]


class Jwks(Struct, frozen=True, kw_only=True):
    """A set of public keys: what verifiers of the service's tokens fetch."""

    keys: tuple[Jwk, ...]


class SigningKeys:
    """The key ring of one service.

    ``token_lifetime_s`` is how long after its issue a token of the service may still be shown to anyone.
    """

    def __init__(
        self,
        *,
        client: Callable[[], SecretsManagerClient],
        secret_id: str,
        token_lifetime_s: int,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._token_lifetime_s = token_lifetime_s
        self._clock = clock
        self._logger = logger
        self._cached: tuple[float, KeyRing] | None = None

    def ring(self) -> KeyRing:
        """The ring, at most `CACHE_S` old; made if there is none yet.

        Raises:
            contracts.key_ring.KeyRingError: the stored ring cannot be used.
        """
        now = self._clock()
        if self._cached is None or now - self._cached[0] >= CACHE_S:
            self._cached = (now, self._load() or self._create(now))
        return self._cached[1]

    def published(self) -> Jwks:
        """The public keys, as `ring` has them."""
        return msgspec.convert(self.ring().jwks(), Jwks)

    def rotate(self, *, force: bool = False) -> KeyRing:
        """Publishes the next key if it is time (or ``force``), and drops keys whose tokens have all expired."""
        now = self._clock()
        ring = self._load() or self._create(now)
        new_key = _new_key() if force or ring.wants_key(now) else None
        turned = rotate(ring, now=now, new_key=new_key, token_lifetime_s=self._token_lifetime_s)
        if turned is not ring:
            turned = self._store(turned)
            fields = {"generation": turned.generation, "kids": [key.kid for key in turned.keys]}
            self._logger.info("signing_keys_rotated", extra=fields)
        self._cached = (now, turned)
        return turned

    def _load(self) -> KeyRing | None:
        client = self._client()
        try:
            secret = client.get_secret_value(SecretId=self._secret_id)
        except client.exceptions.ResourceNotFoundException:
            return None  # no secret, or one without a value
        return decode_ring(secret["SecretString"])

    def _create(self, now: float) -> KeyRing:
        client = self._client()
        ring = new_ring(_new_key(), now=now)
        try:
            kept = self._store(ring)  # a secret that a template has made, and that has no value yet
        except client.exceptions.ResourceNotFoundException:
            try:
                client.create_secret(Name=self._secret_id, **self._version_of(ring))
                kept = ring
            except client.exceptions.ResourceExistsException:
                kept = self._theirs()
        self._logger.info("signing_keys_created", extra={"kids": [key.kid for key in kept.keys]})
        return kept

    def _store(self, ring: KeyRing) -> KeyRing:
        """Writes the next generation; if another process was first, theirs is the ring."""
        client = self._client()
        try:
            client.put_secret_value(SecretId=self._secret_id, **self._version_of(ring))
        except client.exceptions.ResourceExistsException:
            return self._theirs()
        return ring

    def _theirs(self) -> KeyRing:
        ring = self._load()
        if ring is None:
            raise KeyRingError("another process has written the key ring, and it cannot be read")
        return ring

    def _version_of(self, ring: KeyRing) -> _Version:
        version = hashlib.sha256(f"{self._secret_id} {ring.generation}".encode()).hexdigest()
        return {"SecretString": encode_ring(ring), "ClientRequestToken": version}


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
