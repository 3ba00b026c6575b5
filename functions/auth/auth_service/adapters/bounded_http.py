"""HTTP to identity providers: verified TLS, a time and a size that end, no redirects, no addresses but https ones."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import urllib3
from msgspec import Struct
from urllib3.exceptions import HTTPError

from auth_service.errors import ProviderUnavailableError

DEADLINE_S: Final = 4.0
"""For a whole exchange. A login has three at the most, and Lambda's patience is 15 s."""
MAX_BYTES: Final = 256 * 1024
_CHUNK: Final = 16 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class HttpReply(Struct, frozen=True, kw_only=True):
    """A whole answer."""

    status: int
    body: bytes

    def json_object(self) -> dict[str, Any]:
        """The JSON object that it holds.

        Raises:
            ProviderUnavailableError: it holds something else.
        """
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ProviderUnavailableError(f"no JSON object, status {self.status}") from None


class BoundedHttp:
    """Asks one provider. ``ca_pem``: its certificate authority, empty for the system's. ``allow_loopback``: plain HTTP
    to this machine is fine too, as for a provider that is itself configured so."""

    def __init__(self, *, ca_pem: str, allow_loopback: bool, deadline_s: float = DEADLINE_S) -> None:
        self._allow_loopback = allow_loopback
        self._deadline_s = deadline_s
        context = ssl.create_default_context(cadata=ca_pem or None)
        self._pool = urllib3.PoolManager(num_pools=4, ssl_context=context, retries=False)

    def check(self, address: str) -> str:
        """An address that may be asked.

        Raises:
            ProviderUnavailableError: it is not https.
        """
        parts = urlsplit(address)
        is_local = self._allow_loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or parts.username is not None or not (parts.scheme == "https" or is_local):
            raise ProviderUnavailableError("an address that is not https")
        return address

    def get(self, address: str, *, access_token: str | None = None) -> HttpReply:
        """What an address answers to GET.

        Raises:
            ProviderUnavailableError: it does not answer in time, or too much.
        """
        bearer = {"Authorization": f"Bearer {access_token}"} if access_token is not None else {}
        return self._request("GET", address, {"Accept": "application/json", **bearer}, None)

    def post_form(self, address: str, form: str, headers: Mapping[str, str]) -> HttpReply:
        """What an address answers to a form.

        Raises:
            ProviderUnavailableError: it does not answer in time, or too much.
        """
        return self._request("POST", address, headers, form)

    def _request(self, method: str, address: str, headers: Mapping[str, str], body: str | None) -> HttpReply:
        deadline = time.monotonic() + self._deadline_s
        timeout = urllib3.Timeout(total=self._deadline_s)
        try:
            answer = self._pool.request(
                method,
                self.check(address),
                body=body,
                headers=dict(headers),
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            try:
                return HttpReply(status=answer.status, body=_read(answer, deadline))
            finally:
                answer.close()  # what is left unread is not waited for
        except (HTTPError, OSError) as error:
            raise ProviderUnavailableError(type(error).__name__) from error


def _read(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The body. ``read1`` gives what is there, so that one who sends an octet a second does not hold us."""
    parts: list[bytes] = []
    size = 0
    while chunk := answer.read1(_CHUNK, decode_content=True):
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise ProviderUnavailableError("an answer that is too large")
        if time.monotonic() > deadline:
            raise ProviderUnavailableError("an answer that takes too long")
    return b"".join(parts)
