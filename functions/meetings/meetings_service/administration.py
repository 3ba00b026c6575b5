"""Administering live rooms: who may, what is asked of the room, and the list of those that are live."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.client_commands import COMMANDS
from contracts.command import Command
from contracts.room_commands import (
    CommandDone,
    CommandGiven,
    ParticipantPage,
    ParticipantRead,
    ParticipantsRead,
    ParticipantStatisticsRead,
    ParticipantView,
    PlaceInRoom,
    RoomRead,
    RoomRequest,
    RoomView,
    StatisticsRead,
)
from contracts.rooms import MeetingId, ParticipantId, session_of
from contracts.statistics import ParticipantStatistics, RoomStatistics
from functions.serverless.cursors import Place, cursor_at, place_of
from functions.serverless.problems import NotFoundError
from meetings_service.adapters.live_rooms import LivePage, LiveRooms
from meetings_service.adapters.rooms import Rooms
from meetings_service.domain.meetings import Status
from meetings_service.errors import MeetingEndedError
from meetings_service.scheduling import Meetings

A = TypeVar("A", bound=Struct)
_NAMES = {kind: name for name, kind in COMMANDS.items()}


class Administration:
    """For a meeting's host, and for administrators of the platform. Every method but `live` raises as `_ask` does."""

    def __init__(self, *, meetings: Meetings, rooms: Rooms, live_rooms: LiveRooms, logger: logging.Logger) -> None:
        self._meetings = meetings
        self._rooms = rooms
        self._live_rooms = live_rooms
        self._logger = logger

    def live(
        self, caller: AccessClaims, *, cursor: str | None, limit: int
    ) -> tuple[LivePage, dict[MeetingId, str], str | None]:
        """A page of the caller's live rooms, for an administrator of all; their titles; and the next page's cursor.

        Raises:
            InvalidFieldError: the cursor is none of ours.
            RoomsUnavailableError: the list cannot be read.
        """
        page = self._live_rooms.page(
            host_id=None if caller.may(Permission.MEETINGS_ADMINISTER) else caller.sub,
            after=None if cursor is None else place_of(cursor),
            limit=limit,
        )
        titles = self._meetings.titles([session_of(summary.meeting_id)[0] for summary in page.rooms])
        return page, titles, None if page.last is None else cursor_at(page.last)

    def room(self, caller: AccessClaims, meeting_id: str) -> RoomView:
        """The room without its participants."""
        return self._ask(caller, meeting_id, RoomRead(), RoomView)

    def participants(
        self, caller: AccessClaims, meeting_id: str, *, cursor: str | None, limit: int
    ) -> tuple[ParticipantPage, str | None]:
        """Some participants, in the order of joining, and the next page's cursor."""
        place = None if cursor is None else place_of(cursor)
        after = None if place is None else PlaceInRoom(joined_at=place.time, participant_id=ParticipantId(place.id))
        page = self._ask(caller, meeting_id, ParticipantsRead(after=after, limit=limit), ParticipantPage)
        if not page.more:
            return page, None
        last = page.participants[-1].info
        return page, cursor_at(Place(time=last.joined_at, id=last.id))

    def participant(self, caller: AccessClaims, meeting_id: str, participant_id: str) -> ParticipantView:
        """One participant."""
        read = ParticipantRead(participant_id=ParticipantId(participant_id))
        return self._ask(caller, meeting_id, read, ParticipantView)

    def statistics(self, caller: AccessClaims, meeting_id: str) -> RoomStatistics:
        """How the media of all participants does."""
        return self._ask(caller, meeting_id, StatisticsRead(), RoomStatistics)

    def participant_statistics(
        self, caller: AccessClaims, meeting_id: str, participant_id: str
    ) -> ParticipantStatistics:
        """How one participant's media does, stream by stream."""
        read = ParticipantStatisticsRead(participant_id=ParticipantId(participant_id))
        return self._ask(caller, meeting_id, read, ParticipantStatistics)

    def command(
        self, caller: AccessClaims, meeting_id: str, command: Command, *, key: str | None = None
    ) -> dict[str, Any]:
        """Has the room carry out a command; its answer, once what it does stands in the log. ``key`` as in `Rooms.ask`.

        Raises:
            NotFoundError: it names something that cannot exist.
        """
        body: dict[str, Any] = msgspec.to_builtins(command)
        try:
            msgspec.convert(body, type(command))
        except msgspec.ValidationError as error:
            raise NotFoundError("There is nothing by such an id.") from error
        name = _NAMES[type(command)]
        done = self._ask(caller, meeting_id, CommandGiven(name=name, body=body), CommandDone, key=key)
        fields = {"meeting_id": meeting_id, "command": name, "user_id": caller.sub}
        self._logger.info("room_command", extra=fields)
        return done.answer

    def _ask(
        self, caller: AccessClaims, meeting_id: str, request: RoomRequest, kind: type[A], *, key: str | None = None
    ) -> A:
        """The room's answer.

        Raises:
            MeetingNotFoundError, NotTheHostError, MeetingEndedError: the caller cannot ask that.
            MeetingNotLiveError, RoomRefusedError, RoomsUnavailableError, OutcomeUnknownError, KeyReusedError: see
                `Rooms.ask`.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        if meeting.status in {Status.ENDED, Status.CANCELLED}:
            raise MeetingEndedError
        answer = self._rooms.ask(meeting.room, request, by=caller.sub, key=key)
        if not isinstance(answer, kind):
            raise TypeError(f"a {type(answer).__name__} came where a {kind.__name__} was asked for")
        return answer
