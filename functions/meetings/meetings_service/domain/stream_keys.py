"""Stream keys without I/O: what they look like, what they allow, and when they open nothing."""

from __future__ import annotations

import hashlib
import hmac
import re

from msgspec import Struct

from contracts.account_standing import is_user
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.meeting_token import LIFETIME_S, MeetingClaims
from contracts.rooms import Identity, MeetingId, Permissions, PublishPermission, Role
from contracts.stream_keys import PREFIX, StreamScope, identity_of_key
from functions.serverless.ids import base32
from meetings_service.domain.meeting_settings import rules_of
from meetings_service.domain.meetings import Meeting, with_hyphens

MAX_KEYS = 25
"""How many a meeting has at most, expired ones included."""
MAX_SECRETS = 5
"""How often the making of one key may be asked again: each answer has a secret of its own."""
REPEATABLE_MS = 86_400_000
"""For so long a request to make a key may be repeated under its Idempotency-Key."""
ID_OCTETS, SECRET_OCTETS = 10, 20

_KEY = re.compile(rf"{PREFIX}(?P<meeting>[a-z]{{12}}|[a-z]{{10}})_(?P<id>[a-z2-7]{{16}})_(?P<secret>[a-z2-7]{{32}})")

PERMISSIONS_OF_SCOPE: dict[StreamScope, Permissions] = {
    StreamScope.PUBLISH: Permissions(publish=tuple(PublishPermission)),
    StreamScope.WATCH: Permissions(subscribe=True),
}


class StreamKey(Struct, frozen=True, kw_only=True):
    """A key as it is kept. Times in milliseconds since the epoch.

    ``hashes``: SHA-256 of each of its secrets, hex. Secrets have 160 random bits, which no table of hashes covers.
    ``request``: a digest of what was asked for under ``Idempotency-Key``; None without one.
    """

    id: str
    name: str
    scope: StreamScope
    created_at: int
    created_by: Identity
    hashes: tuple[str, ...]
    valid_until: int | None = None
    last_used_at: int | None = None
    request: str | None = None

    def is_expired(self, now: int) -> bool:
        """Whether it opens nothing any more."""
        return self.valid_until is not None and self.valid_until <= now


class ShownKey(Struct, frozen=True, kw_only=True):
    """The parts of a key that somebody shows."""

    meeting_id: MeetingId
    key_id: str
    secret: str


def key_text(meeting_id: MeetingId, key_id: str, secret: str) -> str:
    """The key as it is given out."""
    return f"{PREFIX}{meeting_id.replace('-', '')}_{key_id}_{secret}"


def shown_key(text: str) -> ShownKey | None:
    """The parts of a key; None if the text is none."""
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    return ShownKey(meeting_id=with_hyphens(found["meeting"]), key_id=found["id"], secret=found["secret"])


def key_id_of(meeting_id: MeetingId, caller: Identity, idempotency_key: str | None, randomness: bytes) -> str:
    """The id of a new key: the same for the same request made again, else of ``randomness``."""
    if idempotency_key is None:
        return base32(randomness[:ID_OCTETS])
    digest = hashlib.sha256("\n".join(("stream key", meeting_id, caller, idempotency_key)).encode()).digest()
    return base32(digest[:ID_OCTETS])


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def opened_by(meeting: Meeting, key: StreamKey | None, secret: str, *, now: int, issuer: str) -> MeetingClaims:
    """Who comes in with a key, as the claims that a meeting token would have.

    Raises:
        TokenError: it is unknown, revoked (``token_revoked``) or expired, or the meeting is over.
    """
    if key is None or not any(hmac.compare_digest(hash_of(secret), each) for each in key.hashes):
        raise TokenError(ErrorCode.TOKEN_REVOKED, "This stream key is not known. Perhaps it was revoked.")
    if key.is_expired(now):
        raise TokenError(ErrorCode.TOKEN_EXPIRED, "This stream key has expired.")
    if meeting.is_over:
        raise TokenError(ErrorCode.MEETING_ENDED, "The meeting has ended.")
    seconds = now // 1000
    return MeetingClaims(
        iss=issuer,
        sub=identity_of_key(key.id),
        meeting=meeting.id,
        meeting_session=meeting.session,
        rules=rules_of(meeting.settings),
        name=key.name,
        role=Role.GUEST,
        permissions=PERMISSIONS_OF_SCOPE[key.scope],
        iat=seconds,
        exp=seconds + LIFETIME_S,
        jti=key.id,
        host_id=Identity(meeting.host_id),
        stream_key=key.id,
        stands_on=tuple(dict.fromkeys(filter(is_user, (Identity(meeting.host_id), key.created_by)))),
    )
