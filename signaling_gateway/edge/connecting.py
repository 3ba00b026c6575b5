"""The CONNECT packet: from its ``auth`` to verified claims."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from contracts.client_messages import ConnectAuth
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.meeting_token import MeetingClaims
from contracts.rooms import MeetingId
from signaling_gateway.errors import Refusal


class TokenVerifier(Protocol):
    """Verifies meeting tokens."""

    async def verify(self, token: str, meeting_id: MeetingId | None) -> MeetingClaims:
        """The claims of a valid token for the meeting (None: for any). Raises `TokenError`."""


async def authenticate(auth: Any, verifier: TokenVerifier) -> tuple[MeetingClaims, ConnectAuth]:
    """Who connects, and what they ask for.

    Raises:
        Refusal: with the code that says what is wrong with the token or the rest of ``auth``.
    """
    if not isinstance(auth, dict) or not auth.get("token"):
        raise Refusal(ErrorCode.TOKEN_MISSING, "A meeting token is needed to join.")
    if not isinstance(auth["token"], str):
        raise Refusal(ErrorCode.TOKEN_MALFORMED, "The token cannot be read.")
    try:
        request = msgspec.convert(auth, ConnectAuth)
    except msgspec.ValidationError as error:
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"The auth of the connection is not right: {error}.") from error
    try:
        claims = await verifier.verify(request.token, MeetingId(request.meeting_id))
    except TokenError as error:
        raise Refusal(error.code, error.message) from error
    return claims, request
