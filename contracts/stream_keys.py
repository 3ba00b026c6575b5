"""Stream keys: what an encoder or a player is given once, and opens a meeting's standard doors with until revoked.

The meeting service makes and keeps them. A gateway that is shown one invokes the function `STREAM_KEYS_FUNCTION` with
a `StreamKeyShown` and gets the claims of whoever has it, or the reason why it opens nothing.

A key is ``sk_<meeting>_<key id>_<secret>``: the meeting's id without its hyphens, and base32 in lower case (RFC 4648).
It is a ``b64token`` of RFC 6750, section 2.1, as everything in a bearer field must be, and cannot be a JWT.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from contracts.meeting_token import MeetingClaims
from contracts.rooms import Identity

STREAM_KEYS_FUNCTION: Final = "parley-meetings-stream-keys"
PREFIX: Final = "sk_"


class StreamScope(StrEnum):
    """Which door a key opens."""

    PUBLISH = "publish"
    """WHIP: to send a picture and sound."""
    WATCH = "watch"
    """WHEP: to receive them."""


class StreamKeyShown(Struct, frozen=True, kw_only=True):
    """What somebody has shown at a door."""

    key: str


class StreamKeyOpens(Struct, frozen=True, kw_only=True, tag_field="type", tag="opens"):
    """The key is good: who its bearer is."""

    claims: MeetingClaims


class StreamKeyRefused(Struct, frozen=True, kw_only=True, tag_field="type", tag="refused"):
    """It opens nothing. ``code`` as in `contracts.error_codes`."""

    code: str
    message: str


StreamKeyAnswer: TypeAlias = StreamKeyOpens | StreamKeyRefused

_decoder: msgspec.json.Decoder[StreamKeyAnswer] = msgspec.json.Decoder(StreamKeyAnswer)


def decode_stream_key_answer(data: bytes) -> StreamKeyAnswer:
    """The function's answer.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(data)


def stream_key_answer(answer: StreamKeyAnswer) -> dict[str, Any]:
    """The answer as a function gives it."""
    built: dict[str, Any] = msgspec.to_builtins(answer)
    return built


def is_stream_key(bearer: str) -> bool:
    """Whether what came as a bearer token is meant as a stream key."""
    return bearer.startswith(PREFIX)


def identity_of_key(key_id: str) -> Identity:
    """Who comes in with a key: the same identity each time, so that the room knows its sessions."""
    return Identity(f"k_{key_id}")
