"""What opens a standard door: a meeting token, or a stream key, which the meeting service is asked about."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.meeting_token import MeetingClaims
from contracts.rooms import MeetingId
from contracts.stream_keys import StreamKeyRefused, StreamKeyShown, decode_stream_key_answer, is_stream_key
from signaling_gateway.adapters.facts_delivery import Function, FunctionFailedError, FunctionUnreachableError
from signaling_gateway.domain.key_lookups import KeyLookups
from signaling_gateway.edge.connecting import TokenVerifier
from signaling_gateway.errors import GatewayError, Refusal

IN_PARALLEL = 4
"""Threads that wait for it at most: facts need some, too."""
PATIENCE_S = 5.0

_log = logging.getLogger(__name__)


class DoorBearers:
    """A `TokenVerifier` that takes stream keys as well. ``steady`` is a clock in seconds."""

    def __init__(self, tokens: TokenVerifier, function: Function, *, steady: Callable[[], float]) -> None:
        self._tokens = tokens
        self._function = function
        self._steady = steady
        self._lookups = KeyLookups(steady())
        self._threads = asyncio.Semaphore(IN_PARALLEL)

    async def verify(self, token: str, meeting_id: MeetingId | None) -> MeetingClaims:
        """Who comes with ``token``.

        Raises:
            TokenError: it opens nothing.
            GatewayError: the meeting service cannot be asked (``service_unavailable``).
            Refusal: it is asked about too many keys (``rate_limited``).
        """
        if not is_stream_key(token):
            return await self._tokens.verify(token, meeting_id)
        if not self._lookups.may_ask(token, self._steady()):
            raise Refusal(ErrorCode.RATE_LIMITED, "Too many stream keys are being shown.")
        try:
            async with asyncio.timeout(PATIENCE_S), self._threads:
                payload = msgspec.json.encode(StreamKeyShown(key=token))
                answer = decode_stream_key_answer(await asyncio.to_thread(self._function, payload))
        except (FunctionUnreachableError, FunctionFailedError, msgspec.DecodeError, TimeoutError) as error:
            _log.warning("a stream key cannot be looked up", extra={"error": repr(error)})
            message = "Stream keys cannot be looked up at the moment. Please try again."
            raise GatewayError(ErrorCode.SERVICE_UNAVAILABLE, message) from error
        if isinstance(answer, StreamKeyRefused):
            self._lookups.refused(token)
            code = next((each for each in ErrorCode if each == answer.code), ErrorCode.TOKEN_MALFORMED)
            raise TokenError(code, answer.message)
        self._lookups.opened(token, self._steady())
        return answer.claims
