"""HTTP to addresses that strangers have given us: what is asked is checked, and what is checked is what is asked.

A name is looked up once, all its addresses are checked, and the connection goes to one of these (no DNS rebinding). The
certificate must be the name's. Redirects are not followed, no proxy is used, and the whole exchange has an end in time
and size, whatever the other side does.
"""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from contracts.public_addresses import is_public

Reach = Literal["public", "any"]
"""``public``: by https, on the ports of https, to the public Internet. ``any``: wherever an address leads."""
PORTS: Final = frozenset({443, 8443})
MAX_URL: Final = 2_048
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_LEAST_S: Final = 0.001
Lookup = Callable[[str, int, float], Sequence[str]]
"""The addresses of a name (for a port), in so many seconds. Raises `NoAnswerError`."""


class TargetRefusedError(Exception):
    """This address is not asked. The message says why, without telling what a name leads to."""


class NoAnswerError(Exception):
    """There was no (whole) answer. The message says what happened, in a few words."""


class Target(Struct, frozen=True, kw_only=True):
    """Where a request goes. ``host``: in ASCII. ``path``: with the query."""

    scheme: str
    host: str
    port: int
    path: str


class Reply(Struct, frozen=True, kw_only=True):
    """An answer, or what of it was read. ``ms``: how long it took, in milliseconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ms: int


def target_of(url: str, *, reach: Reach) -> Target:
    """Where a URL leads, as far as the URL itself tells.

    Raises:
        TargetRefusedError: nothing is sent there.
    """
    if len(url) > MAX_URL or not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
        raise TargetRefusedError("An address is a URL in ASCII, without spaces.")
    parts = _split(url)
    if parts.scheme not in (("https",) if reach == "public" else _DEFAULT_PORTS):
        raise TargetRefusedError("The address must begin with https://.")
    if parts.username is not None or parts.password is not None:
        raise TargetRefusedError("An address with a password in it is not used.")
    if parts.fragment:
        raise TargetRefusedError("The address has a fragment, which is not sent.")
    host = (parts.hostname or "").rstrip(".")
    if not host or len(host) > 253:
        raise TargetRefusedError("The address has no host.")
    try:
        port = parts.port
    except ValueError:
        raise TargetRefusedError("The address has no usable port.") from None
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    if port == 0 or (reach == "public" and port not in PORTS):
        raise TargetRefusedError("The port must be 443 or 8443.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise TargetRefusedError("This is no URL.") from None


class Outbound:
    """Sends requests. ``deadline_s``: for a whole exchange; ``max_bytes``: of an answer, the rest is not read.

    ``trusted``: certificate authorities beside or instead of the system's; ``lookup``: another way to find addresses.
    """

    def __init__(
        self,
        *,
        reach: Reach,
        deadline_s: float,
        max_bytes: int,
        trusted: ssl.SSLContext | None = None,
        lookup: Lookup | None = None,
    ) -> None:
        self._reach = reach
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._context = trusted
        self._lookup = lookup or look_up

    def check(self, url: str) -> None:
        """Whether something may be sent to a URL, at this moment.

        Raises:
            TargetRefusedError: no.
            NoAnswerError: its name leads nowhere.
        """
        target = target_of(url, reach=self._reach)
        self._addresses(target, time.monotonic() + self._deadline_s)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """What a URL answers to a POST, whatever its status.

        Raises:
            TargetRefusedError: it was not asked.
            NoAnswerError: no answer came in time, or none that is HTTP.
        """
        target = target_of(url, reach=self._reach)
        began = time.monotonic()
        deadline = began + self._deadline_s
        addresses = self._addresses(target, deadline)
        with closing(_Connection(target, self._deadline_s)) as connection:
            try:
                connection.open(addresses, deadline, self._context)
                reply = connection.exchange(body, headers, self._max_bytes)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if time.monotonic() >= deadline:
                    raise NoAnswerError("no answer in time") from error
                raise NoAnswerError(_words(error)) from error
        status, fields, content = reply
        return Reply(status=status, headers=fields, body=content, ms=int((time.monotonic() - began) * 1000))

    def _addresses(self, target: Target, deadline: float) -> Sequence[str]:
        addresses = self._lookup(target.host, target.port, deadline - time.monotonic())
        if not addresses:
            raise NoAnswerError("the name leads nowhere")
        # One that is not public is one too many: a name that leads to both is not an honest one.
        if self._reach == "public" and not all(is_public(address) for address in addresses):
            raise TargetRefusedError("The address does not lead to the public Internet.")
        return addresses


class _Connection:
    """One connection, which a watchdog ends at its deadline: timeouts of sockets begin anew with every octet."""

    def __init__(self, target: Target, deadline_s: float) -> None:
        self._target = target
        self._deadline_s = deadline_s
        self._socket: socket.socket | None = None
        self._watchdog: threading.Timer | None = None

    def open(self, addresses: Sequence[str], deadline: float, context: ssl.SSLContext | None) -> None:
        """Connects to the first of the addresses that takes it. Raises `OSError`."""
        last = OSError("no address")
        for tried, address in enumerate(addresses):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:  # one that is silent leaves time for the others
                patience = left / (len(addresses) - tried)
                self._socket = socket.create_connection((address, self._target.port), timeout=patience)
                break
            except OSError as error:
                last = error
        if self._socket is None:
            raise last
        self._socket.settimeout(max(deadline - time.monotonic(), _LEAST_S))
        if self._target.scheme == "https":
            context = context or _system_context()
            self._socket = context.wrap_socket(
                self._socket, server_hostname=self._target.host, do_handshake_on_connect=False
            )
        self._watchdog = threading.Timer(max(deadline - time.monotonic(), 0), self._cut)
        self._watchdog.daemon = True
        self._watchdog.start()
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.do_handshake()

    def exchange(self, body: bytes, headers: Mapping[str, str], max_bytes: int) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields by their lower-case names, and the first octets of the body.

        Raises `OSError`, `http.client.HTTPException`.
        """
        target = self._target
        client = http.client.HTTPConnection(target.host, target.port)
        client.default_port = _DEFAULT_PORTS[target.scheme]  # what Host leaves out
        client.sock = self._socket
        client.request("POST", target.path, body=body, headers={"Connection": "close", **headers})
        answer = client.getresponse()
        try:
            content = answer.read(max_bytes)
        except http.client.IncompleteRead as error:
            content = error.partial[:max_bytes]
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, fields, content

    def close(self) -> None:
        """Ends it. May be called again."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._socket is not None:
            self._socket.close()

    def _cut(self) -> None:
        if self._socket is None:
            return
        try:
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # not TLS's: that would wait for the other side
        except OSError:
            return  # it is closed already


@functools.cache
def _system_context() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads all certificate authorities: 20 ms


def look_up(host: str, port: int, patience_s: float) -> Sequence[str]:
    """The addresses of a name, by the system's resolver.

    Raises:
        NoAnswerError: there is none, or the resolver takes too long.
    """
    found: list[str] = []
    failed: list[str] = []

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            failed.append("the name leads nowhere")
        else:
            found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))

    asking = threading.Thread(target=ask, daemon=True)  # it cannot be interrupted: it is left behind
    asking.start()
    asking.join(max(patience_s, 0))
    if not found:
        raise NoAnswerError(failed[0] if failed else "the name is not known in time")
    return found


_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ssl.SSLCertVerificationError, "the certificate is not valid"),
    (ssl.SSLError, "TLS failed"),
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "the connection was closed"),  # with http.client.RemoteDisconnected
    (OSError, "not reachable"),
)


def _words(error: Exception) -> str:
    """What happened, without the other side's words."""
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "the answer is not HTTP")
