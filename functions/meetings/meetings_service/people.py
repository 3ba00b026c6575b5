"""Whose meeting it is, and who may not come back."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from itertools import chain

from msgspec.structs import replace

from contracts.access_token import AccessClaims
from contracts.client_commands import Unban
from contracts.room_commands import CommandGiven
from contracts.rooms import Identity, MeetingId, Role, room_of
from functions.serverless.cursors import cursor_of_text, identity_of
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError, NotFoundError, UnavailableError
from meetings_service.adapters.contacts import Contacts
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.records import Records
from meetings_service.adapters.repository import Banned, Repository
from meetings_service.adapters.rooms import Rooms
from meetings_service.domain.meetings import Answer, Invitee, Meeting, Status
from meetings_service.errors import MeetingEndedError, MeetingNotLiveError, PersonalRoomError, RoomRefusedError
from meetings_service.notices import Notices
from meetings_service.scheduling import Meetings

_ATTEMPTS = 5


class People:
    """``clock``: seconds since the epoch."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        repository: Repository,
        invitees: Invitees,
        contacts: Contacts,
        notices: Notices,
        records: Records,
        rooms: Rooms,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._repository = repository
        self._invitees = invitees
        self._contacts = contacts
        self._notices = notices
        self._records = records
        self._rooms = rooms
        self._clock = clock
        self._logger = logger

    def transfer(self, caller: AccessClaims, meeting_id: str, user_id: str, name: str | None) -> Meeting:
        """Gives a meeting to somebody with an account who is invited, or was there; who hosted it is a co-host then,
        and the live room follows. Who did not do it is told by mail. May be repeated, and is when the room could not
        be told.

        Raises:
            MeetingNotFoundError, NotTheHostError, MeetingEndedError, PersonalRoomError
            InvalidFieldError: they have nothing to do with the meeting, or their name is not known and not given.
            RateLimitedError: too many mails were sent today.
            RoomsUnavailableError: the live room does not know of it yet.
        """
        for _ in range(_ATTEMPTS):
            meeting = self._meetings.administered_by(caller, meeting_id)
            if meeting.host_id != user_id:  # who asks again is not the host any more
                meeting = self._meetings.owned_by(caller, meeting_id)
            if meeting.personal:
                raise PersonalRoomError
            if meeting.is_over:
                raise MeetingEndedError
            done = self._handed_over(caller, meeting, Identity(user_id), name)
            if done is not None:
                if done.ended_at is None:  # its beginning may not be known here yet
                    self._rooms.change_host(done.room, Identity(done.host_id))
                fields = {"meeting_id": done.id, "user_id": caller.sub, "host_id": done.host_id}
                self._logger.info("host_transferred", extra=fields)
                return done
        raise UnavailableError("Others are changing this meeting at the moment. Please try again.")

    def _handed_over(
        self, caller: AccessClaims, meeting: Meeting, user_id: Identity, name: str | None
    ) -> Meeting | None:
        if user_id == meeting.host_id:
            return meeting
        invited = [each for each in self._invitees.of(meeting.id) if each.user_id == user_id]
        was_there = self._name_of_guest(meeting, user_id)
        if not invited and was_there is None:
            raise InvalidFieldError("user_id", "They are neither invited, nor were they in the meeting.")
        known = name or was_there or next((each.name for each in invited if each.name), None)
        if not known:
            raise InvalidFieldError("name", "How they are called is not known.")
        former = Invitee(
            key=meeting.host_id,
            user_id=Identity(meeting.host_id),
            name=meeting.host_name,
            role=Role.COHOST,
            answer=Answer.ACCEPTED,
            invited_at=int(self._clock() * 1000),
        )
        after = replace(meeting, host_id=user_id, host_name=normalise_line(known, field="name"))
        keys = tuple(each.key for each in invited)
        if caller.sub == former.user_id:
            self._contacts.note(caller)  # they are told of the meeting from now on
        promised = self._notices.of_transfer(meeting, after, invited=invited, by=caller)
        moved = self._invitees.handing_over(after, former=former, keys=keys)
        self._forget_plans_of(meeting, keys)  # first: where this is cut off, nobody knows the keys afterwards
        done = self._repository.replace(meeting, after, [*moved, *self._notices.writes(promised)])
        if done is not None:
            self._notices.start(promised)
            self._forget_plans_of(meeting, keys)  # again: a plan with them may have been kept meanwhile
        return done

    def _forget_plans_of(self, meeting: Meeting, keys: tuple[str, ...]) -> None:
        for key in keys:
            self._meetings.forget_invitee(meeting.id, key)

    def _name_of_guest(self, meeting: Meeting, user_id: Identity) -> str | None:
        """How somebody was called in one of the last two sessions; empty: not told. None: they were not there."""
        sessions = range(meeting.session, max(0, meeting.session - 2), -1)
        stays = (self._records.attendance(room_of(meeting.id, session), user_id) for session in sessions)
        return next((each.name or "" for each in chain.from_iterable(stays)), None)

    def bans(
        self, caller: AccessClaims, meeting_id: str, *, cursor: str | None, limit: int
    ) -> tuple[list[Banned], str | None]:
        """Some who may not come back, and the cursor of the next ones; those who may again make a page shorter.

        Raises:
            MeetingNotFoundError, NotTheHostError
            InvalidFieldError: the cursor is none of ours.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        after = "" if cursor is None else identity_of(cursor)
        banned, last = self._repository.bans(meeting.id, after=after, limit=limit)
        return banned, None if last is None else cursor_of_text(last)

    def lift_ban(self, caller: AccessClaims, meeting_id: str, identity: str) -> None:
        """Somebody may come back, also to the live room. May be repeated, and is when the room could not be reached.

        Raises:
            MeetingNotFoundError, NotTheHostError
            NotFoundError: they were never banned.
            RoomsUnavailableError, OutcomeUnknownError: the live room does not know of it (yet, perhaps).
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        if not self._repository.lift_ban(meeting.id, identity):
            raise NotFoundError("Nobody by this identity was banned.")
        if meeting.status is Status.LIVE:
            self._lift_in_room(meeting.room, Identity(identity), by=caller.sub)
        self._logger.info("ban_lifted", extra={"meeting_id": meeting.id, "user_id": caller.sub})

    def _lift_in_room(self, room_id: MeetingId, identity: Identity, *, by: Identity) -> None:
        command = CommandGiven(name="unban", body={"identity": Unban(identity=identity).identity})
        with contextlib.suppress(MeetingNotLiveError, RoomRefusedError):  # it has ended by now
            self._rooms.ask(room_id, command, by=by)
