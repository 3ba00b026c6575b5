"""The border to aiortc: the one module that touches names which aiortc does not promise to keep.

aiortc's `RTCDtlsTransport` runs the DTLS handshake of a transport whose packets the packet core sends and receives. It
is given a transport of our own instead of an `RTCIceTransport`, and hands the exported keys out instead of making SRTP
sessions of them. What we rely on beyond the public API:

===========================================  ====================================================================
`RTCDtlsTransport._set_role(role)`           we are the server (a=setup:passive), or the client if the peer is that
`RTCDtlsTransport._srtp_profiles`            the SRTP profiles offered, in order of preference
`RTCDtlsTransport._setup_srtp()`             called after the fingerprint check, before ``connected``; overridden
`RTCDtlsTransport._ssl`                      pyOpenSSL connection: selected profile and key export
`RTCDtlsTransport._set_state(State)`         to fail the transport from within `_setup_srtp`
``transport._recv()``, ``transport._send()`` all that it calls on what is an `RTCIceTransport` elsewhere
`RTCCertificate._create_ssl_context()`       made once and shared: a context for each transport costs 60 KiB and 1 ms
===========================================  ====================================================================

``tests/unit/media_fleet/test_dtls_border.py`` names each of them and fails if a new release moves one. SRTP and SRTCP
never come here, so `_rx_srtp` and `_tx_srtp` stay None and `_send_rtp` must not be called.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from aiortc import rtcdtlstransport
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, State
from msgspec import Struct
from OpenSSL import SSL

from contracts.data_messages import Label
from media_fleet.domain.effects import SctpEnd
from media_fleet.domain.session_description import Fingerprint
from media_fleet.domain.token_bucket import TokenBucket
from media_fleet.sctp_border import DataChannels

SrtpProfileName = Literal["AEAD_AES_128_GCM", "SRTP_AES128_CM_HMAC_SHA1_80"]

_PROFILES: tuple[tuple[Any, SrtpProfileName], ...] = (
    (rtcdtlstransport.SRTP_AEAD_AES_128_GCM, "AEAD_AES_128_GCM"),
    (rtcdtlstransport.SRTP_AES128_CM_SHA1_80, "SRTP_AES128_CM_HMAC_SHA1_80"),
)
"""The server's order decides (RFC 5764, 4.1.2): GCM costs half of CM with HMAC."""
_EXPORTER = b"EXTRACTOR-dtls_srtp"
_MAX_WAITING_DATAGRAMS = 256
"""More than any handshake has, and a burst of data; what is dropped beyond, DTLS and SCTP send again."""
DATAGRAMS_AT_ONCE, DATAGRAMS_PER_S = 1_000, 1_000
"""Of one client. Decrypting takes Python; data channels within their limits stay below a third of this."""


class SrtpKeys(Struct, frozen=True, kw_only=True):
    """Master keys and salts (RFC 5764, 4.2), by direction as the node sees it. The repr shows none of them."""

    profile: SrtpProfileName
    receive_key: bytes
    receive_salt: bytes
    send_key: bytes
    send_salt: bytes

    def __repr__(self) -> str:
        return f"SrtpKeys(profile={self.profile!r})"


class NodeCertificate(RTCCertificate):
    """The certificate of a node, one for all its transports, with one TLS context."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return self._context

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """The SHA-256 fingerprint alone: every WebRTC client knows it (RFC 8122, 5)."""
        return tuple(
            Fingerprint(algorithm=fingerprint.algorithm, value=fingerprint.value)
            for fingerprint in self.getFingerprints()
            if fingerprint.algorithm == "sha-256"
        )


class _DatagramPath:
    """Stands where aiortc expects an `RTCIceTransport`."""

    role = "controlled"
    state = "completed"

    def __init__(self, send: Callable[[list[bytes]], None]) -> None:
        self._send_datagrams = send
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_WAITING_DATAGRAMS + 1)
        self._budget = TokenBucket(capacity=DATAGRAMS_AT_ONCE, rate=DATAGRAMS_PER_S, now=time.monotonic())
        self.began = asyncio.Event()
        """Set by the peer's first datagram."""
        self.found = asyncio.Event()
        """Set once datagrams can reach the peer."""

    def put(self, datagram: bytes) -> None:
        self.began.set()
        has_room = self._waiting.qsize() < _MAX_WAITING_DATAGRAMS
        if datagram and has_room and self._budget.take(1, time.monotonic()):
            self._waiting.put_nowait(datagram)

    def end(self) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(None)

    async def _recv(self) -> bytes:
        datagram = await self._waiting.get()
        if datagram is None:
            raise ConnectionError("The transport is closed.")
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self._send_datagrams([datagram])


class _KeyExportingTransport(RTCDtlsTransport):
    """An `RTCDtlsTransport` that exports the SRTP keys instead of using them."""

    def __init__(self, path: _DatagramPath, certificate: NodeCertificate) -> None:
        super().__init__(path, [certificate])  # type: ignore[arg-type]  # quacks like an RTCIceTransport
        self._srtp_profiles = [profile for profile, _ in _PROFILES]
        self._set_role("server")
        self._as_client = False
        self.keys: SrtpKeys | None = None

    def be_client(self) -> None:
        """Opens the handshake (a=setup:active) instead of waiting for it."""
        self._as_client = True
        self._set_role("client")

    def _setup_srtp(self) -> None:
        connection: Any = self._ssl
        selected = connection.get_selected_srtp_profile()
        chosen = next((entry for entry in _PROFILES if entry[0].openssl_profile == selected), None)
        if chosen is None:
            self._set_state(State.FAILED)
            return
        profile, name = chosen
        exported = connection.export_keying_material(_EXPORTER, 2 * (profile.key_length + profile.salt_length))
        client, server = (profile.get_key_and_salt(exported, index) for index in (0, 1))
        receive, send = (server, client) if self._as_client else (client, server)
        self.keys = SrtpKeys(
            profile=name,
            receive_key=receive[: profile.key_length],
            receive_salt=receive[profile.key_length :],
            send_key=send[: profile.key_length],
            send_salt=send[profile.key_length :],
        )


class DtlsAssociation:
    """The DTLS side of one transport: the server, unless it is started as the client.

    Datagrams may come before `start`: the client's first flight may overtake its fingerprint, and waits. ``on_keys`` is
    called once, after the peer's certificate has been checked; ``on_failed`` at most once, with a reason, when the
    handshake fails or the peer closes the association. Neither is called after `close`. ``handshake_timeout`` (seconds)
    runs from the peer's first datagram, for a client from `path_found`: before, ICE has not found a way and may yet.
    """

    def __init__(
        self,
        *,
        certificate: NodeCertificate,
        send: Callable[[list[bytes]], None],
        on_keys: Callable[[SrtpKeys], None],
        on_failed: Callable[[str], None],
        handshake_timeout: float,
    ) -> None:
        self._path = _DatagramPath(send)
        self._transport = _KeyExportingTransport(self._path, certificate)
        self._on_keys = on_keys
        self._on_failed = on_failed
        self._handshake_timeout = handshake_timeout
        self._task: asyncio.Task[None] | None = None
        self._data: DataChannels | None = None
        self._data_task: asyncio.Task[None] | None = None
        self._closed = False

    def receive(self, datagram: bytes) -> None:
        """A datagram of the peer."""
        self._path.put(datagram)

    def path_found(self) -> None:
        """ICE has found a way to the peer: a client begins."""
        self._path.found.set()

    def start(self, fingerprints: Sequence[Fingerprint], *, as_client: bool = False) -> None:
        """Runs the handshake with the peer whose certificate has these fingerprints (RFC 8122). Once."""
        if self._task is not None:
            raise RuntimeError("the handshake has been started already")
        if as_client:
            self._transport.be_client()
        remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm=f.algorithm, value=f.value) for f in fingerprints]
        )
        begin = self._path.found if as_client else self._path.began
        self._task = asyncio.get_running_loop().create_task(self._run(remote, begin))

    def carry_data(self, remote: SctpEnd, on_message: Callable[[Label, bytes], None]) -> DataChannels:
        """Lets data channels be opened as soon as the association stands (RFC 8261). Once."""
        if self._data is not None:
            raise RuntimeError("the association carries data already")
        self._data = DataChannels(self._transport, remote, on_message)
        if self._transport.state == "connected":
            self._start_data(self._data)
        return self._data

    async def close(self) -> None:
        """Tells the peer (close_notify) and ends all tasks."""
        self._closed = True
        if self._data_task is not None:
            await asyncio.gather(self._data_task, return_exceptions=True)
        if self._data is not None:
            await self._data.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._path.end()
        self._transport.remove_all_listeners()
        await self._transport.stop()

    async def _run(self, remote: RTCDtlsParameters, begin: asyncio.Event) -> None:
        reason = await self._handshake(remote, begin)
        if reason is None and self._transport.keys is not None:
            closed = asyncio.Event()
            self._transport.on("statechange", closed.set)
            self._on_keys(self._transport.keys)
            if self._data is not None and self._data_task is None:
                self._start_data(self._data)
            await closed.wait()
            if self._data is not None:
                await self._data.stop()
            reason = "the peer closed the DTLS association"
        if not self._closed:
            self._on_failed(reason or "the DTLS handshake failed")

    def _start_data(self, data: DataChannels) -> None:
        self._data_task = asyncio.get_running_loop().create_task(data.start())

    async def _handshake(self, remote: RTCDtlsParameters, begin: asyncio.Event) -> str | None:
        """Why the handshake failed; None if it has not."""
        await begin.wait()
        try:
            async with asyncio.timeout(self._handshake_timeout):
                await self._transport.start(remote)
        except TimeoutError:
            return f"the DTLS handshake did not end within {self._handshake_timeout:g} s"
        except SSL.Error as error:
            return f"the DTLS handshake failed: {error}"
        if self._transport.state != "connected":
            return "the DTLS handshake failed, or the certificate does not match a=fingerprint"
        return None
