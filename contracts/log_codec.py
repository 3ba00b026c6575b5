"""The JSON form of the meeting log's events."""

from __future__ import annotations

import msgspec

from contracts.log_events import LogEvent

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[LogEvent] = msgspec.json.Decoder(LogEvent)


def encode_event(event: LogEvent) -> bytes:
    """The JSON form of one event, as it stands in the stream."""
    return _encoder.encode(event)


def decode_event(data: bytes | str) -> LogEvent:
    """One event from its JSON form.

    Raises:
        msgspec.ValidationError: it is JSON, but no event of the log.
        msgspec.DecodeError: it is not JSON.
    """
    return _decoder.decode(data)
