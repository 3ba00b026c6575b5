"""Participants who come in by the standard doors: over HTTP, without a signalling connection (WHIP, RFC 9725; WHEP).

Such a participant is in the room like any other, by the same admission and the same log. What a Socket.IO connection is
to others, its media transport is to it: it leaves when the node reports that failed, or says that it is not connected.
Its resource is named by the meeting, the participant and the secret that resumes a stay, so any gateway can serve it;
one that takes over a lost gateway's rooms takes over its streams as they are. (docs/decisions/0019)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from msgspec import Struct

from contracts.client_commands import PublishOffer
from contracts.client_messages import Closing, RoomEvents
from contracts.error_codes import ErrorCode
from contracts.meeting_token import MeetingClaims
from contracts.node_rpc import (
    CheckTransport,
    ChooseTracks,
    Done,
    IceRestarted,
    Published,
    RestartIce,
    TransportChecked,
    Watch,
)
from contracts.public_events import UnmuteAskedEvent
from contracts.rooms import MeetingId, ParticipantId, ParticipantKind
from signaling_gateway.domain.commands import Leave, Resume, Unmute
from signaling_gateway.domain.offered_media import IceFragment, ice_ufrag, offered_sections, streamed_tracks
from signaling_gateway.domain.permissions import Action, publishing, require
from signaling_gateway.domain.room_state import Stay
from signaling_gateway.domain.watching import View, chosen_tracks
from signaling_gateway.errors import GatewayError, LogUnavailableError, NodeError, Refusal
from signaling_gateway.service.admission import Admission
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.door_session import (
    Answered,
    DoorSession,
    NamedRooms,
    RestartBudget,
    known_stay,
    no_session,
)
from signaling_gateway.service.live_room import Connection, LiveRoom
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.rooms import Rooms
from telemetry.logs import bound

CONNECT_WITHIN_S = 20.0
"""How long a client has from the answer to its first connectivity check."""
CHECK_EVERY_S = 10.0
"""How often a node is asked whether a transport is connected: its report of the end may be lost."""
LOBBY_PATIENCE_S = 6.0
"""How long a request waits to be let in from the lobby: encoders give up after eight or ten seconds."""
LOBBY_STAY_S = 30.0
"""How long the place in the lobby is kept for the same token's next request."""
RETRY_S = 1.0

_TRANSPORT_OF = {ParticipantKind.STREAM: "publish", ParticipantKind.VIEWER: "subscribe"}

_LobbyPlace: TypeAlias = tuple[str, ParticipantKind]
"""A token's id, and the door."""

_log = logging.getLogger(__name__)


class StandardDoors:
    """The sessions of this gateway. Also what is delivered to them: they read no messages, but some have consequences.

    ``steady`` is the event loop's clock. ``closing`` says whether the gateway lets nobody in any more.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        rooms: Rooms,
        media: MediaNegotiation,
        tasks: BackgroundTasks,
        restarts: RestartBudget,
        max_sessions: int,
        new_id: Callable[[], str],
        steady: Callable[[], float],
        closing: Callable[[], bool],
    ) -> None:
        self._admission = admission
        self._rooms = rooms
        self._media = media
        self._tasks = tasks
        self._restarts = restarts
        self._max_sessions = max_sessions
        self._new_id = new_id
        self._steady = steady
        self._closing = closing
        self._named = NamedRooms(rooms, steady)
        self._sessions: dict[str, DoorSession] = {}
        self._in_lobby: dict[_LobbyPlace, tuple[DoorSession, asyncio.TimerHandle]] = {}
        """Who waits while no request does, and what gives them up."""

    def __len__(self) -> int:
        return len(self._sessions)

    async def keep_watch(self) -> None:
        """Ends the sessions whose transports are not connected, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            due = [session for session in self._sessions.values() if session.checked_from <= self._steady()]
            await asyncio.gather(*(self._check(session) for session in due))

    # ---- what clients ask for ----

    async def open_stream(self, claims: MeetingClaims, offer: str, *, screen: bool) -> Answered:
        """A new participant who publishes what ``offer`` sends, as a camera's or as a screen's.

        Raises:
            Refusal, NodeError, LogUnavailableError: nobody has come in. `ErrorCode.WAITING_IN_LOBBY`: not yet; the
                place in the lobby is kept for a while.
        """
        tracks = streamed_tracks(offered_sections(offer), screen=screen)
        for track in tracks:
            require(claims.permissions, publishing(track.source))

        async def publish(session: DoorSession) -> str:
            return (await self._media.publish(session.connection, PublishOffer(sdp=offer, tracks=tracks))).sdp

        return await self._opened(claims, ParticipantKind.STREAM, offer, publish)

    async def open_view(self, claims: MeetingClaims, offer: str, view: View) -> Answered:
        """A new participant who is sent what ``view`` chooses, on the m-lines of ``offer``, and chooses anew by itself.

        Raises:
            Refusal, NodeError, LogUnavailableError: as `open_stream`.
        """
        require(claims.permissions, Action.SUBSCRIBE)

        async def watch(session: DoorSession) -> str:
            stay = session.connection.room.state.stay_of(session.connection.participant_id)
            require(stay.info.permissions, Action.SUBSCRIBE)
            session.view = view
            return await self._watch(session, offer)

        return await self._opened(claims, ParticipantKind.VIEWER, offer, watch)

    async def _opened(
        self,
        claims: MeetingClaims,
        kind: ParticipantKind,
        offer: str,
        negotiate: Callable[[DoorSession], Awaitable[str]],
    ) -> Answered:
        session = await self._entered(claims, kind)
        connection = session.connection
        try:
            with bound(**connection.names):
                answer = await negotiate(session)
        except BaseException:
            self._end(session)
            raise
        session.ice_session, session.client_ufrag = ice_ufrag(answer), ice_ufrag(offer)
        session.checked_from = self._steady() + CONNECT_WITHIN_S
        _log.info("a session has begun", extra=connection.names | {"kind": kind})
        return Answered(
            sdp=answer,
            meeting_id=connection.room.meeting_id,
            participant_id=connection.participant_id,
            secret=connection.resume_secret,
            ice_session=session.ice_session or "",
        )

    async def end(self, meeting_id: MeetingId, participant_id: ParticipantId, secret: str) -> None:
        """The participant leaves, whichever gateway its session is at.

        Raises:
            Refusal: there is no such session (``not_found``), or too much is asked of rooms that are not open here
                (``rate_limited``).
            LogUnavailableError: it may not have left.
        """
        async with self._named.use(meeting_id) as room:
            known_stay(room, participant_id, secret)
            await room.execute(Leave(participant_id=participant_id))

    async def change_ice(
        self,
        meeting_id: MeetingId,
        participant_id: ParticipantId,
        secret: str,
        *,
        fragment: IceFragment,
        ice_session: str | None,
    ) -> IceRestarted | None:
        """Takes candidates of the ICE session ``ice_session``, or restarts ICE (None).

        The node learns a client's addresses from its checks, so candidates tell it nothing; the answer is None then.

        Raises:
            Refusal: there is no such session (``not_found``), the ICE session is another one by now
                (``precondition_failed``), a restart brings no credentials (``bad_sdp``), or there are too many of them,
                or as for `end` (``rate_limited``).
            NodeError, LogUnavailableError: nothing has changed.
        """
        if ice_session is not None:
            held = await self._held(meeting_id, participant_id, secret)
            known = ((held.ice_session, ice_session), (held.client_ufrag, fragment.ufrag)) if held is not None else ()
            if any(None not in pair and pair[0] != pair[1] for pair in known):
                raise Refusal(
                    ErrorCode.PRECONDITION_FAILED, "ICE has been restarted since. A restart is asked with If-Match: *."
                )
            return None
        if fragment.ufrag is None or fragment.pwd is None:
            raise Refusal(ErrorCode.BAD_SDP, "An ICE restart needs a=ice-ufrag and a=ice-pwd.")
        session = await self._session(meeting_id, participant_id, secret)
        if not await self._restarts.draw(participant_id):
            raise Refusal(ErrorCode.RATE_LIMITED, "Slower, please.")
        request = RestartIce(
            meeting_id=meeting_id,
            participant_id=participant_id,
            transport=session.transport,
            ufrag=fragment.ufrag,
            pwd=fragment.pwd,
        )
        with bound(**session.connection.names):
            restarted = await self._media.ask(session.connection, request, IceRestarted)
        session.ice_session, session.client_ufrag = restarted.ufrag, fragment.ufrag
        session.checked_from = self._steady() + CONNECT_WITHIN_S
        return restarted

    # ---- what happens ----

    def transport_failed(self, connection: Connection, transport: str) -> None:
        """A node says that a transport is no more."""
        session = self._sessions.get(connection.sid)
        if session is not None and session.transport == transport:
            self._end(session)

    def taken_over(self, room: LiveRoom, stay: Stay) -> None:
        """This gateway answers for the participant from now on."""
        known = room.connections.get(stay.info.id)
        if known is not None and known.sid in self._sessions:
            known.began = stay.connection
            return
        connection = Connection(
            sid=self._new_id(),
            room=room,
            participant_id=stay.info.id,
            began=stay.connection,
            resume_secret="",
            resumed_after=None,
            negotiates=False,
        )
        self._sessions[connection.sid] = DoorSession(
            connection=connection, transport="publish", checked_from=self._steady()
        )
        room.connections[stay.info.id] = connection
        self._media.attach(connection)

    def holds(self, sid: str) -> bool:
        """Whether ``sid`` is the connection of one of the sessions."""
        return sid in self._sessions

    def heard(self, sid: str, event: str, message: Struct) -> None:
        """What a client with a signalling connection would be told."""
        session = self._sessions[sid]
        if event == "welcome":
            session.decided.set()
        elif event == "media_restart":
            # Nobody can tell the client to offer again; it notices that its transport is gone.
            self._end(session)
        elif isinstance(message, RoomEvents):
            for each in message.events:
                if isinstance(each, UnmuteAskedEvent):
                    self._tasks.spawn(self._unmute(session.connection, each))
            if session.shown is not None:
                self._tasks.spawn(self._show(session))

    def closed(self, sid: str, closing: Closing) -> None:
        """The participant is no longer in the room, or no longer this gateway's."""
        session = self._sessions.pop(sid)
        session.closing = closing
        session.decided.set()

    # ---- inside ----

    async def _entered(self, claims: MeetingClaims, kind: ParticipantKind) -> DoorSession:
        place = (claims.jti, kind)
        session = self._from_lobby(place) or await self._admitted(claims, kind)
        try:
            async with asyncio.timeout(LOBBY_PATIENCE_S):
                await session.decided.wait()
        except TimeoutError:
            if not session.decided.is_set():
                # Of two requests at once with one token, one waits on.
                self._give_up(place)
                later = asyncio.get_running_loop().call_later(LOBBY_STAY_S, self._give_up, place)
                self._in_lobby[place] = session, later
                raise Refusal(ErrorCode.WAITING_IN_LOBBY, "Somebody has to let you in first.") from None
        if session.closing is not None:
            raise Refusal(session.closing.code, session.closing.message)
        return session

    def _from_lobby(self, place: _LobbyPlace) -> DoorSession | None:
        session, later = self._in_lobby.pop(place, (None, None))
        if later is not None:
            later.cancel()
        return session

    def _give_up(self, place: _LobbyPlace) -> None:
        session = self._from_lobby(place)
        if session is not None:
            self._end(session)

    async def _admitted(self, claims: MeetingClaims, kind: ParticipantKind) -> DoorSession:
        if self._closing():
            raise GatewayError(ErrorCode.GATEWAY_CLOSING, "The server is being restarted. One moment, please.")
        if len(self._sessions) >= self._max_sessions:
            raise GatewayError(ErrorCode.SERVICE_UNAVAILABLE, "This server has as many of them as it takes.")
        sid = self._new_id()
        connection = await self._admission.admit(sid, claims, None, kind=kind)
        session = self._sessions[sid] = DoorSession(
            connection=connection, transport=_TRANSPORT_OF[kind], checked_from=float("inf")
        )
        self._admission.welcome(connection)
        return session

    async def _held(self, meeting_id: MeetingId, participant_id: ParticipantId, secret: str) -> DoorSession | None:
        """The session, if it is this gateway's."""
        async with self._named.use(meeting_id) as room:
            known_stay(room, participant_id, secret)
            connection = room.connections.get(participant_id)
            return None if connection is None else self._sessions.get(connection.sid)

    async def _session(self, meeting_id: MeetingId, participant_id: ParticipantId, secret: str) -> DoorSession:
        """The session; a stream's is fetched from another gateway if need be."""
        held = await self._held(meeting_id, participant_id, secret)
        if held is not None:
            return held
        async with self._rooms.use(meeting_id) as room:
            stay = known_stay(room, participant_id, secret)
            if stay.info.kind is not ParticipantKind.STREAM:
                raise no_session()
            await room.execute(
                Resume(
                    participant_id=participant_id,
                    identity=stay.info.identity,
                    secret_hash=stay.resume_hash,
                    gateway_id=self._rooms.gateway_id,
                )
            )
            connection = room.connections.get(participant_id)
            session = None if connection is None else self._sessions.get(connection.sid)
            if session is None:
                raise no_session()
            return session

    async def _watch(self, session: DoorSession, offer: str) -> str:
        connection = session.connection
        shown = chosen_tracks(connection.room.state, connection.participant_id, session.view)
        request = Watch(
            meeting_id=connection.room.meeting_id,
            participant_id=connection.participant_id,
            sdp=offer,
            tracks=shown,
        )
        published = await self._media.ask(connection, request, Published, attach=True)
        session.shown = shown
        # The room may have changed meanwhile.
        await self._show(session)
        return published.sdp

    async def _show(self, session: DoorSession) -> None:
        """Tells the node if something else is to be shown than before: one choice after the other, the latest last."""
        connection = session.connection
        async with session.showing:
            shown = chosen_tracks(connection.room.state, connection.participant_id, session.view)
            if (shown == session.shown and not session.is_doubtful) or not connection.stands:
                return
            request = ChooseTracks(
                meeting_id=connection.room.meeting_id, participant_id=connection.participant_id, tracks=shown
            )
            try:
                await self._media.ask(connection, request, Done)
            except GatewayError as error:
                # Perhaps the node has heard it. What is wanted then is said with the next check.
                session.is_doubtful = True
                _log.warning("a viewer is not shown what is new", extra=connection.names | {"error": error.message})
                return
            session.shown, session.is_doubtful = shown, False

    async def _check(self, session: DoorSession) -> None:
        connection = session.connection
        if session.shown is not None:
            await self._show(session)
        try:
            request = CheckTransport(
                meeting_id=connection.room.meeting_id,
                participant_id=connection.participant_id,
                transport=session.transport,
            )
            connected = (await self._media.ask(connection, request, TransportChecked)).connected
        except NodeError as error:
            # A node that is gone is replaced soon, and then the session ends.
            _log.info("a session is not checked", extra=connection.names | {"error": error.message})
            return
        except Refusal:
            return  # it is over already
        if not connected and session.checked_from <= self._steady():
            self._end(session)

    async def _unmute(self, connection: Connection, asked: UnmuteAskedEvent) -> None:
        """Who streams has said already that they want to be heard: being asked is being allowed."""
        room = connection.room
        for track in list(room.state.tracks_of(connection.participant_id)):
            if track.info.source is asked.source:
                try:
                    await room.execute(Unmute(participant_id=connection.participant_id, track_id=track.info.id))
                except GatewayError as error:
                    _log.info("a stream stays muted", extra=connection.names | {"error": error.message})

    def _end(self, session: DoorSession) -> None:
        connection = session.connection
        with bound(**connection.names):
            _log.info("a session ends")
            self._tasks.spawn(self._leave(connection.room.meeting_id, connection.participant_id))

    async def _leave(self, meeting_id: MeetingId, participant_id: ParticipantId) -> None:
        while True:
            try:
                async with self._rooms.use(meeting_id) as room:
                    await room.execute(Leave(participant_id=participant_id))
                    return
            except LogUnavailableError as error:
                _log.warning("a session's end is not noted yet", extra={"meeting_id": meeting_id, "error": str(error)})
                await asyncio.sleep(RETRY_S)
