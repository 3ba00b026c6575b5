"""The border to aiortc: the private names that we rely on are there, and keys come out right."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc import rtcdtlstransport
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport
from OpenSSL import SSL

from media_fleet.domain.session_description import Fingerprint
from media_fleet.dtls_border import NodeCertificate
from tests.doubles.dtls_pair import ClientPath, Pair

TIMEOUT = 10


@pytest.fixture(scope="module")
def certificate() -> NodeCertificate:
    return NodeCertificate.generateCertificate()


@pytest.fixture
async def pair(certificate: NodeCertificate) -> AsyncIterator[Pair]:
    pair = Pair(certificate)
    yield pair
    await pair.close()


def test_the_private_names_of_aiortc_that_we_use_are_there() -> None:
    transport: Any = RTCDtlsTransport(ClientPath(), [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
    problems = [
        name
        for name in (
            "_ssl",
            "_srtp_profiles",
            "_role",
            "_rx_srtp",
            "_tx_srtp",
            "_setup_srtp",
            "_set_state",
            "_set_role",
        )
        if not hasattr(transport, name)
    ]
    assert not problems, f"aiortc's RTCDtlsTransport has lost {problems}: mend media_fleet/dtls_border.py"
    source = inspect.getsource(RTCDtlsTransport.start)
    order = [source.find(call) for call in ("_do_handshake(", "_validate_peer_identity(", "_setup_srtp(", "CONNECTED")]
    assert -1 not in order, "RTCDtlsTransport.start no longer makes the calls that media_fleet/dtls_border.py overrides"
    assert order == sorted(order), "keys are exported before the fingerprint is checked: do not upgrade"
    parameters = inspect.signature(RTCCertificate._create_ssl_context).parameters
    assert list(parameters) == ["self", "srtp_profiles"], "NodeCertificate._create_ssl_context overrides another form"
    for name in ("SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80"):
        profile = getattr(rtcdtlstransport, name)
        assert profile.key_length == 16
        assert callable(profile.get_key_and_salt)
    assert {state.name for state in rtcdtlstransport.State} >= {"NEW", "CONNECTING", "CONNECTED", "CLOSED", "FAILED"}


@pytest.mark.parametrize(
    ("offered", "profile", "salt"),
    [
        ([rtcdtlstransport.SRTP_AES128_CM_SHA1_80, rtcdtlstransport.SRTP_AEAD_AES_128_GCM], "AEAD_AES_128_GCM", 12),
        ([rtcdtlstransport.SRTP_AES128_CM_SHA1_80], "SRTP_AES128_CM_HMAC_SHA1_80", 14),
    ],
)
async def test_both_sides_have_the_same_keys(pair: Pair, offered: list[Any], profile: str, salt: int) -> None:
    pair.client._srtp_profiles = offered
    pair.node.start(pair.client_fingerprints())
    await asyncio.wait_for(pair.start_client(), TIMEOUT)
    keys = await asyncio.wait_for(pair.keys.get(), TIMEOUT)
    assert pair.client.state == "connected"
    connection: Any = pair.client._ssl
    exported = connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (16 + salt))
    assert keys.profile == profile
    assert exported == keys.receive_key + keys.send_key + keys.receive_salt + keys.send_salt
    assert "key=" not in repr(keys)


async def test_the_node_is_the_client_of_a_peer_that_is_the_server(pair: Pair) -> None:
    pair.client._set_role("server")
    pair.node.start(pair.client_fingerprints(), as_client=True)
    server = asyncio.ensure_future(pair.start_client())
    assert pair.path.to_client.empty()
    pair.node.path_found()
    keys = await asyncio.wait_for(pair.keys.get(), TIMEOUT)
    await asyncio.wait_for(server, TIMEOUT)
    connection: Any = pair.client._ssl
    exported = connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (16 + 12))
    assert exported == keys.send_key + keys.receive_key + keys.send_salt + keys.receive_salt


async def test_a_first_flight_that_comes_before_the_fingerprint_waits(pair: Pair) -> None:
    client = asyncio.ensure_future(pair.start_client())
    await asyncio.sleep(0)
    pair.node.start(pair.client_fingerprints())
    await asyncio.wait_for(pair.keys.get(), TIMEOUT)
    await asyncio.wait_for(client, TIMEOUT)


async def test_a_wrong_fingerprint_gives_no_keys(pair: Pair) -> None:
    wrong = Fingerprint(algorithm="sha-256", value=":".join(["00"] * 32))
    pair.node.start([wrong])
    client = asyncio.ensure_future(pair.start_client())
    reason = await asyncio.wait_for(pair.failures.get(), TIMEOUT)
    assert "fingerprint" in reason
    assert pair.keys.empty()
    await asyncio.wait_for(client, TIMEOUT)


async def test_a_client_without_a_common_profile_gives_no_keys(pair: Pair) -> None:
    pair.client._srtp_profiles = [rtcdtlstransport.SRTP_AEAD_AES_256_GCM]
    pair.node.start(pair.client_fingerprints())
    client = asyncio.ensure_future(pair.start_client())
    await asyncio.wait_for(pair.failures.get(), TIMEOUT)
    assert pair.keys.empty()
    pair.path.to_client.put_nowait(None)
    await asyncio.wait_for(client, TIMEOUT)


async def test_a_handshake_that_gets_stuck_fails_in_time(certificate: NodeCertificate) -> None:
    pair = Pair(certificate, handshake_timeout=0.05)
    pair.node.start(pair.client_fingerprints())
    await asyncio.sleep(0.1)
    assert pair.failures.empty()
    pair.node.receive(b"\x16 neither a handshake nor anything else")
    assert "0.05 s" in await asyncio.wait_for(pair.failures.get(), TIMEOUT)
    await pair.close()


async def test_garbage_does_not_disturb_a_handshake(pair: Pair) -> None:
    pair.node.start(pair.client_fingerprints())
    for garbage in (b"", b"\x16", b"\x16\xfe\xff" + bytes(10), bytes([22]) * 100, b"\x80" * 50, b"\x14" * 2000):
        pair.node.receive(garbage)
    await asyncio.wait_for(pair.start_client(), TIMEOUT)
    await asyncio.wait_for(pair.keys.get(), TIMEOUT)


async def test_the_peers_close_is_told(pair: Pair) -> None:
    pair.node.start(pair.client_fingerprints())
    await asyncio.wait_for(pair.start_client(), TIMEOUT)
    await asyncio.wait_for(pair.keys.get(), TIMEOUT)
    await pair.client.stop()
    assert "closed" in await asyncio.wait_for(pair.failures.get(), TIMEOUT)


async def test_our_close_tells_the_peer_and_leaves_no_task(certificate: NodeCertificate) -> None:
    before = asyncio.all_tasks()
    pair = Pair(certificate)
    pair.node.start(pair.client_fingerprints())
    await asyncio.wait_for(pair.start_client(), TIMEOUT)
    await asyncio.wait_for(pair.keys.get(), TIMEOUT)
    closed = asyncio.Event()
    pair.client.on("statechange", closed.set)
    await pair.node.close()
    await asyncio.wait_for(closed.wait(), TIMEOUT)
    assert pair.client.state == "closed"
    assert pair.failures.empty()
    await pair.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_all_transports_share_one_tls_context(certificate: NodeCertificate) -> None:
    first = certificate._create_ssl_context([rtcdtlstransport.SRTP_AEAD_AES_128_GCM])
    assert certificate._create_ssl_context([]) is first
    assert isinstance(first, SSL.Context)
