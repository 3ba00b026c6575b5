"""Coming in and dropping out: from a verified token to a participant's connection, and its end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from typing import Any

from contracts.client_messages import IceServer, Waiting, Welcome
from contracts.client_messages import Resume as ResumeRequest
from contracts.error_codes import ErrorCode
from contracts.leaving import LeaveReason
from contracts.meeting_token import MeetingClaims
from contracts.public_events import AnyPublicEvent
from contracts.rooms import GatewayId, Identity, ParticipantId, ParticipantKind
from signaling_gateway.domain.commands import Join, LoseConnection, Resume
from signaling_gateway.domain.projection import lasting, public_events, snapshot
from signaling_gateway.domain.room_state import Stay
from signaling_gateway.errors import LogUnavailableError, Refusal
from signaling_gateway.service.account_watch import AccountWatch
from signaling_gateway.service.client_delivery import ClientDelivery
from signaling_gateway.service.consequences import CLOSING_OF_LEAVE, REPLACED
from signaling_gateway.service.live_room import Connection
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.rooms import Rooms
from telemetry import spans

RETRY_S = 1.0

_log = logging.getLogger(__name__)


class Admission:
    """Lets participants in. ``new_participant_id`` and ``new_secret`` are the only sources of randomness."""

    def __init__(
        self,
        *,
        gateway_id: GatewayId,
        ice_servers: Callable[[Identity], tuple[IceServer, ...]],
        grace_ms: int,
        tabs: int | None,
        replaces: bool,
        rooms: Rooms,
        accounts: AccountWatch,
        media: MediaNegotiation,
        delivery: ClientDelivery,
        new_participant_id: Callable[[], ParticipantId],
        new_secret: Callable[[], str],
    ) -> None:
        self._gateway_id = gateway_id
        self._ice_servers = ice_servers
        self._grace_ms = grace_ms
        self._tabs = tabs
        self._replaces = replaces
        self._rooms = rooms
        self._accounts = accounts
        self._media = media
        self._delivery = delivery
        self._new_participant_id = new_participant_id
        self._new_secret = new_secret

    async def admit(
        self,
        sid: str,
        claims: MeetingClaims,
        resume: ResumeRequest | None,
        *,
        kind: ParticipantKind = ParticipantKind.PERSON,
    ) -> Connection:
        """The connection of a participant who has joined or resumed. `welcome` puts it into use.

        Raises:
            Refusal: the meeting has ended, the person was removed, the account or the session is none any more, or the
                stay to be resumed is over.
            LogUnavailableError: the meeting's log cannot be reached.
        """
        secret = self._new_secret() if resume is None else resume.secret
        participant_id = self._new_participant_id() if resume is None else ParticipantId(resume.participant_id)
        secret_hash = hashlib.sha256(secret.encode()).hexdigest()
        async with self._accounts.admitting(claims), self._rooms.use(claims.room) as room:
            missed = None
            if resume is None:
                await room.execute(
                    Join(
                        meeting_id=claims.room,
                        participant_id=participant_id,
                        identity=claims.sub,
                        name=claims.name,
                        role=claims.role,
                        permissions=claims.permissions,
                        gateway_id=self._gateway_id,
                        resume_hash=secret_hash,
                        host_id=claims.host_id,
                        kind=kind,
                        vouched=claims.vouched or claims.stream_key is not None,
                        rules=claims.rules,
                        session=claims.session,
                        stands_on=claims.stands_on,
                        account_name=claims.account_name,
                        **self._tabs_of(claims, kind),
                    )
                )
            else:
                await room.execute(
                    Resume(
                        participant_id=participant_id,
                        identity=claims.sub,
                        secret_hash=secret_hash,
                        gateway_id=self._gateway_id,
                        session=claims.session,
                    )
                )
                missed = await room.since(resume.version)
            stay = room.state.stays.get(participant_id) or room.state.lobby.get(participant_id)
            if stay is None or stay.gateway_id != self._gateway_id:
                # Removed, ended, or resumed elsewhere, in this very moment.
                raise Refusal(ErrorCode.RESUME_REFUSED, "This stay in the meeting is over. Please join again.")
            connection = Connection(
                sid=sid,
                room=room,
                participant_id=participant_id,
                began=stay.connection,
                resume_secret=secret,
                resumed_after=None if resume is None else resume.version,
                is_settled=resume is not None,
                missed=missed,
                trace_id=claims.trace_id,
                span_id=claims.span_id,
                negotiates=kind is ParticipantKind.PERSON,
            )
            room.arriving.add(connection)
            return connection

    def _tabs_of(self, claims: MeetingClaims, kind: ParticipantKind) -> dict[str, Any]:
        if kind is ParticipantKind.PERSON:
            return {"tabs": self._tabs, "replaces": self._replaces}
        # An encoder that lost its path comes back before the node has missed it, and is one picture then, not two.
        return {"tabs": 1, "replaces": True} if claims.stream_key and kind is ParticipantKind.STREAM else {}

    def welcome(self, connection: Connection) -> bool:
        """Puts the connection into use: the room as it is now, and from then on every event. False if it is over.

        In the lobby it waits, and comes here again when it is let in.
        """
        room = connection.room
        room.arriving.discard(connection)
        if not connection.stands or room.void:
            gone = connection.participant_id not in room.state.stays
            self._delivery.close(connection.sid, CLOSING_OF_LEAVE[LeaveReason.LEFT] if gone else REPLACED)
            return False
        waiting = room.state.lobby.get(connection.participant_id)
        if waiting is not None:
            room.waiting[connection.participant_id] = connection
            message = Waiting(participant_id=connection.participant_id, since=waiting.info.joined_at)
            self._delivery.send([connection.sid], "waiting", message)
            return True
        room.connections[connection.participant_id] = connection
        stay = room.state.stays[connection.participant_id]
        welcome = Welcome(
            participant_id=connection.participant_id,
            resume_secret=connection.resume_secret,
            grace_ms=self._grace_ms,
            version=room.state.version,
            resumed=connection.resumed_after is not None,
            room=snapshot(room.state, room.meeting_id, stay),
            ice_servers=self._ice_servers(stay.info.identity),
            missed=self._missed(connection, stay),
            traced=spans.is_told(),
        )
        self._delivery.send([connection.sid], "welcome", welcome)
        self._media.attach(connection)
        return True

    @staticmethod
    def _missed(connection: Connection, stay: Stay) -> tuple[AnyPublicEvent, ...] | None:
        after, entries = connection.resumed_after, connection.missed
        connection.missed = None
        if after is None or entries is None:
            return None
        return lasting(public_events(after, [entry.event for entry in entries], connection.room.state, stay).events)

    async def drop(self, connection: Connection) -> None:
        """The connection is gone: the grace period begins, unless the participant has left or resumed."""
        room = connection.room
        room.arriving.discard(connection)
        for held in (room.connections, room.waiting):
            if held.get(connection.participant_id) is connection:
                del held[connection.participant_id]
        if not connection.stands or room.state.ended:
            return
        while True:
            try:
                async with self._rooms.use(room.meeting_id) as current:
                    await current.execute(
                        LoseConnection(
                            participant_id=connection.participant_id,
                            connection=connection.began,
                            gateway_id=self._gateway_id,
                        )
                    )
                    return
            except LogUnavailableError as error:
                _log.warning(
                    "a lost connection is not noted yet", extra={"meeting_id": room.meeting_id, "error": error.message}
                )
                await asyncio.sleep(RETRY_S)
