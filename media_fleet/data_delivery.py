"""Messages on data channels: from the one who sends to those who may read."""

from __future__ import annotations

import logging
import time

from contracts.data_messages import Answered, Label, encode_answered
from contracts.node_links import RelayedData
from contracts.rooms import MeetingId, NodeId, ParticipantId
from media_fleet.adapters.packet_plane import PacketPlane
from media_fleet.domain.data_relay import DataRefusedError, Relayed
from media_fleet.domain.effects import TransportKey
from media_fleet.domain.room import Room
from media_fleet.metrics import DATA_MESSAGES, DATA_SENDS
from media_fleet.sctp_border import Sent

logger = logging.getLogger(__name__)


def relay_data(plane: PacketPlane, room: Room, transport: TransportKey, label: Label, message: bytes) -> None:
    """Relays the message, and answers it if its channel is reliable."""
    try:
        relayed = room.data.relay(transport, label, message, time.monotonic())
    except DataRefusedError as refusal:
        DATA_MESSAGES.labels(label, refusal.code).inc()
        answer = Answered(number=refusal.number, code=refusal.code)
    else:
        DATA_MESSAGES.labels(label, "ok").inc()
        for node_id, data in relayed.crossing:
            plane.send_to_node(node_id, data)
        answer = Answered(number=relayed.number, missed=_deliver(plane, room.meeting_id, label, relayed))
    if label is Label.RELIABLE:
        plane.send_data(room.meeting_id, transport, label, encode_answered(answer))


def take_data(plane: PacketPlane, room: Room, node_id: NodeId, data: RelayedData) -> None:
    """Relays a lossy message that has come from another node."""
    try:
        relayed = room.data.arrive(node_id, data, time.monotonic())
    except DataRefusedError as refusal:
        DATA_MESSAGES.labels(Label.LOSSY, refusal.code).inc()
    else:
        _deliver(plane, room.meeting_id, Label.LOSSY, relayed)


def _deliver(plane: PacketPlane, meeting_id: MeetingId, label: Label, relayed: Relayed) -> tuple[ParticipantId, ...]:
    """Sends a message to its receivers. Whom it was not sent to."""
    missed = list(relayed.missed)
    for transport in relayed.receivers:
        sent = plane.send_data(meeting_id, transport, label, relayed.heard)
        DATA_SENDS.labels(label, sent).inc()
        if sent is not Sent.SENT:
            missed.append(transport.participant_id)
        if sent is Sent.CLOSED:
            names = {"meeting_id": meeting_id, "participant_id": transport.participant_id}
            logger.warning("data channel closed: its reader is slow", extra=names)
    return tuple(missed)
