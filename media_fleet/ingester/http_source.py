"""What is at an address of HTTP, as a file that can be read, and be gone to and fro in where the server lets one.

Python's own rather than FFmpeg's: the address that is checked is the one that is connected to (no DNS rebinding), each
redirect is checked like the first address, the certificate is the name's, and what comes is read as one file, whatever
it names.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import io
import socket
import ssl
import threading
import time
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin

from contracts.ingesting import IngressFailure
from contracts.source_address import PORTS, SourceAddressError, parse
from media_fleet.ingester.errors import SourceError
from media_fleet.outside import may_be_asked

MOST_REDIRECTS: Final = 5
PATIENCE_S: Final = 10.0
"""For a connection to each address of a name, and for each piece of what is read."""
READ_ON: Final = 262_144
"""Octets that are rather read and thrown away than asked for anew."""
AGAIN_AT_ONCE: Final = 64
AGAIN_PER_S: Final = 4.0
"""How often a place is asked for anew: files that are laid out badly take some, and connections break."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class HttpSource(io.RawIOBase):
    """One file. All methods wait; by one thread at a time."""

    def __init__(self, url: str, *, may_reach_any: bool) -> None:
        """Raises `SourceError`: it is not there."""
        super().__init__()
        self._url = url
        self._may_reach_any = may_reach_any
        self._at = 0
        self._times = 0.0
        self._times_at = time.monotonic()
        self._connection: http.client.HTTPConnection | None = None
        self._answer = self._opened(0)
        self._can_seek = self._answer.status == http.client.PARTIAL_CONTENT
        self._length = _length(self._answer)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._can_seek and self._length is not None

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        """So much at the most; nothing: this was all. Raises `SourceError`: it breaks off, not just a connection."""
        while True:
            data = self._read(size)
            if data or not size or self._length is None or self._at >= self._length:
                return data
            if not self._can_seek:
                raise SourceError(IngressFailure.CLOSED)
            self._go_on()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Raises `SourceError`: the server does not give that place."""
        if self._length is None or not self._can_seek:
            raise SourceError(IngressFailure.CLOSED)
        place = offset + (0, self._at, self._length)[whence]
        if place == self._at:
            return place
        if place > self._at and place - self._at <= READ_ON:
            while self._at < place and self.read(place - self._at):
                pass
            return self._at
        self._at = max(0, min(place, self._length))
        if self._at < self._length:
            self._go_on()
        return self._at

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
        super().close()

    # ---- inside ----

    def _read(self, size: int) -> bytes:
        """What comes on this connection; nothing: no more does. Raises `SourceError`: it breaks off, for good."""
        try:
            data = self._answer.read1(size)
        except (OSError, http.client.HTTPException, ValueError):
            if not self._can_seek or self._length is None:
                raise SourceError(IngressFailure.CLOSED) from None
            return b""
        self._at += len(data)
        return data

    def _go_on(self) -> None:
        self._answer = self._opened(self._at)
        if self._answer.status != http.client.PARTIAL_CONTENT:
            raise SourceError(IngressFailure.CLOSED)

    def _opened(self, place: int) -> http.client.HTTPResponse:
        """The answer that begins at a place. Raises `SourceError`."""
        now = time.monotonic()
        self._times = max(0.0, self._times - (now - self._times_at) * AGAIN_PER_S) + 1
        self._times_at = now
        if self._times > AGAIN_AT_ONCE:
            raise SourceError(IngressFailure.GARBLED)
        url, first = self._url, checked(self._url)
        for _ in range(MOST_REDIRECTS + 1):
            parts = checked(url)
            answer = self._asked(parts, place, _credentials(first) if _server(parts) == _server(first) else None)
            where = answer.getheader("Location")
            if answer.status not in _REDIRECTS or where is None:
                if answer.status not in {http.client.OK, http.client.PARTIAL_CONTENT}:
                    raise SourceError(IngressFailure.REFUSED)
                return answer
            try:
                url = urljoin(url, where)
            except ValueError:
                raise SourceError(IngressFailure.ADDRESS) from None
        raise SourceError(IngressFailure.REFUSED)

    def _asked(self, parts: SplitResult, place: int, credentials: str | None) -> http.client.HTTPResponse:
        if self._connection is not None:
            self._connection.close()
        _, host, port = _server(parts)
        headers = {"Range": f"bytes={place}-", "Accept-Encoding": "identity", "User-Agent": "Parley"}
        if credentials is not None:
            headers["Authorization"] = credentials
        connection = http.client.HTTPConnection(host, port)
        connection.default_port = PORTS[parts.scheme]  # what Host leaves out
        connection.sock = self._connected(parts.scheme, host, port)
        self._connection = connection
        # Each piece of a head may take as long as any, and a server may answer "100 Continue" as often as it likes.
        patience = threading.Timer(PATIENCE_S, _break_off, [connection.sock])
        patience.daemon = True
        patience.start()
        try:
            connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers)
            return connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError):
            raise SourceError(IngressFailure.ABSENT) from None
        finally:
            patience.cancel()

    def _connected(self, scheme: str, host: str, port: int) -> socket.socket:
        for address in look_up(host, port, may_reach_any=self._may_reach_any):
            try:
                plain = socket.create_connection((address, port), timeout=PATIENCE_S)
            except OSError:
                continue
            if scheme == "http":
                return plain
            try:
                return _tls().wrap_socket(plain, server_hostname=host)
            except ssl.SSLCertVerificationError:
                plain.close()
                raise SourceError(IngressFailure.UNTRUSTED) from None
            except (OSError, ValueError):
                plain.close()
        raise SourceError(IngressFailure.ABSENT)


def _server(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port."""
    return parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme]


def _credentials(parts: SplitResult) -> str | None:
    """Those of an address, as they are sent (RFC 7617)."""
    if parts.username is None:
        return None
    named = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(named.encode()).decode()


def _break_off(connection: socket.socket) -> None:
    """Whoever reads from it, in another thread, reads no more. Of TLS, too: its state is that thread's alone."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def checked(url: str) -> SplitResult:
    """The parts of an address. Raises `SourceError`: it is none that anything is fetched from."""
    try:
        return parse(url)
    except SourceAddressError:
        raise SourceError(IngressFailure.ADDRESS) from None


def look_up(host: str, port: int, *, may_reach_any: bool) -> list[str]:
    """The addresses of a name. Raises `SourceError`: there are none, or some where nothing is fetched from."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SourceError(IngressFailure.ABSENT) from None
    found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    # One that is not public is one too many: a name that leads to both is not an honest one.
    if not may_reach_any and not all(may_be_asked(address) for address in found):
        raise SourceError(IngressFailure.PRIVATE)
    return found


def _length(answer: http.client.HTTPResponse) -> int | None:
    """Of the whole file, as far as the server says."""
    if answer.status == http.client.OK:
        return answer.length
    _, slash, whole = (answer.getheader("Content-Range") or "").rpartition("/")
    return int(whole) if slash and whole.isdecimal() else None


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
