"""Fuzzes what a media node does with a client's SDP: `python -m tests.fuzz.sdp CORPUS -max_total_time=10`.

Invariant: any text is refused with a `MediaNodeError`, or is an offer that the room answers with SDP that our own
parser reads; and what is refused has changed nothing, so that the next good offer is answered as if it had never come.

Coverage-guided, by atheris. The seeds are offers of real browsers; the fuzzer's own findings are kept beside them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["media_fleet", "aiortc.sdp"]):
    from media_fleet.adapters.sdp_parser import MAX_PUBLISHING_SECTIONS, parse

from contracts.node_rpc import AssignedTrack
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.adapters.randomness import SystemRandomness
from media_fleet.domain.errors import MediaNodeError
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import Fingerprint, SessionDescription
from media_fleet.domain.transport_parameters import NodeEnd, host_candidates

SEEDS = Path(__file__).parents[1] / "unit" / "media_fleet" / "data"
NODE = NodeEnd(
    candidates=host_candidates(["192.0.2.1"], 7800), fingerprints=(Fingerprint(algorithm="sha-256", value="AA:BB"),)
)
GOOD = parse((SEEDS / "chromium-vp8.sdp").read_text())
ANN = ParticipantId("ann")


def assigned(offer: SessionDescription) -> tuple[AssignedTrack, ...]:
    """Every m-line of media is published."""
    sources = {"audio": TrackSource.MICROPHONE, "video": TrackSource.CAMERA}
    return tuple(
        AssignedTrack(mid=section.mid, track_id=TrackId(f"t{number}"), source=sources[section.kind])
        for number, section in enumerate(offer.media)
        if section.kind in sources
    )


def one_input(data: bytes) -> None:
    """Raises what breaks the invariant."""
    room = Room(MeetingId("m"), node=NODE, randomness=SystemRandomness())
    room.join(ANN, subscribe=True)
    try:
        offer = parse(data.decode("utf-8", "replace"), max_sections=MAX_PUBLISHING_SECTIONS)
        answered = room.publish(ANN, offer, assigned(offer), version=1)
    except MediaNodeError:
        pass
    else:
        parse(answered.sdp)
    room.publish(ANN, GOOD, assigned(GOOD), version=2)


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS.glob("*.sdp"):
        (corpus / seed.name).write_bytes(seed.read_bytes())
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
