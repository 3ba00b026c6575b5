"""Personal rooms: one for each host, under a link that stays until its host wants another."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.access_token import AccessClaims
from functions.serverless.names import normalise_line
from functions.serverless.problems import UnavailableError
from meetings_service.adapters.repository import Repository, personal_room_of
from meetings_service.domain.meetings import Meeting, Status
from meetings_service.errors import MeetingNotFoundError
from meetings_service.scheduling import Meetings

_ATTEMPTS = 5


class PersonalRooms:
    """A room that was cancelled is none: the next one takes its place, with its settings."""

    def __init__(self, *, meetings: Meetings, repository: Repository) -> None:
        self._meetings = meetings
        self._repository = repository

    def find(self, host: AccessClaims) -> Meeting:
        """The personal room of ``host``.

        Raises:
            MeetingNotFoundError: none was made yet, or it was cancelled.
        """
        room = self._last(host)
        if room is None or room.status is Status.CANCELLED:
            raise MeetingNotFoundError
        return room

    def make(self, host: AccessClaims, *, title: str | None) -> Meeting:
        """The personal room of ``host``, made if there is none.

        Raises:
            InvalidFieldError: the title cannot be used.
            UnavailableError: it is made and deleted again and again at this moment.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._made(host, title=title)
            except MeetingNotFoundError:  # the one that was there a moment ago has been deleted
                continue
        raise UnavailableError("This room is being changed at the moment. Please try again.")

    def _made(self, host: AccessClaims, *, title: str | None) -> Meeting:
        former = self._last(host)
        if former is not None and former.status is not Status.CANCELLED:
            return former
        if former is not None:
            return self._in_place_of(former, host, title=title)
        name = normalise_line(title or host.name, field="title")
        settings = self._repository.organisation().defaults
        room = replace(self._meetings.blank(host, title=name, personal=True), settings=settings)
        return self._meetings.add(room, personal_room_of(host.sub))

    def renew(self, host: AccessClaims) -> Meeting:
        """A personal room with another link. The former one is cancelled: its link opens nothing any more.

        Whoever is cut off has cancelled the former one and made none yet, or has made the other one.

        Raises:
            MeetingNotFoundError: there is none yet.
            RoomsUnavailableError: who is in the room could not be told; it may be asked again.
        """
        former = self._last(host)
        if former is None:
            raise MeetingNotFoundError
        self._meetings.call_off(former, by=host.sub)
        return self._in_place_of(former, host, title=None)

    def _in_place_of(self, former: Meeting, host: AccessClaims, *, title: str | None) -> Meeting:
        name = former.title if title is None else normalise_line(title, field="title")
        room = replace(
            self._meetings.blank(host, title=name, personal=True),
            description=former.description,
            settings=former.settings,
        )
        return self._meetings.add(room, replace(personal_room_of(host.sub), instead_of=former.id))

    def _last(self, host: AccessClaims) -> Meeting | None:
        """The room that was made last, whatever has become of it."""
        purpose = personal_room_of(host.sub)
        known = self._repository.made_for(purpose)
        if known is None:
            return None
        try:
            return self._repository.find(known[0])
        except MeetingNotFoundError:  # deleted in this moment
            self._repository.forget_purpose(purpose, known[0])
            return None
