"""HTTP/1.1 connections to one endpoint that stay open, for short requests and answers (RFC 9112).

urllib3 and `http.client` spend two to four tenths of a millisecond on each exchange, mostly on header fields that
nobody reads; this is what a function pays for every call of its table.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    import ssl

_MAX_LINE = 65_536
_MAX_FIELDS = 100


class NotConnectedError(OSError):
    """The endpoint could not be reached; nothing was sent."""


class BrokenAnswerError(OSError):
    """What came back is no whole HTTP answer. The request may have been done."""


class Reply(Struct, frozen=True):
    """An answer. ``fields`` have lower-case names; of a name that comes twice the last counts."""

    status: int
    fields: dict[str, str]
    body: bytes


class Connections:
    """Connections to the endpoint ``url``. They may be shared by threads: each exchange has one for itself.

    ``tls``: for an https address, how the endpoint proves its name.
    """

    def __init__(
        self, url: str, *, connect_timeout_s: float, read_timeout_s: float, tls: ssl.SSLContext | None = None
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"{url!r} is no http address")
        if address.scheme == "https" and tls is None:
            raise ValueError(f"{url!r} needs TLS")
        self._tls = tls if address.scheme == "https" else None
        self._hostname = address.hostname
        self._port = address.port or (443 if self._tls else 80)
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._idle: deque[_Connection] = deque()
        self.host = address.netloc.rpartition("@")[2]
        """The field Host."""
        self.path = address.path or "/"

    def post(self, fields: dict[str, str], body: bytes) -> Reply:
        """Sends a request and waits for its answer.

        Raises:
            NotConnectedError: nothing was sent.
            BrokenAnswerError, TimeoutError, OSError: the request may have been done.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        head = f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        connection = self._take()
        try:
            reply = connection.exchange(head.encode("latin-1") + body)
        except BaseException:
            connection.close()
            raise
        if connection.stays_open:
            self._idle.append(connection)
        else:
            connection.close()
        return reply

    def close(self) -> None:
        """Closes those that are idle."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> _Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connect()
            if connection.is_usable():
                return connection
            connection.close()  # while an instance was frozen, say

    def _connect(self) -> _Connection:
        try:
            plain = socket.create_connection((self._hostname, self._port), self._connect_timeout_s)
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wire = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self._hostname)
            except BaseException:
                plain.close()
                raise
        except OSError as error:
            raise NotConnectedError(f"{self.host} cannot be reached: {error}") from error
        wire.settimeout(self._read_timeout_s)
        return _Connection(wire)


class _Connection:
    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._reader: BinaryIO = wire.makefile("rb")
        self._poll = select.poll()
        self._poll.register(wire, select.POLLIN)
        self.stays_open = True

    def is_usable(self) -> bool:
        """Nothing has come since the last answer: neither the end nor something that nobody has asked for."""
        return not self._poll.poll(0)

    def close(self) -> None:
        self._reader.close()
        self._wire.close()

    def exchange(self, request: bytes) -> Reply:
        self._wire.sendall(request)
        status, version = self._status()
        fields = self._fields()
        while 100 <= status < 200:
            status, version = self._status()
            fields = self._fields()
        self.stays_open = version == b"HTTP/1.1" and fields.get("connection", "").lower() != "close"
        return Reply(status, fields, self._body(fields))

    def _status(self) -> tuple[int, bytes]:
        version, _, rest = self._line().partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise BrokenAnswerError("this is no HTTP answer")
        return int(rest[:3]), version

    def _fields(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        for _ in range(_MAX_FIELDS):
            line = self._line()
            if not line:
                return fields
            name, _, value = line.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        raise BrokenAnswerError("the answer has too many header fields")

    def _body(self, fields: dict[str, str]) -> bytes:
        if fields.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = fields.get("content-length")
        if length is None:
            self.stays_open = False
            return self._reader.read()
        return self._octets(_number(length, 10))

    def _chunks(self) -> bytes:
        parts = list[bytes]()
        while size := _number(self._line().partition(b";")[0].decode("latin-1"), 16):
            parts.append(self._octets(size))
            self._line()
        self._fields()  # the trailer section
        return b"".join(parts)

    def _octets(self, count: int) -> bytes:
        octets = self._reader.read(count)
        if len(octets) != count:
            raise BrokenAnswerError("the answer has ended too soon")
        return octets

    def _line(self) -> bytes:
        line = self._reader.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            raise BrokenAnswerError("the answer has ended too soon" if line else "there was no answer")
        return line.rstrip(b"\r\n")


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise BrokenAnswerError("the answer does not say how long it is")
    return number
