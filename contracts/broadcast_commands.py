"""What a client may ask for to stream a meeting out: part of `contracts.client_commands`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from contracts.command import Command
from contracts.rooms import CompositeLayout
from contracts.rtmp_address import parse

MAX_TARGETS = 5

RtmpUrl = Annotated[
    str,
    Meta(
        max_length=1024,
        pattern=r"^rtmps?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)(:[0-9]{1,5})?/[!-~]+$",
        description="`rtmp:` or `rtmps:`, with the server's stream key",
    ),
]


class RtmpTarget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server that is to get a broadcast."""

    url: RtmpUrl
    """What the server calls its address (with its application, without a user, at 443, 1935 or a port from 1024 on), a
    slash, and the stream key. Nobody is shown it again."""

    def __post_init__(self) -> None:
        """Raises `RtmpAddressError`, which decoding tells as an error of validation."""
        parse(self.url)


class StartBroadcast(Command, frozen=True, kw_only=True):
    """Streams the main room out, as HLS that can be watched by its link, to servers that take RTMP, or both; needs the
    permission to moderate. Answered once the broadcast runs, with the one that is on already if there is one; whether a
    server could be reached is told by `broadcast_changed`. Refused with `broadcast_unavailable` where nothing can be
    streamed out."""

    layout: CompositeLayout = CompositeLayout.SPEAKER
    hls: bool = True
    """Whether there is a page to watch it on."""
    targets: Annotated[tuple[RtmpTarget, ...], Meta(max_length=MAX_TARGETS)] = ()
    """Each address once."""

    def __post_init__(self) -> None:
        """Raises `ValueError`, which decoding tells as an error of validation: an address is there twice."""
        if len({each.url for each in self.targets}) < len(self.targets):
            raise ValueError("an address is there twice")


class StopBroadcast(Command, frozen=True, kw_only=True):
    """Stops the broadcast, if there is one; needs the permission to moderate. Answered once it has stopped."""
