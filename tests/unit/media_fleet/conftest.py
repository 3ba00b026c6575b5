"""Clients as rooms see them: offers and answers built from data, and captured ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from contracts.rooms import MeetingId
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain.media_formats import DEPENDENCY_DESCRIPTOR, MID, RID, TRANSPORT_CC
from media_fleet.domain.room import Room
from media_fleet.domain.sdp_writer import write
from media_fleet.domain.session_description import (
    Direction,
    Fingerprint,
    HeaderExtension,
    IceCredentials,
    MediaSection,
    PayloadFormat,
    SessionDescription,
    Setup,
)
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.domain.transport_parameters import NodeEnd, host_candidates

DATA = Path(__file__).parent / "data"


class CountingRandomness:
    """The same numbers in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def ice_credentials(self) -> IceCredentials:
        number = next(self._numbers)
        return IceCredentials(ufrag=f"{number:024x}", pwd=f"{number:048x}")

    def ssrc(self) -> int:
        return 1000 + next(self._numbers)

    def session_id(self) -> str:
        return str(7000 + next(self._numbers))


OPUS = PayloadFormat(
    payload_type=111,
    name="opus",
    clock_rate=48_000,
    channels=2,
    parameters=(("minptime", "10"), ("useinbandfec", "1")),
    feedback=("transport-cc",),
)
VP8 = PayloadFormat(
    payload_type=96,
    name="VP8",
    clock_rate=90_000,
    feedback=("transport-cc", "ccm fir", "nack", "nack pli"),
)
RTX = PayloadFormat(payload_type=97, name="rtx", clock_rate=90_000, parameters=(("apt", "96"),))


class FakeClient:
    """What a browser writes, by the rules that matter to a node."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.connection = 1
        self.ice_restarts = 0

    def section(
        self,
        mid: str,
        kind: str = "video",
        *,
        direction: Direction = Direction.SENDONLY,
        setup: Setup = Setup.ACTPASS,
        rids: tuple[str, ...] = (),
        formats: tuple[PayloadFormat, ...] | None = None,
        port: int = 9,
    ) -> MediaSection:
        formats = formats if formats is not None else ((OPUS,) if kind == "audio" else (VP8, RTX))
        return MediaSection(
            kind=kind,
            port=port,
            protocol="UDP/TLS/RTP/SAVPF",
            fmts=tuple(str(f.payload_type) for f in formats),
            mid=mid,
            direction=direction,
            rtcp_mux=True,
            rtcp_rsize=True,
            ice=IceCredentials(ufrag=f"ufrag{self.connection}{self.ice_restarts}", pwd="p" * 24),
            fingerprints=(Fingerprint(algorithm="sha-256", value=f"AA:{self.connection:02X}"),),
            setup=setup,
            formats=formats,
            extensions=(
                HeaderExtension(id=4, uri=MID),
                HeaderExtension(id=3, uri=TRANSPORT_CC),
                *((HeaderExtension(id=12, uri=DEPENDENCY_DESCRIPTOR),) if kind == "video" else ()),
                *((HeaderExtension(id=10, uri=RID),) if rids else ()),
            ),
            send_rids=rids,
        )

    def data_section(self, mid: str, *, port: int = 9) -> MediaSection:
        return MediaSection(
            kind="application",
            port=port,
            protocol="UDP/DTLS/SCTP",
            fmts=("webrtc-datachannel",),
            mid=mid,
            ice=IceCredentials(ufrag=f"ufrag{self.connection}{self.ice_restarts}", pwd="p" * 24),
            fingerprints=(Fingerprint(algorithm="sha-256", value=f"AA:{self.connection:02X}"),),
            setup=Setup.ACTPASS,
            sctp_port=5000,
            max_message_size=262_144,
        )

    def description(self, sections: Iterable[MediaSection]) -> SessionDescription:
        media = tuple(sections)
        return SessionDescription(
            session_id=f"{self.name}{self.connection}",
            session_version=2,
            bundle=tuple(section.mid for section in media if section.in_use),
            media=media,
        )

    def answer(self, offer: str, refuse: Iterable[str] = ()) -> SessionDescription:
        """Takes everything of the node's offer but the m-lines in ``refuse``."""
        refused = set(refuse)
        sections = []
        for offered in parse(offer).media:
            if offered.mid in refused or not offered.in_use:
                rejected = MediaSection(
                    kind=offered.kind, port=0, protocol=offered.protocol, fmts=offered.fmts, mid=offered.mid
                )
                sections.append(rejected)
                continue
            section = self.section(
                offered.mid,
                offered.kind,
                direction=offered.direction.reversed,
                setup=Setup.ACTIVE,
                formats=offered.formats,
            )
            sections.append(msgspec_replace(section, extensions=offered.extensions))
        return self.description(sections)


def msgspec_replace(section: MediaSection, **changes: object) -> MediaSection:
    import msgspec

    return msgspec.structs.replace(section, **changes)


@pytest.fixture
def captured() -> Callable[[str], str]:
    """The SDP that a real Chromium 156 wrote, by its name in tests/unit/media_fleet/data."""
    return lambda name: (DATA / name).read_bytes().decode()


@pytest.fixture
def new_client() -> type[FakeClient]:
    return FakeClient


@pytest.fixture
def client() -> FakeClient:
    return FakeClient("client")


@pytest.fixture
def randomness() -> CountingRandomness:
    return CountingRandomness()


@pytest.fixture
def node_end() -> NodeEnd:
    return NodeEnd(
        candidates=host_candidates(["192.0.2.1", "2001:db8::1"], 5004),
        fingerprints=(Fingerprint(algorithm="sha-256", value="12:34:AB"),),
    )


@pytest.fixture
def new_room(node_end: NodeEnd) -> Callable[[], Room]:
    places = TranscoderPlaces(video=2, sound=2)
    return lambda: Room(MeetingId("m1"), node=node_end, randomness=CountingRandomness(), transcoder_places=places)


@pytest.fixture
def rewritten() -> Callable[[SessionDescription], SessionDescription]:
    """What is left of a description after it has been written and read."""
    return lambda description: parse(write(description))
