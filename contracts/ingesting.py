"""Ingress: a stream from elsewhere that comes into a meeting as a participant, from an address or by RTMP.

What a gateway asks a media node for, and what the node tells of it.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class IngressKind(StrEnum):
    """Where an ingress's stream comes from."""

    URL = "url"
    """The node fetches it, by http or https, and plays it once."""
    RTMP = "rtmp"
    """Somebody sends it to the node by RTMP, as often as they like."""


class IngressState(StrEnum):
    """What an ingress does."""

    WAITING = "waiting"
    """Nobody sends."""
    CONNECTING = "connecting"
    """Something comes, and is about to be in the meeting."""
    LIVE = "live"
    """It is in the meeting."""
    ENDED = "ended"
    """It was played to its end."""
    FAILED = "failed"
    """It cannot be played, or not any more."""


class IngressFailure(StrEnum):
    """Why nothing comes in, or nothing any more."""

    ADDRESS = "address"
    """The address, or one to which it leads, is none that anything is fetched from."""
    PRIVATE = "private"
    """It is in a network that is not public."""
    ABSENT = "absent"
    """No web server answers there as it should. Whatever is there instead, or nothing: nobody is to learn from a node
    which ports of others are open."""
    UNTRUSTED = "untrusted"
    """The server's certificate is not valid."""
    REFUSED = "refused"
    """The server does not give it."""
    CLOSED = "closed"
    """It breaks off."""
    SILENT = "silent"
    """Nothing has come in time that could be played."""
    NOTHING_TO_PLAY = "nothing_to_play"
    """There is no picture and no sound in it of a kind that is taken."""
    TOO_LARGE = "too_large"
    """Its picture is."""
    GARBLED = "garbled"
    """What comes cannot be decoded."""
    NOT_LET_IN = "not_let_in"
    """The meeting does not take it, or not any more."""
    UNAVAILABLE = "unavailable"
    """The meeting's media node has no room for it, or takes nothing of its kind."""
    LOST = "lost"
    """The media node could not go on with it."""


class IngressOrder(Struct, frozen=True, kw_only=True):
    """What is to come in. Both are secrets: nobody is shown them again, and no log line has them."""

    url: str | None = None
    """``http:`` or ``https:``, of a file or a stream; None: it comes by RTMP."""
    key: str | None = None
    """The stream's name in RTMP, which is its key."""

    def __repr__(self) -> str:
        return "IngressOrder()"


class IngressOffer(Struct, frozen=True, kw_only=True):
    """What is to be let in: the publishing offer of the process that has the stream."""

    run: int
    """How often something has come before it in this ingress."""
    sdp: str


class Ingress(Struct, frozen=True, kw_only=True):
    """An ingress that a node has."""

    ingress_id: str
    state: IngressState
    address: str | None = None
    """Where RTMP is sent to, without the key; None: it does not come by RTMP."""
    offer: IngressOffer | None = None
    """Told to one gateway at a time, which lets it in; the others get None."""
    reason: IngressFailure | None = None
    """Why there is nothing, or nothing any more."""
