"""Sessions and their refresh tokens: rotation at each use, and what happens to a token that comes twice.

A refresh token is 48 random octets in base64url: 16 name the session's family, 32 are the secret of the moment. The
table holds hashes only: the family's gives the session its id, the secret's proves the token. Each use makes a
new secret. An older one that comes again means that two parties hold the session's tokens, one of them a thief: the
session ends (RFC 9700, 4.14.2).

The one exception: an answer can get lost, and two tabs can refresh at once. For a few seconds the last secret gets
the same successor again. The table keeps that successor sealed with the last secret itself, so that it is readable
for nobody but a bearer of that secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from msgspec import Struct
from msgspec.structs import replace

from auth_service.domain.devices import Device, device_of, network_of
from auth_service.domain.security_events import Origin
from auth_service.errors import SessionExpiredError
from functions.serverless.ids import base32

FAMILY_BYTES = 16
SECRET_BYTES = 32
PROVEN_S = 600
"""For so long a login, or a later proof, is enough for dangerous actions."""


class RefreshToken(Struct, frozen=True, kw_only=True):
    """A refresh token, in the clear: only ever on its way from or to its bearer."""

    family: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"RefreshToken(session_id={self.session_id!r})"

    @property
    def session_id(self) -> str:
        """The id of its session, which tells nothing of the family's octets."""
        return f"s_{base32(hashlib.sha256(self.family).digest()[:16])}"

    @property
    def secret_hash(self) -> str:
        """SHA-256, in hex. The secret has 256 bits of its own: nothing slower is needed."""
        return hashlib.sha256(self.secret).hexdigest()

    def encode(self) -> str:
        """The token as its bearer sees it."""
        return base64.urlsafe_b64encode(self.family + self.secret).decode()


class Session(Struct, frozen=True, kw_only=True):
    """A session as the table keeps it. Times in seconds since the epoch."""

    id: str
    user_id: str
    created_at: int
    used_at: int
    expires_at: int
    secret_hash: str
    last_hash: str | None = None
    """The hash of the secret before the present one."""
    sealed_secret: str | None = None
    """The present secret, sealed with the one before; hex."""
    ended_at: int | None = None
    epoch: int = 0
    """The account's ``session_epoch`` in which it was opened."""
    device: Device = Device()
    """What the session was used with last."""
    network: str | None = None
    """Where from, roughly (`auth_service.domain.devices.network_of`)."""
    proven_at: int = 0
    """When its bearer last proved who they are: by the login, or again since then."""
    second_factor: bool = False
    """Whether that has included a second factor."""

    def is_proven(self, *, second_factor: bool, now: float) -> bool:
        """Whether its bearer has just proven who they are: if their account has a ``second_factor``, with that."""
        return now < self.proven_at + PROVEN_S and (self.second_factor or not second_factor)

    def is_alive(self, *, epoch: int, now: float) -> bool:
        """Whether it gives new tokens, in an account's ``session_epoch``."""
        return self.ended_at is None and self.expires_at > now and self.epoch >= epoch


class Lifetimes(Struct, frozen=True, kw_only=True):
    """See `auth_service.settings.AuthSettings`."""

    idle_s: int
    max_s: int
    grace_s: int


class Rotated(Struct, frozen=True, kw_only=True):
    """The token was the present one: keep ``session``, and hand out ``token`` once that has succeeded."""

    session: Session
    token: RefreshToken


class Repeated(Struct, frozen=True, kw_only=True):
    """The token was rotated a moment ago: hand out the same successor again."""

    token: RefreshToken


class Reused(Struct, frozen=True, kw_only=True):
    """The token was used long ago: the session must end."""


def decode_refresh_token(text: str) -> RefreshToken:
    """The token that a bearer shows.

    Raises:
        SessionExpiredError: it has never been a token.
    """
    try:
        octets = base64.urlsafe_b64decode(text.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        octets = b""
    token = RefreshToken(family=octets[:FAMILY_BYTES], secret=octets[FAMILY_BYTES:])
    if len(octets) != FAMILY_BYTES + SECRET_BYTES or token.encode() != text:
        raise SessionExpiredError
    return token


def open_session(
    user_id: str,
    token: RefreshToken,
    *,
    epoch: int,
    origin: Origin,
    now: float,
    lifetimes: Lifetimes,
    second_factor: bool = False,
) -> Session:
    """A new session whose first refresh token is ``token``. ``second_factor``: whether the login has included one."""
    started = int(now)
    return Session(
        epoch=epoch,
        device=device_of(origin.user_agent),
        network=network_of(origin.address),
        id=token.session_id,
        user_id=user_id,
        created_at=started,
        used_at=started,
        expires_at=_expires_at(started, started, lifetimes),
        secret_hash=token.secret_hash,
        proven_at=started,
        second_factor=second_factor,
    )


def refresh(
    session: Session,
    token: RefreshToken,
    *,
    new_secret: bytes,
    epoch: int,
    origin: Origin,
    now: float,
    lifetimes: Lifetimes,
) -> Rotated | Repeated | Reused:
    """What a refresh token is good for. ``new_secret``: `SECRET_BYTES` random octets; ``epoch``: the account's.

    Raises:
        SessionExpiredError: the session has ended.
    """
    if not session.is_alive(epoch=epoch, now=now):
        raise SessionExpiredError
    if hmac.compare_digest(token.secret_hash, session.secret_hash):
        successor = RefreshToken(family=token.family, secret=new_secret)
        used_at = int(now)
        rotated = replace(
            session,
            used_at=used_at,
            expires_at=_expires_at(session.created_at, used_at, lifetimes),
            secret_hash=successor.secret_hash,
            last_hash=token.secret_hash,
            sealed_secret=_seal(token, new_secret).hex(),
            device=device_of(origin.user_agent),
            network=network_of(origin.address),
        )
        return Rotated(session=rotated, token=successor)
    was_last = session.last_hash is not None and hmac.compare_digest(token.secret_hash, session.last_hash)
    if was_last and session.sealed_secret and now < session.used_at + lifetimes.grace_s:
        secret = _seal(token, bytes.fromhex(session.sealed_secret))
        return Repeated(token=RefreshToken(family=token.family, secret=secret))
    return Reused()


def is_of(session: Session, token: RefreshToken) -> bool:
    """Whether a token is, or was just before, the session's own."""
    known = (session.secret_hash, session.last_hash or "")
    return any(hmac.compare_digest(token.secret_hash, each) for each in known)


def _expires_at(created_at: int, used_at: int, lifetimes: Lifetimes) -> int:
    return min(created_at + lifetimes.max_s, used_at + lifetimes.idle_s)


def _seal(token: RefreshToken, secret: bytes) -> bytes:
    """``secret`` xor a pad that only ``token`` gives, and that is used for nothing else; its own inverse."""
    pad = hmac.digest(token.secret, b"parley refresh successor" + token.family, "sha256")
    return bytes(a ^ b for a, b in zip(secret, pad, strict=True))
