"""A WebRTC endpoint without a browser's costs: ICE and DTLS as usual, then a bare socket.

It controls (RFC 8445, 6.1.1): the server is ICE-lite. Only while it connects does it live in the event loop; after that
a sender's packets are protected and sent, and a viewer's are counted, by plain calls on its socket.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import Callable
from typing import Any

from aioice import stun
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM as GCM
from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from msgspec import Struct

ADDRESS = "10.77.0.1"
"""Of both ends, in a network namespace of their own: Janus takes no candidates on loopback."""
TIMEOUT_S = 10
_BUFFER = 8 * 1024 * 1024
_FIRST_BYTE_OF_DTLS = range(20, 64)
"""RFC 7983."""
_BINDING_REQUEST, _BINDING_SUCCESS = b"\0\1", b"\1\1"


class ServerEnd(Struct, frozen=True, kw_only=True):
    """What a server's SDP says of its end."""

    address: tuple[str, int]
    ufrag: str
    pwd: str
    fingerprint: str

    @classmethod
    def of(cls, sdp: str) -> ServerEnd:
        """Raises `ValueError` when something is missing, or there is no UDP candidate at `ADDRESS`."""

        def value(pattern: str) -> str:
            found = re.search(pattern, sdp, re.MULTILINE | re.IGNORECASE)
            if found is None:
                raise ValueError(f"the SDP has nothing like {pattern}")
            return found[1].strip()

        port = value(rf"^a=candidate:\S+ 1 udp \d+ {re.escape(ADDRESS)} (\d+) ")
        return cls(
            address=(ADDRESS, int(port)),
            ufrag=value(r"^a=ice-ufrag:(\S+)"),
            pwd=value(r"^a=ice-pwd:(\S+)"),
            fingerprint=value(r"^a=fingerprint:sha-256 (\S+)"),
        )


class Endpoint:
    """One socket and what it takes to connect it. All share one certificate."""

    def __init__(self, certificate: RTCCertificate) -> None:
        self.ufrag, self.pwd = secrets.token_hex(4), secrets.token_hex(12)
        self._certificate = certificate
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self.socket.bind((ADDRESS, 0))
        self.socket.setblocking(False)
        self.srtp_out: Any = None
        """pylibsrtp's session of what is sent."""
        self.srtp_in: Any = None

    @property
    def transport_lines(self) -> list[str]:
        """Its ICE and DTLS lines in an offer or answer."""
        fingerprint = next(each for each in self._certificate.getFingerprints() if each.algorithm == "sha-256")
        return [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.pwd}",
            f"a=fingerprint:sha-256 {fingerprint.value}",
            "a=setup:active",
            "a=rtcp-mux",
        ]

    async def connect(self, server: ServerEnd) -> None:
        """Checks, nominates, and runs the handshake.

        Raises:
            TimeoutError: the server does not answer.
        """
        self.socket.connect(server.address)
        async with asyncio.timeout(TIMEOUT_S):
            await self._check(server)
            await self._handshake(server)

    async def _check(self, server: ServerEnd) -> None:
        loop = asyncio.get_running_loop()
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{server.ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = 0x7E0000FF
        request.attributes["ICE-CONTROLLING"] = secrets.randbits(63)
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(server.pwd.encode())
        request.add_fingerprint()
        await loop.sock_sendall(self.socket, bytes(request))
        while (datagram := await loop.sock_recv(self.socket, 2048))[:2] != _BINDING_SUCCESS:
            self._answer_check(datagram)

    def _answer_check(self, datagram: bytes) -> None:
        """Janus, though lite, checks as well, and begins when it is answered."""
        if datagram[:2] != _BINDING_REQUEST:
            return
        request = stun.parse_message(datagram)
        answer = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        answer.attributes["XOR-MAPPED-ADDRESS"] = self.socket.getpeername()
        answer.add_message_integrity(self.pwd.encode())
        answer.add_fingerprint()
        self.socket.send(bytes(answer))

    async def _handshake(self, server: ServerEnd) -> None:
        path = _Path(self.socket, self._answer_check)
        transport = RTCDtlsTransport(path, [self._certificate])  # type: ignore[arg-type]  # quacks like one
        transport._srtp_profiles = [GCM]  # noqa: SLF001
        transport._set_role("client")  # noqa: SLF001
        fingerprint = RTCDtlsFingerprint(algorithm="sha-256", value=server.fingerprint)
        await transport.start(RTCDtlsParameters(fingerprints=[fingerprint]))
        if transport.state != "connected":
            raise ConnectionError("the DTLS handshake failed")
        self.srtp_out, self.srtp_in = transport._tx_srtp, transport._rx_srtp  # noqa: SLF001
        path.leave_to_others()
        self._transport = transport  # the association stands as long as this is referred to


class _Path:
    """Stands where aiortc expects an `RTCIceTransport`."""

    role = "controlling"
    state = "completed"

    def __init__(self, sock: socket.socket, other: Callable[[bytes], None]) -> None:
        self._socket = sock
        self._other = other
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(sock, self._read)

    def leave_to_others(self) -> None:
        """From now on somebody else reads the socket."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._waiting.put_nowait(None)

    def _read(self) -> None:
        datagram = self._socket.recv(2048)
        if datagram[0] in _FIRST_BYTE_OF_DTLS:
            self._waiting.put_nowait(datagram)
        else:
            self._other(datagram)

    async def _recv(self) -> bytes:
        datagram = await self._waiting.get()
        if datagram is None:
            raise ConnectionError("somebody else reads the socket now")
        return datagram

    async def _send(self, datagram: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, datagram)
