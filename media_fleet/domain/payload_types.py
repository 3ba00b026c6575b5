"""Payload types of a subscribing connection: one pair for each form of a codec.

All m-lines of a BUNDLE share one payload-type space, where a number stands for one codec form (RFC 9143, 9.1).
Publishers choose their own numbers and parameters, so a subscriber's are given out anew, and kept for the connection's
life.
"""

from __future__ import annotations

from media_fleet.domain.media_formats import STATIC_PAYLOAD_TYPES, MediaCodec

_POOL = (*range(96, 128), *range(35, 64))
"""The dynamic range, then the unassigned one; 64 to 95 would collide with RTCP (RFC 5761, 4)."""


class PayloadTypes:
    """Gives out payload types, the same for the same codec form."""

    def __init__(self) -> None:
        self._free = list(_POOL)
        self._given: dict[MediaCodec, tuple[int, int | None]] = {}
        self._latest: dict[str, MediaCodec] = {}

    def of(self, codec: MediaCodec, *, video: bool, beside: bool = False) -> tuple[int, int | None] | None:
        """The payload type and that of its RTX, or of sound's RED; None if the numbers are used up.

        ``beside``: it only stands behind the codec in which a track is sent.
        """
        known = self._given.get(codec)
        if known is not None:
            return known
        static = STATIC_PAYLOAD_TYPES.get(codec.name)
        if static is None and len(self._free) < 2:
            return None
        pair = (self._free.pop(0), self._free.pop(0)) if static is None else (static, None)
        self._given[codec] = pair
        if not beside:
            self._latest["video" if video else "audio"] = codec
        return pair

    def any_of(self, kind: str) -> tuple[MediaCodec, tuple[int, int | None]]:
        """A codec of the kind that has been given out: an idle m-line must still list one."""
        codec = self._latest[kind]
        return codec, self._given[codec]
