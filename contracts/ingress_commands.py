"""What a client may ask for to bring a stream into a meeting: part of `contracts.client_commands`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from contracts.command import Command
from contracts.ingesting import IngressKind
from contracts.source_address import parse

SourceUrl = Annotated[
    str,
    Meta(
        max_length=2048,
        pattern=r"^https?://([^\s/?#]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)(:[0-9]{1,5})?([/?][!-~]*)?$",
        description="`http:` or `https:`, of a media file or stream; perhaps with what signs it",
    ),
]


class StartIngress(Command, frozen=True, kw_only=True):
    """Brings a stream into the main room as a participant of its own; needs the permission to moderate. A `url` is
    fetched by the media node and played once, from now on; `rtmp` is open for whoever sends with the answer's key. What
    becomes of it is told by `ingress_changed` and `ingress_stopped`. Refused with `ingress_unavailable` where
    nothing can come in, with `too_many_ingresses` beyond three in a meeting, and with `meeting_encrypted`."""

    kind: IngressKind
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    """The participant's."""
    url: SourceUrl | None = None
    """Of the kind `url`. Nobody is shown it again."""
    screen: bool = False
    """Whether it is shown as a shared screen, not as somebody's camera."""

    def __post_init__(self) -> None:
        """Raises `ValueError`, which decoding tells as an error of validation: there must be an address that something
        can be fetched from, or none."""
        if self.url is not None:
            parse(self.url)
        if (self.kind is IngressKind.URL) is (self.url is None):
            raise ValueError("an ingress has a url if it is of the kind `url`, and none otherwise")


class StopIngress(Command, frozen=True, kw_only=True):
    """Closes an ingress: its participant leaves. Needs the permission to moderate. There being no such ingress any more
    is fine."""

    ingress_id: Annotated[str, Meta(max_length=64)]
