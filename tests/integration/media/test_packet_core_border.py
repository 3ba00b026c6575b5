"""The packet core as Python sees it: real sockets, STUN by aioice, SRTP by pylibsrtp."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aioice import stun
from packet_core import DtlsReceived, LayerStarted, PacketCore, PacketCoreError, TransportConnected
from pylibsrtp import Policy, Session

if TYPE_CHECKING:
    from packet_core import SrtpProfile

ROOT = Path(__file__).parents[3]
TIMEOUT = 10
UFRAG, PWD = "abcd", "a-password-without-dashes".replace("-", "x")
DTLS = bytes([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9])
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
PROFILES: dict[SrtpProfile, tuple[int, int]] = {
    "AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 12),
    "SRTP_AES128_CM_HMAC_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 14),
}


@pytest.fixture
def core() -> Iterator[PacketCore]:
    core = PacketCore(bind_addresses=["127.0.0.1"], port=0, tcp_port=0)
    yield core
    core.close()


def test_a_link_is_refused_where_it_can_never_be_right(core: PacketCore) -> None:
    right = {
        "thread": 0,
        "address": "192.0.2.1",
        "port": 5000,
        "peer_thread": 0,
        "receive_key": bytes(16),
        "receive_salt": bytes(12),
        "send_key": bytes(16),
        "send_salt": bytes(12),
    }
    for wrong in (
        {"thread": 1},
        {"address": "node-1"},
        {"port": 0},
        {"send_key": b"short"},
        {"receive_salt": bytes(14)},
    ):
        with pytest.raises(ValueError, match=r"thread|IP address|port|16 bytes|12 bytes"):
            core.add_link(**{**right, **wrong})  # type: ignore[arg-type]
    link = core.add_link(**right)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 to 8 layers"):
        core.add_relayed_track(link, kind="video", codec="VP8", clock_rate=90_000, ssrcs=[])
    core.add_link(**right)  # type: ignore[arg-type]
    assert core.stats().transports == 1, "one link for each address"
    core.remove_transport(link)
    assert core.stats().transports == 0


class Peer:
    """A socket, and after `connect` a transport of the core with its SRTP sessions."""

    def __init__(self, core: PacketCore, ufrag: str = UFRAG) -> None:
        self.core = core
        self.ufrag = ufrag
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(("127.0.0.1", core.local_port))
        self.transport = core.add_transport(ice_ufrag=ufrag, ice_pwd=PWD)

    def check(self, *, pwd: str = PWD, ufrag: str | None = None) -> stun.Message:
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{ufrag or self.ufrag}:peer"
        request.attributes["PRIORITY"] = 1845494271
        request.attributes["ICE-CONTROLLING"] = 1
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(pwd.encode())
        request.add_fingerprint()
        self.send(bytes(request))
        return request

    def send(self, datagram: bytes) -> None:
        self.socket.send(datagram)

    def connect(self) -> stun.Message:
        self.check()
        return stun.parse_message(self.socket.recv(2048))

    def set_keys(self, profile: SrtpProfile) -> tuple[Session, Session]:
        """What the peer sends with, and what it receives with."""
        libsrtp, salt_length = PROFILES[profile]
        up, down = (bytes([n]) * 16 for n in (1, 2))
        up_salt, down_salt = (bytes([n]) * salt_length for n in (3, 4))
        self.core.set_srtp_keys(
            self.transport,
            profile=profile,
            receive_key=up,
            receive_salt=up_salt,
            send_key=down,
            send_salt=down_salt,
        )
        sends = Policy(key=up + up_salt, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=libsrtp)
        receives = Policy(key=down + down_salt, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=libsrtp)
        return Session(sends), Session(receives)


class TcpPeer(Peer):
    """The same on a connection: datagrams in frames (RFC 4571)."""

    def __init__(self, core: PacketCore) -> None:
        super().__init__(core)
        self.socket.close()
        self.socket = socket.create_connection(("127.0.0.1", core.local_tcp_port or 0), timeout=TIMEOUT)

    def send(self, datagram: bytes) -> None:
        self.socket.sendall(len(datagram).to_bytes(2, "big") + datagram)

    def receive(self) -> bytes:
        length = int.from_bytes(self.socket.recv(2, socket.MSG_WAITALL), "big")
        return self.socket.recv(length, socket.MSG_WAITALL)


@pytest.fixture
def peer(core: PacketCore) -> Iterator[Peer]:
    peer = Peer(core)
    yield peer
    peer.socket.close()


def wait_for(core: PacketCore, kind: type[Any]) -> Any:
    """The next event of a kind; others before it are left out."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        select.select([core.event_fd()], [], [], deadline - time.monotonic())
        for event in core.drain_events():
            if isinstance(event, kind):
                return event
    pytest.fail(f"no {kind.__name__}")


def test_the_document_of_the_border_is_true_of_the_built_module(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    # Names for types, which only the document has; and the compiled module inside the package.
    allowed.write_text("packet_core.(Codec|Event|Kind|SrtpProfile|__all__)\npacket_core.packet_core\n")
    command = [sys.executable, "-m", "mypy.stubtest", "packet_core", "--allowlist", str(allowed)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 0, run.stdout + run.stderr
    written = (ROOT / "media_fleet/packet_core/packet_core.pyi").read_text()
    import packet_core

    assert Path(packet_core.__file__ or "").with_name("__init__.pyi").read_text() == written


def test_an_authentic_check_is_answered_as_ice_demands(core: PacketCore, peer: Peer) -> None:
    request = peer.check()
    answer = stun.parse_message(peer.socket.recv(2048))
    assert answer.transaction_id == request.transaction_id
    assert answer.message_class == stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == peer.socket.getsockname()
    assert answer.check_message_integrity(PWD.encode())
    connected = wait_for(core, TransportConnected)
    assert (connected.transport, connected.protocol) == (peer.transport, "udp")
    assert (connected.address, connected.port) == peer.socket.getsockname()


def test_a_connection_takes_the_place_of_udp(core: PacketCore) -> None:
    peer = TcpPeer(core)
    request = peer.check()
    answer = stun.parse_message(peer.receive())
    assert answer.transaction_id == request.transaction_id
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == peer.socket.getsockname()
    connected = wait_for(core, TransportConnected)
    assert (connected.transport, connected.protocol) == (peer.transport, "tcp")
    peer.send(DTLS)
    assert wait_for(core, DtlsReceived).data == DTLS
    core.send_dtls(peer.transport, [DTLS, DTLS[::-1]])
    assert [peer.receive(), peer.receive()] == [DTLS, DTLS[::-1]]
    assert core.stats().connections == 1
    peer.socket.close()
    deadline = time.monotonic() + TIMEOUT
    while core.stats().connections and time.monotonic() < deadline:
        pass  # each question is answered after what has come meanwhile
    assert (core.stats().connections, core.stats().connections_refused) == (0, 0)


def test_another_protocol_on_the_tcp_port_is_hung_up_on(core: PacketCore) -> None:
    with socket.create_connection(("127.0.0.1", core.local_tcp_port or 0), timeout=TIMEOUT) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: media\r\n\r\n")
        assert browser.recv(100) == b""


def test_a_role_conflict_is_answered_with_487(peer: Peer) -> None:
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{UFRAG}:peer"
    request.attributes["ICE-CONTROLLED"] = 1
    request.add_message_integrity(PWD.encode())
    peer.socket.send(bytes(request))
    answer = stun.parse_message(peer.socket.recv(2048))
    assert (answer.message_class, answer.error_code) == (stun.Class.ERROR, 487)


def test_forged_checks_are_counted_and_not_answered(core: PacketCore, peer: Peer) -> None:
    peer.check(pwd="another-password-of-that-length")
    peer.check(ufrag="nobody")
    peer.connect()
    stats = core.stats()
    assert (stats.dropped_stun_integrity, stats.dropped_unknown_address, stats.stun_answered) == (1, 1, 1)


def test_dtls_goes_up_and_down(core: PacketCore, peer: Peer) -> None:
    peer.socket.send(DTLS)
    peer.connect()
    assert core.stats().dropped_unknown_address == 1
    peer.socket.send(DTLS)
    received = wait_for(core, DtlsReceived)
    assert (received.transport, received.data) == (peer.transport, DTLS)
    core.send_dtls(peer.transport, [DTLS, DTLS + b"second"])
    assert [peer.socket.recv(2048) for _ in range(2)] == [DTLS, DTLS + b"second"]


@pytest.mark.parametrize("profile", PROFILES)
def test_sound_protected_by_libsrtp_arrives_for_libsrtp(core: PacketCore, profile: SrtpProfile) -> None:
    speaker, listener = Peer(core, "speaker"), Peer(core, "listener")
    speaker.connect()
    listener.connect()
    sends, _ = speaker.set_keys(profile)
    _, receives = listener.set_keys(profile)
    track = core.add_track(
        speaker.transport,
        kind="audio",
        codec="opus",
        mid="0",
        payload_type=111,
        rtx_payload_type=None,
        clock_rate=48_000,
        rids=[],
        ssrc=77,
        rtx_ssrc=None,
        extensions={MID: 1},
        transport_cc=False,
        nack=False,
    )
    subscription = core.add_subscription(
        listener.transport,
        track,
        mid="5",
        ssrc=99,
        rtx_ssrc=None,
        payload_type=109,
        rtx_payload_type=None,
        cname="speaker",
        extensions={MID: 4},
    )
    for number in range(65_500, 65_600):  # over the wrap: the rollover counter is part of the protection
        header = bytes([0x80, 111]) + (number & 0xFFFF).to_bytes(2, "big") + (number * 960).to_bytes(4, "big")
        speaker.socket.send(sends.protect(header + (77).to_bytes(4, "big") + b"sound %d" % number))
    for number in range(65_500, 65_600):
        packet = receives.unprotect(listener.socket.recv(2048))
        assert packet[:2] == bytes([0x90, 109])
        assert packet[8:20] == (99).to_bytes(4, "big") + bytes([0xBE, 0xDE, 0, 1, 4 << 4, ord("5"), 0, 0])
        assert packet[20:] == b"sound %d" % number
    assert wait_for(core, LayerStarted).track == track
    stats = core.subscription_stats(subscription)
    assert stats is not None
    assert (stats.layer, stats.packets_sent) == (0, 100)
    assert [layer.ssrc for layer in core.track_stats(track)] == [77]
    for peer in (speaker, listener):
        peer.socket.close()


WRONG: dict[str, Callable[[PacketCore], object]] = {
    "ufrag too short": lambda core: core.add_transport(ice_ufrag="abc", ice_pwd=PWD),
    "ufrag of other characters": lambda core: core.add_transport(ice_ufrag="ab:cd", ice_pwd=PWD),
    "password too short": lambda core: core.add_transport(ice_ufrag="efgh", ice_pwd="short"),
    "ufrag in use": lambda core: [core.add_transport(ice_ufrag="used", ice_pwd=PWD) for _ in range(2)],
    "key of wrong length": lambda core: core.set_srtp_keys(
        1,
        profile="AEAD_AES_128_GCM",
        receive_key=b"",
        receive_salt=bytes(12),
        send_key=bytes(16),
        send_salt=bytes(12),
    ),
    "salt of the other profile": lambda core: core.set_srtp_keys(
        1,
        profile="AEAD_AES_128_GCM",
        receive_key=bytes(16),
        receive_salt=bytes(14),
        send_key=bytes(16),
        send_salt=bytes(14),
    ),
    "empty DTLS datagram": lambda core: core.send_dtls(1, [b""]),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_what_can_never_be_right_raises_at_the_call(core: PacketCore, call: Callable[[PacketCore], object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        call(core)


def test_late_commands_are_counted_and_ignored(core: PacketCore, peer: Peer) -> None:
    core.remove_transport(peer.transport)
    core.send_dtls(peer.transport, [DTLS])
    core.set_paused(12345, paused=True)
    core.remove_track(12345)
    assert core.stats().commands_ignored == 3
    assert core.track_stats(12345) == []
    assert core.subscription_stats(12345) is None
    assert core.stats().transports == 0


def test_a_ufrag_is_free_again_when_its_transport_is_removed(core: PacketCore, peer: Peer) -> None:
    core.remove_transport(peer.transport)
    core.add_transport(ice_ufrag=UFRAG, ice_pwd=PWD)
    peer.connect()


def test_an_address_in_use_is_named(core: PacketCore) -> None:
    with pytest.raises(PacketCoreError, match=f"127.0.0.1:{core.local_port}"):
        PacketCore(bind_addresses=["127.0.0.1"], port=core.local_port)


def test_a_closed_core_says_so_and_closes_twice() -> None:
    core = PacketCore(bind_addresses=["127.0.0.1"], port=0)
    core.close()
    core.close()
    with pytest.raises(PacketCoreError, match="closed"):
        core.stats()
    with pytest.raises(PacketCoreError, match="closed"):
        core.drain_events()
