"""A node's DTLS association and an aiortc client, joined by a path in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport

from media_fleet.domain.session_description import Fingerprint
from media_fleet.dtls_border import DtlsAssociation, NodeCertificate, SrtpKeys


class ClientPath:
    """The client's end of a path in memory."""

    role = "controlling"
    state = "completed"

    def __init__(self) -> None:
        self.to_client: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.deliver: Callable[[bytes], None] = lambda _datagram: None

    async def _recv(self) -> bytes:
        datagram = await self.to_client.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self.deliver(datagram)


class Pair:
    """A node's association and an aiortc client, joined in memory."""

    def __init__(self, certificate: NodeCertificate, *, handshake_timeout: float = 10) -> None:
        self.certificate = certificate
        self.path = ClientPath()
        self.client = RTCDtlsTransport(self.path, [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
        self.client._set_role("client")
        self.keys: asyncio.Queue[SrtpKeys] = asyncio.Queue()
        self.failures: asyncio.Queue[str] = asyncio.Queue()
        self.node = DtlsAssociation(
            certificate=certificate,
            send=self._to_client,
            on_keys=self.keys.put_nowait,
            on_failed=self.failures.put_nowait,
            handshake_timeout=handshake_timeout,
        )
        self.path.deliver = self.node.receive

    def _to_client(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.path.to_client.put_nowait(datagram)

    def client_fingerprints(self) -> tuple[Fingerprint, ...]:
        return tuple(
            Fingerprint(algorithm=f.algorithm, value=f.value) for f in self.client.getLocalParameters().fingerprints
        )

    async def start_client(self) -> None:
        remote = [RTCDtlsFingerprint(algorithm=f.algorithm, value=f.value) for f in self.certificate.fingerprints]
        await self.client.start(RTCDtlsParameters(fingerprints=remote))

    async def close(self) -> None:
        await self.node.close()
        self.path.to_client.put_nowait(None)
        await self.client.stop()
