"""Making, changing, listing and ending meetings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.rooms import MeetingId
from functions.serverless.names import normalise_line
from meetings_service.adapters.repository import Page, Repository
from meetings_service.adapters.rooms import Rooms
from meetings_service.domain.meetings import Meeting, Status, is_meeting_id, meeting_id
from meetings_service.errors import MeetingNotFoundError, NotTheHostError

_ID_ATTEMPTS = 5


class Meetings:
    """A user's meetings. ``clock``: seconds since the epoch. ``randomness``: so many octets that nobody can guess."""

    def __init__(
        self,
        *,
        repository: Repository,
        rooms: Rooms,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._repository = repository
        self._rooms = rooms
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    def create(self, host: AccessClaims, *, title: str, guests_allowed: bool) -> Meeting:
        """Makes a meeting of ``host``.

        Raises:
            InvalidFieldError: the title cannot be used.
        """
        name = normalise_line(title, field="title")
        for _ in range(_ID_ATTEMPTS):
            meeting = Meeting(
                id=meeting_id(self._randomness(8)),
                title=name,
                host_id=host.sub,
                host_name=host.name,
                guests_allowed=guests_allowed,
                created_at=int(self._clock() * 1000),
            )
            if self._repository.add(meeting):
                self._event("meeting_created", meeting, user_id=host.sub)
                return meeting
        raise RuntimeError("no free meeting id: the source of randomness repeats itself")

    def find(self, meeting_id: str) -> Meeting:
        """The meeting with an id.

        Raises:
            MeetingNotFoundError: there is none.
        """
        if not is_meeting_id(meeting_id):
            raise MeetingNotFoundError
        return self._repository.find(MeetingId(meeting_id))

    def titles(self, meeting_ids: Sequence[MeetingId]) -> dict[MeetingId, str]:
        """The titles of some meetings; those that are not there are left out."""
        return self._repository.titles(meeting_ids)

    def list_of(self, host: AccessClaims, *, cursor: str | None, limit: int) -> Page:
        """A page of the meetings of ``host``, newest first.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        return self._repository.list_of_host(host.sub, cursor=cursor, limit=limit)

    def change(self, caller: AccessClaims, meeting_id: str, changes: dict[str, str | bool]) -> Meeting:
        """Changes ``title`` or ``guests_allowed``.

        Raises:
            MeetingNotFoundError, NotTheHostError, InvalidFieldError
        """
        meeting = self._hosted_by(caller, meeting_id)
        if isinstance(title := changes.get("title"), str):
            changes = {**changes, "title": normalise_line(title, field="title")}
        return self._repository.change(meeting.id, changes)

    def end(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        """Ends a meeting for all: nobody can join from now on, and the live room is asked to close.

        May be repeated, and is when the room could not be reached.

        Raises:
            MeetingNotFoundError, NotTheHostError, RoomsUnavailableError
        """
        meeting = self.administered_by(caller, meeting_id)
        if meeting.status is not Status.ENDED:
            self._repository.record_time(meeting.id, "ended_at", int(self._clock() * 1000))
            self._event("meeting_ended", meeting, user_id=caller.sub)
        self._rooms.end(meeting.id, by=caller.sub)
        return self._repository.find(meeting.id)

    def administered_by(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        """A meeting that ``caller`` may administer: her own, for an administrator any.

        Raises:
            MeetingNotFoundError, NotTheHostError
        """
        return (
            self.find(meeting_id) if caller.may(Permission.MEETINGS_ADMINISTER) else self._hosted_by(caller, meeting_id)
        )

    def _hosted_by(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        meeting = self.find(meeting_id)
        if meeting.host_id != caller.sub:
            raise NotTheHostError
        return meeting

    def _event(self, name: str, meeting: Meeting, **fields: str) -> None:
        self._logger.info(name, extra={"meeting_id": meeting.id, **fields})
