"""Bodies of the meeting service's requests and answers, as in `docs/http-api.md` and the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.rooms import Permissions, Role
from contracts.stream_keys import StreamScope
from meetings_service.settings import IceServer

Title = Annotated[str, Meta(min_length=1, max_length=200)]
DisplayName = Annotated[str, Meta(min_length=1, max_length=64, description="How others see the person.")]
Status = Annotated[
    Literal["scheduled", "live", "ended"],
    Meta(description="scheduled: nobody has joined yet; live: someone has; ended: it cannot be joined any more."),
]
Time = Annotated[str, Meta(description="RFC 3339, UTC.")]


class CreateBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title
    guests_allowed: bool = True


class ChangeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title | UnsetType = UNSET
    guests_allowed: bool | UnsetType = UNSET


class JoinBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``previous_token``: an earlier meeting token, with which a guest keeps her identity."""

    display_name: DisplayName | UnsetType = UNSET
    previous_token: Annotated[str, Meta(min_length=1, max_length=8192)] | UnsetType = UNSET


class ListQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Annotated[str, Meta(min_length=1, max_length=512)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Meeting(Struct, frozen=True, kw_only=True):
    """A meeting, as its host sees it."""

    id: str
    title: str
    status: Status
    host_id: str
    guests_allowed: bool
    join_url: str
    created_at: Time
    started_at: Time | None
    ended_at: Time | None


class MeetingPublic(Struct, frozen=True, kw_only=True):
    """What everyone who has the link may know of a meeting."""

    id: str
    title: str
    status: Status
    guests_allowed: bool
    host_name: str


class MeetingPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[Meeting, ...]
    next_cursor: str | None


class StreamKeyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``scope``: publish for an encoder (WHIP), watch for a player (WHEP). A key without ``expires_at`` has no end."""

    name: Annotated[str, Meta(min_length=1, max_length=64, description="How others see the stream.")]
    scope: StreamScope = StreamScope.PUBLISH
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class StreamKey(Struct, frozen=True, kw_only=True):
    """A stream key. The key itself is only in the answer to its making."""

    id: str
    name: str
    scope: StreamScope
    url: str
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class NewStreamKey(StreamKey, frozen=True, kw_only=True):
    """``key``: the bearer token for ``url``. It is shown this once."""

    key: str


class StreamKeyPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[StreamKey, ...]
    next_cursor: str | None


class Join(Struct, frozen=True, kw_only=True):
    """The way into the room. ``expires_in``: seconds until the meeting token expires.

    ``ice_servers``: for ``RTCPeerConnection``. TURN servers come from the gateway, once one has been let in.
    """

    meeting_token: str
    expires_in: int
    meeting: MeetingPublic
    identity: str
    display_name: str
    role: Role
    permissions: Permissions
    gateway_url: str
    ice_servers: tuple[IceServer, ...]
