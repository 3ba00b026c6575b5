"""The authentication service's public keys, fetched over HTTP and kept for a while."""

from __future__ import annotations

import logging
import threading
import urllib.request
from collections.abc import Callable
from http.client import HTTPException

from contracts.access_token import AccessClaims, decode_access_token
from contracts.jwks import UnknownKeyError, VerificationKeys
from meetings_service.errors import KeysUnavailableError

KEEP_S = 300
"""For how long fetched keys are used without asking again."""
REFETCH_AFTER_S = 5
"""While there are keys, others are asked for at most so often: neither made-up tokens nor an outage become requests."""
STALE_S = 3_600
"""For how long old keys are used when new ones cannot be fetched."""
_TIMEOUT_S = 3
_MAX_BYTES = 64 * 1024


class AuthKeys:
    """Verifies access tokens. ``clock``: seconds since the epoch."""

    def __init__(self, *, url: str, issuer: str, clock: Callable[[], float], logger: logging.Logger) -> None:
        self._url = url
        self._issuer = issuer
        self._clock = clock
        self._logger = logger
        self._opener = _opener()
        self._lock = threading.Lock()
        self._keys = VerificationKeys()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def verify(self, token: str) -> AccessClaims:
        """The claims of a valid access token.

        Raises:
            contracts.jwks.TokenError: it is not valid.
            KeysUnavailableError: there are no keys to check it with.
        """
        now = self._clock()
        try:
            return decode_access_token(token, keys=self._current(now), issuer=self._issuer, now=now)
        except UnknownKeyError:
            self._refetch(now)
        return decode_access_token(token, keys=self._keys, issuer=self._issuer, now=now)

    def _current(self, now: float) -> VerificationKeys:
        with self._lock:
            if self._fetched_at is None or (now - self._fetched_at >= KEEP_S and self._may_try(now)):
                self._fetch(now)
            if self._fetched_at is None or now - self._fetched_at >= STALE_S:
                raise KeysUnavailableError
            return self._keys

    def _refetch(self, now: float) -> None:
        with self._lock:  # whoever waited here finds what another thread has just fetched
            if self._may_try(now):
                self._fetch(now)

    def _may_try(self, now: float) -> bool:
        return self._tried_at is None or now - self._tried_at >= REFETCH_AFTER_S

    def _fetch(self, now: float) -> None:
        self._tried_at = now
        try:
            with self._opener.open(self._url, timeout=_TIMEOUT_S) as answer:
                document = answer.read(_MAX_BYTES)  # a longer one is cut, and no JSON then
            self._keys = VerificationKeys.from_jwks(document)
        except (OSError, HTTPException, ValueError) as error:
            self._logger.warning("auth_keys_unavailable", extra={"url": self._url, "error": repr(error)})
            return
        self._fetched_at = now


def _opener() -> urllib.request.OpenerDirector:
    """HTTP and HTTPS and nothing else: no redirects, for the keys come from the configured address; no files."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
