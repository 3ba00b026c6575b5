"""The token that opens a room: issued by the meeting service, accepted by the signalling gateways.

A JWT (RFC 7519) with ``typ: meeting+jwt``, signed with a key of the meeting service's JWKS, for one person, one
meeting, and a few minutes. Permissions are in it; the gateway enforces them.
"""

from __future__ import annotations

from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from msgspec import Struct

from contracts.account_standing import TokenSession
from contracts.error_codes import ErrorCode
from contracts.jwks import ALGORITHM, TokenError, VerificationKeys
from contracts.rooms import Identity, MeetingId, Permissions, Role, RoomRules, room_of

TYPE = "meeting+jwt"
AUDIENCE = "parley-gateway"
LIFETIME_S = 600
"""Ten minutes: it is used at once, and asked for anew when a connection is made again later."""


class MeetingClaims(Struct, frozen=True, kw_only=True):
    """The claims of a meeting token. Times in seconds since the epoch, as JWT has them."""

    iss: str
    sub: Identity
    meeting: MeetingId
    name: str
    role: Role
    permissions: Permissions
    iat: int
    exp: int
    jti: str
    aud: str = AUDIENCE
    session: TokenSession | None = None
    """The session of the access token that it was issued for; None: its bearer has no account."""
    host_id: Identity | None = None
    """Whose meeting it is."""
    meeting_session: int = 1
    """In which session of the meeting: each has a room of its own."""
    rules: RoomRules | None = None
    """How the room opens if its bearer is the first one there; None: by the platform's rules alone."""
    vouched: bool = False
    """Whether its bearer need not wait in the lobby: the meeting's settings let them pass."""
    stream_key: str | None = None
    """The id of the stream key that is its bearer's proof (`contracts.stream_keys`); no signed token has one. Whoever
    runs the meeting has let its bearer in beforehand, and its newest stream takes the place of an older one."""
    stands_on: tuple[Identity, ...] = ()
    """The accounts without which their access is none, though they are somebody else: those of a stream key."""
    account_name: bool = False
    """Whether the name is that of their account, and follows it."""
    trace_id: str = ""
    """The trace that the request for the token belongs to (W3C Trace Context): log lines about the stay carry it."""
    span_id: str = ""
    """The span of that request, where there is one: what its bearer does first belongs under it."""

    @property
    def room(self) -> MeetingId:
        """The id of the room that it opens."""
        return room_of(self.meeting, self.meeting_session)


def encode_meeting_token(claims: MeetingClaims, *, key: EllipticCurvePrivateKey, kid: str) -> str:
    """The signed token."""
    payload: dict[str, Any] = msgspec.to_builtins(claims)
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": kid})


def decode_meeting_token(
    token: str, *, keys: VerificationKeys, issuer: str, meeting_id: MeetingId | None, now: float
) -> MeetingClaims:
    """The claims of a valid token for ``meeting_id`` (None: for any meeting).

    Raises:
        UnknownKeyError: the key is not among ``keys``; fetch them anew once.
        TokenError: for any other reason.
    """
    payload = keys.verify(token, typ=TYPE, issuer=issuer, audience=AUDIENCE, now=now)
    try:
        claims = msgspec.convert(payload, MeetingClaims)
    except msgspec.ValidationError as error:
        raise TokenError(ErrorCode.TOKEN_MALFORMED, f"The token's claims are not complete: {error}.") from error
    if meeting_id is not None and claims.meeting != meeting_id:
        raise TokenError(ErrorCode.TOKEN_WRONG_MEETING, "The token is for another meeting.")
    return claims
