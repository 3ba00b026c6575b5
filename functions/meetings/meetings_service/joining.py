"""The way into a room: who asks, the decision, and the meeting token."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext

import jwt
from msgspec import Struct

from contracts.access_token import AccessClaims
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.meeting_token import LIFETIME_S, MeetingClaims, decode_meeting_token, encode_meeting_token
from contracts.rooms import Identity, MeetingId
from functions.serverless.signing_keys import SigningKeys
from meetings_service.domain.access import Admission, Caller, decide_join, is_guest
from meetings_service.domain.meeting_settings import rules_of
from meetings_service.domain.meetings import Meeting
from meetings_service.passcodes import PasscodeGuessing
from meetings_service.scheduling import Meetings
from telemetry.tracing import current_span_id, current_trace_id

PREVIOUS_TOKEN_S = 86_400
"""For so long after it has expired, a meeting token proves who a guest was."""


class Joined(Struct, frozen=True, kw_only=True):
    """An admission and its token."""

    meeting: Meeting
    admission: Admission
    token: str
    expires_in: int


class Joining:
    """Lets people into meetings. ``clock`` and ``randomness`` as in `meetings_service.scheduling.Meetings`."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        passcodes: PasscodeGuessing,
        signing_keys: SigningKeys,
        issuer: str,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._passcodes = passcodes
        self._signing_keys = signing_keys
        self._issuer = issuer
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    def join(
        self,
        meeting_id: str,
        *,
        user: AccessClaims | None,
        display_name: str | None,
        passcode: str | None,
        previous_token: str | None,
        network: str,
    ) -> Joined:
        """Decides, begins a session if the last one is over, and issues the meeting token. ``network``: the caller's.

        Raises:
            MeetingNotFoundError: there is no such meeting.
            MeetingsError, InvalidFieldError: see `domain.access.decide_join`.
            RateLimitedError: too many wrong passcodes.
        """
        earlier = self._earlier_stay(meeting_id, previous_token) if user is None else None
        found = self._meetings.find_for(meeting_id, user, identity=earlier.sub if earlier else None)
        caller = Caller(
            user_id=user.sub if user else None,
            user_name=user.name if user else None,
            display_name=display_name,
            guest_identity=earlier.sub if earlier else None,
            guest_name=earlier.name if earlier else None,
            invitee=found.invitee,
            is_banned=found.is_banned,
            passcode=passcode,
        )
        now_ms = int(self._clock() * 1000)
        is_guess = passcode is not None and found.meeting.settings.passcode is not None
        with self._passcodes.attempt(found.meeting.id, network) if is_guess else nullcontext():
            admission = decide_join(found.meeting, caller, now=now_ms, randomness=self._randomness(16))
        self._meetings.claim(found, user)
        meeting = self._meetings.in_session(found.meeting)
        fields = {"meeting_id": meeting.id, "identity": admission.identity, "role": admission.role.value}
        self._logger.info("admitted", extra=fields)
        token = self._token(meeting, admission, user)
        return Joined(meeting=meeting, admission=admission, token=token, expires_in=LIFETIME_S)

    def _token(self, meeting: Meeting, admission: Admission, user: AccessClaims | None) -> str:
        now = int(self._clock())
        key = self._signing_keys.ring().signing_key(now)
        claims = MeetingClaims(
            iss=self._issuer,
            sub=admission.identity,
            meeting=meeting.id,
            name=admission.display_name,
            role=admission.role,
            permissions=admission.permissions,
            iat=now,
            exp=now + LIFETIME_S,
            jti=self._randomness(16).hex(),
            session=None if user is None else user.session,
            host_id=Identity(meeting.host_id),
            meeting_session=meeting.session,
            rules=rules_of(meeting.settings),
            vouched=admission.vouched,
            account_name=user is not None and admission.is_account_name,
            trace_id=current_trace_id(),
            span_id=current_span_id(),
        )
        return encode_meeting_token(claims, key=key.private_key(), kid=key.kid)

    def _earlier_stay(self, meeting_id: str, token: str | None) -> MeetingClaims | None:
        """Who a guest was before, if the token proves it. A token that does not is no reason to keep anyone out."""
        if token is None:
            return None
        try:
            claims = decode_meeting_token(
                token,
                keys=self._signing_keys.ring().verification_keys(),
                issuer=self._issuer,
                meeting_id=MeetingId(meeting_id),
                now=self._moment_of_validity(token),
            )
        except TokenError:
            return None
        return claims if is_guest(claims.sub) else None

    def _moment_of_validity(self, token: str) -> float:
        """Now, or the last moment at which the token was valid if that is at most `PREVIOUS_TOKEN_S` ago.

        The expiry is read before the signature is checked; a forged one gains nothing, for the check follows.
        """
        now = self._clock()
        try:
            expires = jwt.decode(token, options={"verify_signature": False}).get("exp")
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenError(ErrorCode.TOKEN_MALFORMED, "The token cannot be read.") from error
        if not isinstance(expires, int) or expires + PREVIOUS_TOKEN_S <= now:
            raise TokenError(ErrorCode.TOKEN_EXPIRED, "The token expired too long ago.")
        return min(now, expires - 1)
