"""The meeting service's public keys: fetched, cached, and fetched anew when they rotate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import httpx

from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError, UnknownKeyError, VerificationKeys
from contracts.meeting_token import MeetingClaims, decode_meeting_token
from contracts.rooms import MeetingId

MAX_AGE_S = 300.0
"""Keys older than this are fetched anew in the background of the next use, so that withdrawn keys go."""
MIN_INTERVAL_S = 2.0
"""Unknown key ids, which anybody can invent, cause no more than one fetch in this time."""
FETCH_TIMEOUT_S = 3.0
MAX_DOCUMENT_BYTES = 256 * 1024

_log = logging.getLogger(__name__)


class JwksSource:
    """Verifies meeting tokens with the keys at ``url``.

    ``steady`` is a steady clock in seconds, ``now`` the time in seconds since the epoch.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        url: str,
        issuer: str,
        steady: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._http = http
        self._url = url
        self._issuer = issuer
        self._steady = steady
        self._now = now
        self._keys: VerificationKeys | None = None
        self._fetched_at = -MAX_AGE_S
        self._tried_at = -MIN_INTERVAL_S
        self._fetching = asyncio.Lock()

    @property
    def ready(self) -> bool:
        """Whether there are keys."""
        return self._keys is not None

    async def run(self) -> None:
        """Fetches the keys until there are some, and from time to time after that; until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(MAX_AGE_S / 2 if self.ready else MIN_INTERVAL_S / 2)

    async def verify(self, token: str, meeting_id: MeetingId | None) -> MeetingClaims:
        """The claims of a valid token for the meeting (None: for any).

        Raises:
            TokenError: the token is not accepted, or there are no keys to verify it with (``keys_unavailable``).
        """
        if self._keys is None or self._steady() - self._fetched_at > MAX_AGE_S:
            await self.refresh()
        try:
            return self._decode(token, meeting_id)
        except UnknownKeyError:
            await self.refresh()
            return self._decode(token, meeting_id)

    async def refresh(self) -> None:
        """Fetches the keys, unless that was tried a moment ago. On failure the old keys stay."""
        asked_at = self._steady()
        async with self._fetching:
            if self._tried_at > asked_at or self._steady() - self._tried_at < MIN_INTERVAL_S:
                return
            self._tried_at = self._steady()
            try:
                self._keys = VerificationKeys.from_jwks(await self._document())
                self._fetched_at = self._steady()
            except (httpx.HTTPError, TimeoutError, ValueError) as error:
                _log.warning("the meeting service's keys cannot be fetched", extra={"error": str(error)})

    async def _document(self) -> bytes:
        """The document. A redirect is an error: keys come from the address in the settings and from nowhere else."""
        async with (
            asyncio.timeout(FETCH_TIMEOUT_S),
            self._http.stream("GET", self._url, follow_redirects=False) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"the answer's status is {response.status_code}")
            document = b""
            async for chunk in response.aiter_bytes():
                document += chunk
                if len(document) > MAX_DOCUMENT_BYTES:
                    raise ValueError("the document is too long")
            return document

    def _decode(self, token: str, meeting_id: MeetingId | None) -> MeetingClaims:
        if self._keys is None:
            raise TokenError(
                ErrorCode.KEYS_UNAVAILABLE, "Your token cannot be checked at the moment. Please try again."
            )
        return decode_meeting_token(token, keys=self._keys, issuer=self._issuer, meeting_id=meeting_id, now=self._now())
