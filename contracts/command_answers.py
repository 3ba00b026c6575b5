"""What acknowledges the commands of `contracts.client_commands` that have an answer of their own."""

from __future__ import annotations

from msgspec import Struct

from contracts.client_messages import IceServer
from contracts.rooms import TrackId


class TrackAssigned(Struct, frozen=True, kw_only=True):
    mid: str
    track_id: TrackId


class PublishAnswer(Struct, frozen=True, kw_only=True):
    """Acknowledges a `PublishOffer`."""

    sdp: str
    tracks: tuple[TrackAssigned, ...]


class ChatAccepted(Struct, frozen=True, kw_only=True):
    """Acknowledges a `SendChat`: the message stands in the log."""

    message_id: str


class PollCreated(Struct, frozen=True, kw_only=True):
    """Acknowledges a `CreatePoll`."""

    poll_id: str


class BreakoutsAnswer(Struct, frozen=True, kw_only=True):
    """Acknowledges an `OpenBreakouts`: the rooms' ids, in the order in which they were given."""

    breakout_ids: tuple[str, ...]


class RecordingAnswer(Struct, frozen=True, kw_only=True):
    """Acknowledges a `StartRecording`: everybody is told, and the recorder runs."""

    recording_id: str


class BroadcastAnswer(Struct, frozen=True, kw_only=True):
    """Acknowledges a `StartBroadcast`: everybody is told, and it runs."""

    broadcast_id: str
    watch_key: str | None
    """As in `BroadcastInfo`."""


class IngressAnswer(Struct, frozen=True, kw_only=True):
    """Acknowledges a `StartIngress`: it is open."""

    ingress_id: str
    address: str | None
    """Of the kind `rtmp`: what OBS calls the server, and others put before a slash and the key."""
    stream_key: str | None
    """What opens it. A secret, which nobody is shown again."""


class IceServersAnswer(Struct, frozen=True, kw_only=True):
    """Acknowledges a `GetIceServers`."""

    ice_servers: tuple[IceServer, ...]


ANSWERS: dict[str, type[Struct]] = {
    "publish_offer": PublishAnswer,
    "send_chat": ChatAccepted,
    "create_poll": PollCreated,
    "open_breakouts": BreakoutsAnswer,
    "start_recording": RecordingAnswer,
    "start_broadcast": BroadcastAnswer,
    "start_ingress": IngressAnswer,
    "get_ice_servers": IceServersAnswer,
}
"""Commands with an answer of their own; the others are answered with ``{}``."""
