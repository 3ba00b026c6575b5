"""What this gateway does when something has happened in a room: for its own clients, and for what it appended itself.

Every gateway in a meeting sees every event. A client's connection is the business of the gateway that holds it; what
media nodes and the meeting service must learn is the business of the gateway that appended the event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from contracts.account_standing import CODE_OF_LOSS, MESSAGE_OF_LOSS
from contracts.broadcast_events import BroadcastStarted, BroadcastStopped
from contracts.client_messages import ChatSync, Closing, LobbyMessage, RoomSync
from contracts.error_codes import ErrorCode
from contracts.ingress_events import IngressStopped
from contracts.leaving import LeaveReason, LobbyLeaveReason
from contracts.log_events import (
    BreakoutsClosed,
    LobbyLeft,
    LobbyMessageSent,
    LogEvent,
    MeetingEnded,
    NodePlaced,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantPlaced,
    ParticipantRenamed,
    ParticipantResumed,
    ParticipantsMoved,
    PermissionsChanged,
    PolicyChanged,
    RecordingStarted,
    RecordingStopped,
    RoleChanged,
    SpotlightChanged,
    TrackMuted,
    TrackUnmuted,
    TrackUnpublished,
)
from contracts.rooms import GatewayId, MeetingId, ParticipantId, ParticipantKind
from signaling_gateway.domain.chat import seen_by
from signaling_gateway.domain.commands import EndGrace, ReclaimConnection
from signaling_gateway.domain.permissions import ALLOWED, Action
from signaling_gateway.domain.projection import snapshot
from signaling_gateway.domain.room_state import Stay
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.broadcasts import Broadcasts
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.ingresses import Ingresses
from signaling_gateway.service.live_room import Connection, LiveRoom
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.meeting_log import LogEntry, is_append_of
from signaling_gateway.service.node_news import NodeNews
from signaling_gateway.service.recordings import Recordings
from signaling_gateway.service.room_listing import RoomListing
from signaling_gateway.service.rooms import Rooms

RETRY_S = 1.0
"""Pause before a grace period that has run out is looked at again, when the log cannot be reached."""

SPREADING = (
    ParticipantJoined,
    ParticipantLeft,
    NodePlaced,
    ParticipantPlaced,
    RecordingStarted,
    RecordingStopped,
    BroadcastStarted,
    BroadcastStopped,
)
"""What may have nodes share a meeting that did not, or no longer."""
PEOPLE = (ParticipantJoined, ParticipantLeft, ParticipantRenamed, ParticipantsMoved, BreakoutsClosed)
"""What changes who is seen in a recording or a broadcast, and under which name."""
CLOSING_OF_LEAVE = {
    LeaveReason.LEFT: Closing(code=ErrorCode.LEFT, message="You have left the meeting.", retry=False),
    LeaveReason.REMOVED: Closing(
        code=ErrorCode.PARTICIPANT_REMOVED, message="You were removed from this meeting.", retry=False
    ),
    LeaveReason.CONNECTION_LOST: Closing(
        code=ErrorCode.RESUME_REFUSED, message="Your connection was away for too long. Please join again.", retry=False
    ),
    LeaveReason.MEETING_ENDED: Closing(code=ErrorCode.MEETING_ENDED, message="This meeting has ended.", retry=False),
    LeaveReason.REPLACED: Closing(
        code=ErrorCode.REPLACED, message="The meeting goes on in another tab or on another device.", retry=False
    ),
}
CLOSING_OF_LOSS = {
    loss: Closing(code=code, message=MESSAGE_OF_LOSS[loss], retry=False) for loss, code in CODE_OF_LOSS.items()
}
CLOSING_OF_LOBBY = {
    LobbyLeaveReason.REFUSED: Closing(
        code=ErrorCode.LOBBY_REFUSED, message="You were not let into this meeting.", retry=False
    ),
    LobbyLeaveReason.LEFT: CLOSING_OF_LEAVE[LeaveReason.LEFT],
    LobbyLeaveReason.REPLACED: CLOSING_OF_LEAVE[LeaveReason.REPLACED],
}
REPLACED = Closing(
    code=ErrorCode.REPLACED_BY_RESUME, message="You go on with this meeting in another connection.", retry=False
)
LOST = Closing(
    code=ErrorCode.SERVICE_UNAVAILABLE, message="The meeting was interrupted. Please join again.", retry=True
)


class Outbox(Protocol):
    """Takes up those entries that this gateway appended, for the meeting service."""

    def add(self, meeting_id: MeetingId, entries: Iterable[LogEntry]) -> None:
        """Takes them up; does not wait."""


class Doors(Protocol):
    """Answers for the participants who have no signalling connection."""

    def taken_over(self, room: LiveRoom, stay: Stay) -> None:
        """This gateway answers for the participant from now on."""


class Consequences:
    """The `RoomListener` of a gateway. What follows is set by the composition root, which ties the knot."""

    rooms: Rooms
    media: MediaNegotiation
    recordings: Recordings
    broadcasts: Broadcasts
    ingresses: Ingresses
    news: NodeNews
    listing: RoomListing
    doors: Doors
    welcome: Callable[[Connection], bool]
    """Puts a connection into use whose participant has been let in."""

    def __init__(
        self,
        *,
        gateway_id: GatewayId,
        grace_ms: int,
        delivery: ClientDelivery,
        outbox: Outbox,
        tasks: BackgroundTasks,
        now: Callable[[], int],
    ) -> None:
        self._gateway_id = gateway_id
        self._grace_ms = grace_ms
        self._delivery = delivery
        self._outbox = outbox
        self._tasks = tasks
        self._now = now
        self._everywhere: dict[type, Callable[[LiveRoom, int, Any], None]] = {
            ParticipantJoined: self._joined,
            ParticipantLeft: self._left,
            LobbyLeft: self._lobby_left,
            LobbyMessageSent: self._lobby_message,
            RoleChanged: self._role_changed,
            PermissionsChanged: self._permissions_changed,
            ParticipantResumed: self._resumed,
            ParticipantDisconnected: self._disconnected,
            NodePlaced: self._placed,
            ParticipantPlaced: self._participant_placed,
            BreakoutsClosed: self._breakouts_closed,
            SpotlightChanged: self._spotlight_changed,
            PolicyChanged: self._policy_changed,
            MeetingEnded: self._ended,
        }
        self._where_appended: dict[type, Callable[[LiveRoom, Any], None]] = {
            ParticipantLeft: lambda room, e: self.news.left(room, e.participant_id),
            MeetingEnded: lambda room, _: self.news.ended(room),
            NodePlaced: self._placed_by_us,
            RecordingStopped: lambda room, event: self.recordings.stopped(room, event.recording_id, event.reason),
            BroadcastStopped: lambda room, event: self.broadcasts.stopped(room, event.broadcast_id),
            IngressStopped: lambda room, event: self.ingresses.stopped(room, event.ingress_id),
        }

    def happened(self, room: LiveRoom, entries: Sequence[LogEntry]) -> None:
        """See `RoomListener`."""
        self._outbox.add(room.meeting_id, entries)
        self.listing.changed(room)
        own: list[LogEvent] = []
        for entry in entries:
            everywhere = self._everywhere.get(type(entry.event))
            if everywhere is not None:
                everywhere(room, entry.version, entry.event)
            appended = self._where_appended.get(type(entry.event))
            ours = is_append_of(self._gateway_id, entry.append_id)
            if ours:
                own.append(entry.event)
            if appended is not None and ours:
                appended(room, entry.event)
            if isinstance(entry.event, TrackMuted | TrackUnmuted | TrackUnpublished):
                self._muted(room, entry.version, entry.event, ours=ours)
            if isinstance(entry.event, ParticipantsMoved):
                self._moved(room, entry.version, entry.event, ours=ours)
        if any(isinstance(event, SPREADING) for event in own):
            self.news.spanned(room)
        if any(isinstance(event, PEOPLE) for event in own):
            self.recordings.people_changed(room)
            self.broadcasts.people_changed(room)
        self.rooms.close_if_idle(room)

    def lost(self, room: LiveRoom) -> None:
        """See `RoomListener`."""
        self._close_all(room, LOST)
        self.rooms.discard(room)

    # ---- for this gateway's clients ----

    def _joined(self, room: LiveRoom, version: int, event: ParticipantJoined) -> None:
        connection = room.waiting.pop(event.participant.id, None)
        if connection is not None:
            connection.began = version
            self.welcome(connection)

    def _lobby_left(self, room: LiveRoom, version: int, event: LobbyLeft) -> None:  # noqa: ARG002
        closing = CLOSING_OF_LOBBY.get(event.reason) if event.loss is None else CLOSING_OF_LOSS[event.loss]
        connection = room.waiting.get(event.participant_id)
        if connection is not None and closing is not None:
            self._close(connection, closing)

    def _lobby_message(self, room: LiveRoom, version: int, event: LobbyMessageSent) -> None:  # noqa: ARG002
        author = room.state.stays.get(event.by)
        message = LobbyMessage(text=event.text, name="" if author is None else author.info.name, at=event.at)
        told = [
            connection.sid
            for participant_id, connection in room.waiting.items()
            if event.participant_id in {None, participant_id}
        ]
        self._delivery.send(told, "lobby_message", message)

    def _role_changed(self, room: LiveRoom, version: int, event: RoleChanged) -> None:
        self._permissions_changed(room, version, event)
        connection = room.connections.get(event.participant_id)
        stay = room.state.stays.get(event.participant_id)
        if connection is not None and stay is not None and event.permissions.moderate:
            sync = RoomSync(version=room.state.version, room=snapshot(room.state, room.meeting_id, stay))
            self._delivery.send([connection.sid], "room", sync)

    def _permissions_changed(self, room: LiveRoom, version: int, event: RoleChanged | PermissionsChanged) -> None:
        connection = room.connections.get(event.participant_id)
        if connection is None:
            return
        self.media.may_send_data(connection, permitted=ALLOWED[Action.CHAT](event.permissions), version=version)
        if connection.subscribes is not connection.may_receive(event.permissions):
            self.media.rejoin(connection)

    def _left(self, room: LiveRoom, version: int, event: ParticipantLeft) -> None:
        connection = room.connections.get(event.participant_id)
        if connection is not None and connection.began < version:
            self.media.left(connection)
            self._close(
                connection, CLOSING_OF_LEAVE[event.reason] if event.loss is None else CLOSING_OF_LOSS[event.loss]
            )

    def _resumed(self, room: LiveRoom, version: int, event: ParticipantResumed) -> None:
        connection = room.connections.get(event.participant_id)
        stay = room.state.stays.get(event.participant_id)
        if stay is not None and stay.info.kind is not ParticipantKind.PERSON and event.gateway_id == self._gateway_id:
            self.doors.taken_over(room, stay)
            return
        if connection is None or connection.began >= version:
            return
        if connection.reclaiming and event.gateway_id == self._gateway_id:
            connection.reclaiming = False
            connection.began = version
        else:
            connection.room.connections.pop(connection.participant_id)
            self._delivery.replaced(connection.sid, REPLACED)

    def _disconnected(self, room: LiveRoom, version: int, event: ParticipantDisconnected) -> None:  # noqa: ARG002
        stay = room.state.stays.get(event.participant_id)
        if stay is None or stay.disconnected_at is None:
            return
        connection = room.connections.get(event.participant_id)
        if connection is not None and connection.stands:
            connection.reclaiming = True
            self._tasks.spawn(self._reclaim(connection))
        elif stay.gateway_id == self._gateway_id:
            self._watch(room.meeting_id, stay)

    def _placed(self, room: LiveRoom, version: int, event: NodePlaced) -> None:  # noqa: ARG002
        self.media.moved(room)

    def _placed_by_us(self, room: LiveRoom, event: NodePlaced) -> None:  # noqa: ARG002
        self.recordings.keep(room)
        self.broadcasts.keep(room)
        self.ingresses.moved(room)

    def _participant_placed(self, room: LiveRoom, version: int, event: ParticipantPlaced) -> None:  # noqa: ARG002
        connection = room.connections.get(event.participant_id)
        if connection is not None:
            self.media.sent(connection)

    def _ended(self, room: LiveRoom, version: int, event: MeetingEnded) -> None:  # noqa: ARG002
        self._close_all(room, CLOSING_OF_LEAVE[LeaveReason.MEETING_ENDED])

    def _muted(
        self, room: LiveRoom, version: int, event: TrackMuted | TrackUnmuted | TrackUnpublished, *, ours: bool
    ) -> None:
        if isinstance(event, TrackUnpublished) and event.by is None:
            return  # the node knows it from the offer
        # The publisher's own gateway tells as well: it alone knows what is being published in this moment.
        if ours or event.participant_id in room.connections:
            self.news.muted(room, event, version)

    def _moved(self, room: LiveRoom, version: int, event: ParticipantsMoved, *, ours: bool) -> None:
        here = [move.participant_id for move in event.moves if move.participant_id in room.connections]
        # As with mutes: whose connection it is alone knows whether the node is just learning of the participant.
        if ours or here:
            self.news.moved_within(room, event, version)
        self._sync_chat(room, here)

    def _breakouts_closed(self, room: LiveRoom, version: int, event: BreakoutsClosed) -> None:  # noqa: ARG002
        readers = {identity for people in room.state.visited.values() for identity in people}
        here = [each for each in room.connections if each in room.state.stays]
        self._sync_chat(room, [each for each in here if room.state.stays[each].info.identity in readers])

    def _spotlight_changed(self, room: LiveRoom, version: int, event: SpotlightChanged) -> None:  # noqa: ARG002
        # Every gateway tells, so that it is told also if the one that appended it is no more.
        self.news.spotlit(room)

    def _policy_changed(self, room: LiveRoom, version: int, event: PolicyChanged) -> None:  # noqa: ARG002
        # As with the spotlight.
        self.news.encryption_changed(room)

    def _sync_chat(self, room: LiveRoom, participant_ids: Iterable[ParticipantId]) -> None:
        """Tells them the chat that they see now: one message for all who see the same."""
        if not room.state.chat:
            return
        readers: dict[tuple[str, ...], tuple[ChatSync, list[str]]] = {}
        for participant_id in participant_ids:
            stay = room.state.stays.get(participant_id)
            if stay is not None:
                sync = ChatSync(chat=seen_by(room.state, stay))
                key = tuple(message.id for message in sync.chat)
                readers.setdefault(key, (sync, []))[1].append(room.connections[participant_id].sid)
        for sync, sids in readers.values():
            self._delivery.send(sids, "chat", sync)

    def _close(self, connection: Connection, closing: Closing) -> None:
        for held in (connection.room.connections, connection.room.waiting):
            held.pop(connection.participant_id, None)
        self._delivery.close(connection.sid, closing)

    def _close_all(self, room: LiveRoom, closing: Closing) -> None:
        for connection in [*room.connections.values(), *room.waiting.values()]:
            self._close(connection, closing)

    async def _reclaim(self, connection: Connection) -> None:
        while connection.reclaiming and connection.stands:
            command = ReclaimConnection(
                participant_id=connection.participant_id,
                connection=connection.began,
                gateway_id=self._gateway_id,
            )
            try:
                await connection.room.execute(command)
                return
            except LogUnavailableError:
                await asyncio.sleep(RETRY_S)

    # ---- grace periods ----

    def _watch(self, meeting_id: MeetingId, stay: Stay) -> None:
        if stay.disconnected_at is None:
            return
        remaining_ms = max(0, stay.disconnected_at + self._grace_ms - self._now())
        asyncio.get_running_loop().call_later(remaining_ms / 1000, self._grace_over, meeting_id, stay)

    def _grace_over(self, meeting_id: MeetingId, stay: Stay) -> None:
        self._tasks.spawn(self._end_grace(meeting_id, stay.info.id, stay.connection))

    async def _end_grace(self, meeting_id: MeetingId, participant_id: ParticipantId, connection: int) -> None:
        try:
            async with self.rooms.use(meeting_id) as room:
                await room.execute(
                    EndGrace(participant_id=participant_id, connection=connection, grace_ms=self._grace_ms)
                )
                stay = room.state.stays.get(participant_id)
                if stay is not None and stay.connection == connection and stay.gateway_id == self._gateway_id:
                    # The clock of the gateway that noted the loss was ahead.
                    self._watch(meeting_id, stay)
        except LogUnavailableError:
            await asyncio.sleep(RETRY_S)
            self._tasks.spawn(self._end_grace(meeting_id, participant_id, connection))
