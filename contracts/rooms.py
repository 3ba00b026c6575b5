"""The nouns of a live room, as every service names them.

Wire form: JSON objects in snake_case; times are integers, milliseconds since the Unix epoch.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from msgspec import Struct

MeetingId = NewType("MeetingId", str)
ParticipantId = NewType("ParticipantId", str)
"""One stay of one person in one room: a second tab is a second participant."""
Identity = NewType("Identity", str)
"""Who someone is, across stays: a user id (``u_…``) or a guest id (``g_…``)."""
TrackId = NewType("TrackId", str)
NodeId = NewType("NodeId", str)
GatewayId = NewType("GatewayId", str)


class Role(StrEnum):
    """What someone is in a meeting. Permissions follow from it, unless the token says otherwise."""

    HOST = "host"
    PARTICIPANT = "participant"
    GUEST = "guest"


class PublishPermission(StrEnum):
    """A kind of media that a token allows its bearer to publish."""

    AUDIO = "audio"
    VIDEO = "video"
    SCREEN = "screen"


class TrackKind(StrEnum):
    """``MediaStreamTrack.kind`` of W3C Media Capture."""

    AUDIO = "audio"
    VIDEO = "video"


class TrackSource(StrEnum):
    """Where a published track comes from."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"
    SCREEN_AUDIO = "screen_audio"

    @property
    def kind(self) -> TrackKind:
        """Audio for the two sources that are heard, video for the two that are seen."""
        if self in (TrackSource.MICROPHONE, TrackSource.SCREEN_AUDIO):
            return TrackKind.AUDIO
        return TrackKind.VIDEO

    @property
    def permission(self) -> PublishPermission:
        """The permission that publishing this source takes."""
        return _PERMISSION_OF_SOURCE[self]


_PERMISSION_OF_SOURCE = {
    TrackSource.MICROPHONE: PublishPermission.AUDIO,
    TrackSource.CAMERA: PublishPermission.VIDEO,
    TrackSource.SCREEN: PublishPermission.SCREEN,
    TrackSource.SCREEN_AUDIO: PublishPermission.SCREEN,
}


class Permissions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a participant may do. Enforced by the gateway; the page only mirrors it."""

    publish: tuple[PublishPermission, ...] = ()
    subscribe: bool = False
    chat: bool = False
    moderate: bool = False
    record: bool = False


PERMISSIONS_OF_ROLE: dict[Role, Permissions] = {
    Role.HOST: Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True, moderate=True, record=True),
    Role.PARTICIPANT: Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True),
    Role.GUEST: Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True),
}
"""The permissions a role starts with; the meeting service may narrow them in a token."""


class TrackInfo(Struct, frozen=True, kw_only=True):
    """A published track as the room knows it."""

    id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    kind: TrackKind
    muted: bool = False


class ParticipantInfo(Struct, frozen=True, kw_only=True):
    """A participant as everyone in the room may see them."""

    id: ParticipantId
    identity: Identity
    name: str
    role: Role
    permissions: Permissions
    joined_at: int
    connected: bool = True
    """False while the signalling connection is lost and the grace period runs."""


class ChatMessage(Struct, frozen=True, kw_only=True):
    """A chat message to all."""

    id: str
    participant_id: ParticipantId
    name: str
    """The author's name when it was sent; the author may have left since."""
    text: str
    at: int
