"""What a client of a standard door offers (WHIP, RFC 9725; WHEP): the m-lines of its SDP, as far as a room must know.

The media node reads the whole SDP and is the judge of it. Here stands what is needed before it: which m-lines are to
carry media, and what their tracks are in the room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from contracts.client_commands import PublishedTrack
from contracts.error_codes import ErrorCode
from contracts.rooms import TrackKind, TrackSource
from signaling_gateway.errors import Refusal

_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_ICE = re.compile(r"[A-Za-z0-9+/=_\-]{4,256}")
_CAMERA = {TrackKind.AUDIO: TrackSource.MICROPHONE, TrackKind.VIDEO: TrackSource.CAMERA}
_SCREEN = {TrackKind.AUDIO: TrackSource.SCREEN_AUDIO, TrackKind.VIDEO: TrackSource.SCREEN}


class OfferedSection(Struct, frozen=True, kw_only=True):
    """An m-line for audio or video. ``direction`` as RFC 8866, 6.7, seen by the client."""

    kind: TrackKind
    mid: str
    direction: str


class IceFragment(Struct, frozen=True, kw_only=True):
    """An SDP fragment (RFC 8840, 9): the client's ICE credentials, if it says them, and the m-line it speaks of."""

    ufrag: str | None
    pwd: str | None
    head: tuple[str, ...]
    """The first m-line and its a=mid, as they stand there."""


def offered_sections(sdp: str) -> tuple[OfferedSection, ...]:
    """The audio and video m-lines in use.

    Raises:
        Refusal: one has no a=mid (``bad_sdp``).
    """
    session, *blocks = re.split(r"^(?=m=)", sdp.replace("\r\n", "\n"), flags=re.MULTILINE)
    default = _direction(session.split("\n"), "sendrecv")
    return tuple(_sections(blocks, default))


def _sections(blocks: Iterable[str], default: str) -> Iterator[OfferedSection]:
    for block in blocks:
        lines = block.rstrip("\n").split("\n")
        kind, _, rest = lines[0].removeprefix("m=").partition(" ")
        if kind not in set(TrackKind) or (rest.startswith("0 ") and "a=bundle-only" not in lines):
            continue
        mid = _value(lines, "a=mid:")
        if mid is None:
            raise Refusal(ErrorCode.BAD_SDP, "Every m-line needs an a=mid.")
        yield OfferedSection(kind=TrackKind(kind), mid=mid, direction=_direction(lines, default))


def streamed_tracks(sections: Iterable[OfferedSection], *, screen: bool) -> tuple[PublishedTrack, ...]:
    """The tracks that an offer sends: at most one of each kind (RFC 9725, 4.4.2), as a camera's or as a screen's.

    Raises:
        Refusal: it sends none, or several of one kind (``bad_sdp``).
    """
    sending = [section for section in sections if section.direction in {"sendonly", "sendrecv"}]
    if not sending:
        raise Refusal(ErrorCode.BAD_SDP, "The offer sends no audio and no video.")
    if len({section.kind for section in sending}) < len(sending):
        raise Refusal(ErrorCode.BAD_SDP, "A stream has one audio and one video track at most.")
    sources = _SCREEN if screen else _CAMERA
    return tuple(PublishedTrack(mid=section.mid, source=sources[section.kind]) for section in sending)


def ice_fragment(text: str) -> IceFragment:
    """The fragment that a client sends with PATCH.

    Raises:
        Refusal: its credentials are malformed, or one stands without the other (``bad_sdp``).
    """
    lines = [line.strip() for line in text.split("\n")]
    ufrag, pwd = _value(lines, "a=ice-ufrag:"), _value(lines, "a=ice-pwd:")
    given = [each for each in (ufrag, pwd) if each is not None]
    if len(given) == 1 or not all(_ICE.fullmatch(each) for each in given) or (pwd is not None and len(pwd) < 22):
        raise Refusal(ErrorCode.BAD_SDP, "a=ice-ufrag and a=ice-pwd of the fragment are not right (RFC 8839, 5.4).")
    heads = [next((line for line in lines if line.startswith(start)), None) for start in ("m=", "a=mid:")]
    return IceFragment(ufrag=ufrag, pwd=pwd, head=tuple(head for head in heads if head is not None))


def ice_ufrag(sdp: str) -> str | None:
    """The first ICE user name fragment of a description."""
    return _value([line.strip() for line in sdp.split("\n")], "a=ice-ufrag:")


def _value(lines: Iterable[str], start: str) -> str | None:
    return next((line.removeprefix(start).strip() for line in lines if line.startswith(start)), None)


def _direction(lines: Iterable[str], default: str) -> str:
    said = (line.removeprefix("a=").strip() for line in lines)
    return next((each for each in said if each in _DIRECTIONS), default)
