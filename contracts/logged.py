"""What every event of a meeting log is: `contracts.log_events`."""

from __future__ import annotations

from msgspec import Struct


class Logged(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """Base of what has happened in a room."""

    at: int
    """When it was decided, milliseconds since the epoch, by the deciding gateway's clock."""
