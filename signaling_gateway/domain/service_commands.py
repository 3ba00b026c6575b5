"""What the meeting service asks of a room."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from contracts.rooms import Identity, MeetingId


class EndByService(Struct, frozen=True, kw_only=True):
    """The meeting service ends the meeting, for ``by`` or on its own. The log may not have begun."""

    meeting_id: MeetingId
    by: Identity | None


class ShutOut(Struct, frozen=True, kw_only=True):
    """Whoever is here as ``identity`` has nothing any more with which they could come in."""

    identity: Identity


class ChangeHost(Struct, frozen=True, kw_only=True):
    """The meeting service says whose meeting it is now."""

    host_id: Identity


ServiceCommand: TypeAlias = EndByService | ShutOut | ChangeHost
