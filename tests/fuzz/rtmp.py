"""Fuzzes what a media node reads of those who publish by RTMP: `python -m tests.fuzz.rtmp CORPUS -max_total_time=10`.

Invariant: whatever comes, in whatever pieces, is refused with a `RtmpError` or read; nothing is a piece of a stream
before somebody was let in; another process can go on with the connection at any time; and what waits is bounded.

Coverage-guided, by atheris. The seed is what an encoder says.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["media_fleet.rtmp"]):
    from media_fleet.rtmp.messages import Kind, Message, RtmpError, chunks, encoded
    from media_fleet.rtmp.session import MOST_BEFORE, MOST_OCTETS, Phase, Publishing, RtmpSession

from media_fleet.rtmp.session import handed_over, taken_over

HANDSHAKE = b"\x03" + bytes(2 * 1_536)
RANDOM = bytes(1_528)
WISH = b"".join(
    chunks(Message(Kind.COMMAND, 0, 0, encoded([name, 1.0, None, "key"])), 3, 128)
    for name in ("connect", "createStream", "publish")
)
STREAM = b"".join(chunks(Message(kind, 1, 20, bytes(200)), 4, 128) for kind in (Kind.PICTURE, Kind.SOUND, Kind.DATA))


def one_input(data: bytes) -> None:
    """Raises what breaks the invariant. The first octet says in which pieces the rest comes."""
    session, size = RtmpSession(), 1 + data[0] if data else 1
    list(session.receive(HANDSHAKE, RANDOM))
    try:
        for at in range(1, len(data), size):
            before = session.phase
            for event in session.receive(data[at : at + size], RANDOM):
                assert before is Phase.PUBLISHING or isinstance(event, Publishing)
            if session.phase is Phase.ASKED:
                session = taken_over(handed_over(session))
                list(session.accept())
            session.to_send()
    except RtmpError:
        return
    held = sum(len(each.come) for each in session.chunks.channels.values())
    assert held <= 64 * MOST_OCTETS
    assert session.phase is Phase.PUBLISHING or session.received <= MOST_BEFORE or session.phase is Phase.OVER


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "encoder").write_bytes(b"\xff" + WISH + STREAM)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
