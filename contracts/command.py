"""What every command of a client is: `contracts.client_commands`."""

from __future__ import annotations

from msgspec import Struct


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a client may ask for."""
