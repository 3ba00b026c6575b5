"""What gateways and media nodes say to each other of what a node makes of a meeting, recordings and broadcasts, and of
what it brings into one: ingresses.

Part of `contracts.node_rpc`.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.broadcasting import Broadcast, BroadcastOrder, BroadcastState
from contracts.ingesting import Ingress, IngressOrder
from contracts.recording_order import RecordingOrder
from contracts.rooms import MeetingId, NodeId

RECORDING_KEPT_S = 60.0
"""How long a node goes on recording when no gateway says any more that it shall."""
BROADCAST_KEPT_S = 60.0
"""The same for a broadcast."""
INGRESS_KEPT_S = 60.0
"""The same for an ingress."""


class _WorkRequest(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    meeting_id: MeetingId


# ---- requests ----


class StartRecording(_WorkRequest, frozen=True, kw_only=True, tag="start_recording"):
    """Records what is published in the meeting's main room. Answer: `Recording`, once the recorder runs.

    A node makes one recording of a meeting at a time, and answers with the one that it is making. Gateways of a meeting
    that is recorded repeat the request: a node that has come to the meeting later begins a further segment, and one
    that has not been asked for `RECORDING_KEPT_S` stops. A node without a recorder, or whose recorder has failed,
    refuses (`recording_unavailable`). Its kind stays what it was at first; its people are those of the latest version.
    """

    recording_id: str
    order: RecordingOrder = RecordingOrder()
    nodes: tuple[NodeId, ...] = ()
    """As in `SpanRoom`: nobody may be at the recording node, and it may have started anew; none: not known."""
    version: int = 0
    """The version of the meeting's log as of which ``nodes`` and the order's people hold."""


class StopRecording(_WorkRequest, frozen=True, kw_only=True, tag="stop_recording"):
    """Nothing is recorded any more; what is written is finished and kept. Answer: `Done`."""

    recording_id: str


class StartBroadcast(_WorkRequest, frozen=True, kw_only=True, tag="start_broadcast"):
    """Streams the meeting's main room out: as HLS at the node's origin, and to servers that take RTMP. Answer:
    `Broadcasting`, once the broadcaster runs (not: once every server has answered).

    A node makes one broadcast of a meeting at a time, and answers with the one that it is making. Gateways of a meeting
    that is broadcast repeat the request, as they do with `StartRecording`: it begins where the meeting has come to,
    and ends where nobody has asked for it for `BROADCAST_KEPT_S`. Asked with a later ``version`` it takes over the
    order's targets, layout and people. Refused with `broadcast_unavailable` where the node has none, or no capacity.
    """

    broadcast_id: str
    order: BroadcastOrder
    goes_on: bool = False
    """Whether it has begun already, here or elsewhere: those who watch are told of the break."""
    nodes: tuple[NodeId, ...] = ()
    """As in `StartRecording`."""
    version: int = 0
    """The version of the meeting's log as of which ``nodes`` and the order hold."""


class StopBroadcast(_WorkRequest, frozen=True, kw_only=True, tag="stop_broadcast"):
    """Nothing is streamed out any more: playlists end, servers are told. Answer: `Done`."""

    broadcast_id: str


class StartIngress(_WorkRequest, frozen=True, kw_only=True, tag="start_ingress"):
    """Takes a stream for the meeting. Answer: `Ingressing`, at once.

    Gateways of a meeting with an ingress repeat the request, as they do with `StartBroadcast`: a node that has come to
    the meeting later begins it anew, and one that has not been asked for `INGRESS_KEPT_S` ends it. Once there is
    something to be let in, one gateway is told the offer, lets it in as a participant, and passes the answer on
    (`AnswerIngress`). Refused with `ingress_unavailable` where the node takes none of the kind, or no more.
    """

    ingress_id: str
    order: IngressOrder


class AnswerIngress(_WorkRequest, frozen=True, kw_only=True, tag="answer_ingress"):
    """What was offered in a run is let in. Answer: `Done`."""

    ingress_id: str
    run: int
    sdp: str


class StopIngress(_WorkRequest, frozen=True, kw_only=True, tag="stop_ingress"):
    """Nothing comes in any more. Answer: `Done`."""

    ingress_id: str


# ---- answers ----


class Recording(Struct, frozen=True, kw_only=True, tag_field="type", tag="recording"):
    """The recording that the node is making, which may be another than was asked for."""

    recording_id: str
    prefix: str
    """What the names of its files in the bucket begin with."""
    order: RecordingOrder = RecordingOrder()
    """As what it is made, without people."""


class Broadcasting(Struct, frozen=True, kw_only=True, tag_field="type", tag="broadcasting"):
    """The broadcast that the node is making, which may be another than was asked for."""

    broadcast: Broadcast


class Ingressing(Struct, frozen=True, kw_only=True, tag_field="type", tag="ingressing"):
    """How the ingress does that was asked for."""

    ingress: Ingress


# ---- reports ----


class RecordingEnded(Struct, frozen=True, kw_only=True, tag_field="kind", tag="recording_ended"):
    """A recorder has failed. Told to the gateway that last sent `StartRecording`; the others learn it when they do."""

    node_id: NodeId
    meeting_id: MeetingId
    recording_id: str
    reason: str


class BroadcastChanged(Struct, frozen=True, kw_only=True, tag_field="kind", tag="broadcast_changed"):
    """A broadcast's state has changed: a server was reached or lost, or all of it has failed (``failed``). Told to the
    gateway that last sent `StartBroadcast`; the others learn it when they do."""

    node_id: NodeId
    meeting_id: MeetingId
    broadcast: Broadcast
    state: BroadcastState


class IngressChanged(Struct, frozen=True, kw_only=True, tag_field="kind", tag="ingress_changed"):
    """Something has come, is let in, or is gone. Told to the gateway that last sent `StartIngress`; the others learn it
    when they do."""

    node_id: NodeId
    meeting_id: MeetingId
    ingress: Ingress
