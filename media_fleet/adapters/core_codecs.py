"""Codecs in the packet core's terms."""

from __future__ import annotations

from typing import Literal, TypeAlias

from media_fleet.domain.effects import PublishedMedia

CoreCodec: TypeAlias = Literal["opus", "VP8", "H264", "VP9", "AV1"]


def core_codec(media: PublishedMedia) -> CoreCodec:
    """To the core all sound is alike, but for Opus of two octets, which is silence: others have no such packets."""
    name = media.codec.codec.name
    return "opus" if media.kind == "audio" else name  # type: ignore[return-value]  # a name of `media_formats`
