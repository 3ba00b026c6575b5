"""The packet core's SRTP against libsrtp, both ways and in both profiles, over a wrap of the sequence numbers."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pylibsrtp
import pytest

pytestmark = pytest.mark.timeout(600)  # the first test builds the other end of the pipe
CORE = Path(__file__).parents[3] / "media_fleet" / "packet_core"
SSRC = 0x5EED_0001
WINDOW = 1024
KEY = bytes(range(16))
SALT = bytes(range(100, 114))
PROFILES = {
    # The profile's name: libsrtp's name for it, and the length of its salt.
    "AEAD_AES_128_GCM": (pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 12),
    "SRTP_AES128_CM_HMAC_SHA1_80": (pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 14),
}


class RefusedError(Exception):
    """The core's reason for refusing a packet."""


class Core:
    """The core's contexts for one master key, through a pipe."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _ask(self, line: str) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if answer.startswith("error "):
            raise RefusedError(answer.removeprefix("error "))
        assert answer, "the pipe has ended"
        return bytes.fromhex(answer)

    def protect_rtp(self, index: int, packet: bytes) -> bytes:
        return self._ask(f"protect_rtp {index} {packet.hex()}")

    def unprotect_rtp(self, packet: bytes) -> bytes:
        return self._ask(f"unprotect_rtp {packet.hex()}")

    def protect_rtcp(self, packet: bytes) -> bytes:
        return self._ask(f"protect_rtcp {packet.hex()}")

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        return self._ask(f"unprotect_rtcp {packet.hex()}")


class LibsrtpMaker(Protocol):
    def __call__(self, direction: int) -> pylibsrtp.Session: ...


@pytest.fixture(scope="module")
def pipe() -> Path:
    command = ["cargo", "build", "--locked", "--quiet", "--package", "parley-wire", "--example", "srtp_pipe"]
    done = subprocess.run([*command, "--message-format=json"], cwd=CORE, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return next(Path(message["executable"]) for message in messages if message.get("executable"))


@pytest.fixture(params=list(PROFILES))
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def core(pipe: Path, profile: str) -> Iterator[Core]:
    with subprocess.Popen([pipe], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(f"{profile} {KEY.hex()} {SALT[: PROFILES[profile][1]].hex()}\n")
        yield Core(process)
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.fixture
def libsrtp(profile: str) -> LibsrtpMaker:
    number, salt_length = PROFILES[profile]

    def make(direction: int) -> pylibsrtp.Session:
        policy = pylibsrtp.Policy(key=KEY + SALT[:salt_length], ssrc_type=direction, srtp_profile=number)
        policy.window_size = WINDOW
        policy.allow_repeat_tx = True
        return pylibsrtp.Session(policy)

    return make


@pytest.fixture
def sender(libsrtp: LibsrtpMaker) -> pylibsrtp.Session:
    return libsrtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)


@pytest.fixture
def receiver(libsrtp: LibsrtpMaker) -> pylibsrtp.Session:
    return libsrtp(pylibsrtp.Policy.SSRC_ANY_INBOUND)


def rtp(index: int, *, ssrc: int = SSRC) -> bytes:
    """A packet whose form (CSRCs, header extensions, length) follows from its index."""
    chance = random.Random(index)
    csrcs = chance.choice([0, 0, 0, 2])
    extension = chance.choice([b"", struct.pack("!HH8s", 0xBEDE, 2, chance.randbytes(8))])
    first = 0x80 | (0x10 if extension else 0) | csrcs
    header = struct.pack("!BBHII", first, 96, index & 0xFFFF, index * 3000 & 0xFFFFFFFF, ssrc)
    return header + chance.randbytes(4 * csrcs) + extension + chance.randbytes(chance.randrange(1200))


def report(number: int) -> bytes:
    """A receiver report with one block, and a picture loss indication."""
    blocks = struct.pack("!BBHII20x", 0x81, 201, 7, SSRC, number)
    return blocks + struct.pack("!BBHII", 0x81, 206, 2, SSRC, number)


def over_a_wrap() -> list[int]:
    """Indices around two wraps; packets are lost and overtake each other."""
    chance = random.Random(7)
    indices = [index for index in range(65_000, 132_000, 97) if chance.random() > 0.1]
    indices += list(range(65_500, 65_600)) + list(range(131_030, 131_110))
    return sorted(set(indices), key=lambda index: index + chance.randrange(300))


def refusal_of(action: Callable[[bytes], bytes], packet: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        action(packet)
    return str(refused.value)


def test_libsrtp_reads_what_the_core_protects_over_a_wrap(core: Core, receiver: pylibsrtp.Session) -> None:
    for index in over_a_wrap():
        packet = rtp(index)
        assert receiver.unprotect(core.protect_rtp(index, packet)) == packet


def test_the_core_reads_what_libsrtp_protects_over_a_wrap(core: Core, sender: pylibsrtp.Session) -> None:
    indices = over_a_wrap()
    # libsrtp counts the wraps itself, in order; the core gets the packets in disorder.
    protected = {index: sender.protect(rtp(index)) for index in sorted(indices)}
    for index in indices:
        assert core.unprotect_rtp(protected[index]) == rtp(index)


def test_both_protect_a_packet_alike(core: Core, sender: pylibsrtp.Session) -> None:
    for index in range(65_500, 65_580):
        assert core.protect_rtp(index, rtp(index)) == sender.protect(rtp(index))


def test_a_packet_from_before_the_wrap_is_protected_again_as_it_was(core: Core, receiver: pylibsrtp.Session) -> None:
    before = core.protect_rtp(65_530, rtp(65_530))
    for index in range(65_531, 65_600):
        receiver.unprotect(core.protect_rtp(index, rtp(index)))
    again = core.protect_rtp(65_530, rtp(65_530))
    assert again == before
    assert receiver.unprotect(again) == rtp(65_530)


def test_replayed_and_outdated_packets_are_refused(core: Core, sender: pylibsrtp.Session) -> None:
    protected = {index: sender.protect(rtp(index)) for index in range(65_000, 67_000)}
    for index in range(65_000, 67_000, 2):
        core.unprotect_rtp(protected[index])
    newest = 66_998
    for index in range(65_000, 67_000, 2):
        assert refusal_of(core.unprotect_rtp, protected[index]) == "Replayed"
    assert core.unprotect_rtp(protected[newest - WINDOW + 1]) == rtp(newest - WINDOW + 1)
    assert refusal_of(core.unprotect_rtp, protected[newest - WINDOW - 1]) == "Replayed"
    assert core.unprotect_rtp(protected[66_999]) == rtp(66_999)


def test_sources_are_counted_apart(core: Core, sender: pylibsrtp.Session) -> None:
    for index in range(65_530, 65_540):
        for ssrc in (SSRC, SSRC + 1):
            assert core.unprotect_rtp(sender.protect(rtp(index, ssrc=ssrc))) == rtp(index, ssrc=ssrc)


def test_changed_packets_are_refused_and_spoil_nothing(core: Core, sender: pylibsrtp.Session) -> None:
    chance = random.Random(3)
    for index in range(40, 60):
        protected = sender.protect(rtp(index))
        for _ in range(10):
            at = chance.randrange(2, len(protected))
            changed = bytearray(protected)
            changed[at] ^= 1 << chance.randrange(8)
            # A changed sequence number may look like a replay, a changed header like none at all.
            assert refusal_of(core.unprotect_rtp, bytes(changed)) in {"Authentication", "Replayed", "Malformed"}
        assert core.unprotect_rtp(protected) == rtp(index)


def test_rtcp_is_read_by_both_and_once(core: Core, sender: pylibsrtp.Session, receiver: pylibsrtp.Session) -> None:
    for number in range(50):
        assert receiver.unprotect_rtcp(core.protect_rtcp(report(number))) == report(number)
        protected = sender.protect_rtcp(report(number))
        assert core.unprotect_rtcp(protected) == report(number)
        assert refusal_of(core.unprotect_rtcp, protected) == "Replayed"
        changed = protected[:-1] + bytes([protected[-1] ^ 1])
        assert refusal_of(core.unprotect_rtcp, changed) in {"Authentication", "Replayed"}
