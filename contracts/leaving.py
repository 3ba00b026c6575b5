"""Why people are in a room, or its lobby, no longer."""

from __future__ import annotations

from enum import StrEnum


class LeaveReason(StrEnum):
    """Why a participant is no longer in the room."""

    LEFT = "left"
    REMOVED = "removed"
    CONNECTION_LOST = "connection_lost"
    """The grace period ended without the connection coming back."""
    MEETING_ENDED = "meeting_ended"
    REPLACED = "replaced"
    """The same person has come in once more, in another tab or on another device, and there was one place for them."""
    ACCESS_LOST = "access_lost"
    """The person's session has ended, or their account is suspended or deleted: others are not told which."""


class LobbyLeaveReason(StrEnum):
    """Why somebody no longer waits in the lobby."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    LEFT = "left"
    """They left, or their connection was lost."""
    REPLACED = "replaced"
    """The same person waits, or has come in, elsewhere."""
    ACCESS_LOST = "access_lost"
    """As `LeaveReason.ACCESS_LOST`."""
