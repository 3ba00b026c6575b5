"""Making, changing, listing and ending meetings."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.rooms import Identity, MeetingId, Role
from functions.serverless.cursors import cursor_of_text, number_of
from functions.serverless.preconditions import PreconditionFailedError, is_asked_for
from functions.serverless.problems import UnavailableError, UnderWayError
from meetings_service.adapters.invitees import Invitees
from meetings_service.adapters.lists import Lists, Page, Span
from meetings_service.adapters.prepared import Prepared
from meetings_service.adapters.records import Records, Session
from meetings_service.adapters.repository import Added, Found, Purpose, Repository, personal_room_of
from meetings_service.adapters.rooms import Rooms
from meetings_service.domain import webhook_events
from meetings_service.domain.changes import changed
from meetings_service.domain.meetings import Meeting, Status, is_meeting_id, meeting_id
from meetings_service.domain.record import Ended
from meetings_service.domain.webhook_events import Event
from meetings_service.errors import (
    KeyReusedError,
    MeetingCancelledError,
    MeetingEndedError,
    MeetingLiveError,
    MeetingNotFoundError,
    NotTheHostError,
)
from meetings_service.follow_ups import FollowUps
from meetings_service.notices import Notices, Queued
from meetings_service.outbox import Outbox
from meetings_service.reminding import Reminding

_ATTEMPTS = 5
_REQUEST_KNOWN_S = 24 * 3600
"""How long a request that has a name of its own is known."""
Headers = Mapping[str, str]
"""Of a request, with lower-case names."""


class Meetings:
    """Meetings. ``clock``: seconds since the epoch. ``randomness``: so many octets that nobody can guess."""

    def __init__(
        self,
        *,
        repository: Repository,
        prepared: Prepared,
        lists: Lists,
        records: Records,
        rooms: Rooms,
        outbox: Outbox,
        invitees: Invitees,
        follow_ups: FollowUps,
        notices: Notices,
        reminding: Reminding,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._repository = repository
        self._prepared = prepared
        self._lists = lists
        self._records = records
        self._rooms = rooms
        self._outbox = outbox
        self._invitees = invitees
        self._follow_ups = follow_ups
        self._notices = notices
        self._reminding = reminding
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    # ---- making ----

    def create(self, host: AccessClaims, asked: dict[str, Any], *, request_key: str | None) -> Meeting:
        """Makes a meeting of ``host``, with the organisation's defaults where ``asked`` says nothing.

        ``request_key`` names the request: made again within a day, it gives the same meeting.

        Raises:
            InvalidFieldError: something in it cannot be used.
            KeyReusedError: the key names another request.
            UnderWayError: the same request is being served at this moment.
        """
        purpose = None if request_key is None else self._request(host, asked, request_key)
        settings = self._repository.organisation().defaults
        blank = self.blank(host, title=host.name or "?")
        wanted = changed(replace(blank, settings=settings), asked, now=self._now())
        return self.add(replace(wanted, sequence=0, rescheduled=0, changed_at=None), purpose)

    def blank(self, host: AccessClaims, *, title: str, personal: bool = False) -> Meeting:
        """A meeting of ``host`` that has no id yet, to be changed and added."""
        return Meeting(
            id=MeetingId(""),
            title=title,
            host_id=host.sub,
            host_name=host.name,
            created_at=self._now(),
            personal=personal,
        )

    def _request(self, host: AccessClaims, asked: dict[str, Any], key: str) -> Purpose:
        return Purpose(
            user_id=host.sub,
            sort_key=f"REQUEST#{hashlib.sha256(key.encode()).hexdigest()}",
            digest=hashlib.sha256(msgspec.json.encode(asked)).hexdigest(),
            expires_at=int(self._clock()) + _REQUEST_KNOWN_S,
        )

    def add(self, wanted: Meeting, purpose: Purpose | None) -> Meeting:
        """Adds a meeting under a new id, or gives the one that was made for the same purpose.

        Raises:
            KeyReusedError: the purpose has another one.
            MeetingNotFoundError: the one in whose place it was to be is not there any more.
            UnderWayError: one is being added for it at this moment.
        """
        former = None if purpose is None else purpose.instead_of
        for _ in range(_ATTEMPTS):
            meeting = replace(wanted, id=meeting_id(self._randomness(9)))
            renewal = () if former is None else self._follow_ups.of_renewal(former, meeting)
            promised = (*renewal, *self._follow_ups.of_event(meeting, webhook_events.created(meeting)))
            also = [*self._reminding.writes(None, meeting), *self._follow_ups.writes(promised)]
            added = self._repository.add(meeting, purpose, also)
            if added is Added.DONE:
                self._follow_ups.keep(promised)
                self._event("meeting_created", meeting, user_id=meeting.host_id)
                return meeting
            known = None if purpose is None or added is Added.ID_TAKEN else self._repository.made_for(purpose)
            if purpose is not None and known is not None:
                if known[1] != purpose.digest:
                    raise KeyReusedError
                return self._repository.find(known[0])
            if added is Added.KNOWN and former is not None:
                raise MeetingNotFoundError
        if added is Added.BUSY:
            raise UnderWayError
        raise RuntimeError("no free meeting id: the source of randomness repeats itself")

    # ---- reading ----

    def find(self, meeting_id: str) -> Meeting:
        """The meeting with an id.

        Raises:
            MeetingNotFoundError: there is none.
        """
        return self.find_for(meeting_id, None).meeting

    def find_for(self, meeting_id: str, user: AccessClaims | None, *, identity: Identity | None = None) -> Found:
        """The meeting with an id, and what ``user``, or somebody else with an ``identity``, is to it.

        Raises:
            MeetingNotFoundError: there is none.
        """
        if not is_meeting_id(meeting_id):
            raise MeetingNotFoundError
        return self._repository.find_for(
            MeetingId(meeting_id),
            identity=identity if user is None else user.sub,
            address=None if user is None else user.proven_address,
        )

    def titles(self, meeting_ids: Sequence[MeetingId]) -> dict[MeetingId, str]:
        """The titles of some meetings; those that are not there are left out."""
        return self._repository.titles(meeting_ids)

    def list_of(self, user: AccessClaims, name: str, *, within: Span, cursor: str | None, limit: int) -> Page:
        """A page of one of a user's lists: ``hosted``, ``invited``, ``upcoming`` or ``past``.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        if name == "hosted":
            return self._lists.hosted(user.sub, cursor=cursor, limit=limit, within=within)
        if name == "past":
            return self._lists.past(user.sub, cursor=cursor, limit=limit, within=within)
        if user.proven_address is not None:
            self._claim_invitations(user, user.proven_address)
        if name == "invited":
            return self._lists.invited(user.sub, cursor=cursor, limit=limit, within=within)
        now = max(self._now(), within.since or 0)
        return self._lists.upcoming(user.sub, now=now, cursor=cursor, limit=limit, until=within.until)

    def sessions(
        self, caller: AccessClaims, meeting_id: str, *, cursor: str | None, limit: int
    ) -> tuple[list[Session], str | None]:
        """Some of the times that people met, the latest first, and the cursor of the next ones.

        Raises:
            MeetingNotFoundError, NotTheHostError
            InvalidFieldError: the cursor is none of ours.
        """
        meeting = self.administered_by(caller, meeting_id)
        before = None if cursor is None else number_of(cursor)
        sessions, more = self._records.sessions(meeting.id, before=before, limit=limit)
        return sessions, cursor_of_text(str(sessions[-1].number)) if more else None

    def forget_invitee(self, meeting_id: MeetingId, key: str) -> None:
        """Who is invited no more is in no plan. May be repeated."""
        self._prepared.plans.forget_invitee(meeting_id, key)

    def claim(self, found: Found, user: AccessClaims | None) -> None:
        """The invitation of who joins is that of the account from now on, if it was to an address alone."""
        if user is not None and found.invitee is not None and found.invitee.user_id is None:
            self._invitees.claim(found.meeting, found.invitee, user.sub)

    def _claim_invitations(self, user: AccessClaims, address: str) -> None:
        """Invitations to the user's address are those of the account from now on."""
        unclaimed = self._lists.unclaimed(address)
        meetings = self._repository.find_some([invited_to for invited_to, _ in unclaimed])
        for invited_to, invitee in unclaimed:
            if invited_to in meetings:
                self._invitees.claim(meetings[invited_to], invitee, user.sub)

    # ---- changing ----

    def change(self, caller: AccessClaims, meeting_id: str, change: dict[str, Any], headers: Headers) -> Meeting:
        """Changes a meeting by a merge patch (`domain.changes`), if it has the version that the request asks for.

        Raises: as `change_by`.
        """
        return self.change_by(caller, meeting_id, lambda meeting: changed(meeting, change, now=self._now()), headers)

    def change_by(
        self, caller: AccessClaims, meeting_id: str, decide: Callable[[Meeting], Meeting], headers: Headers
    ) -> Meeting:
        """Makes of a meeting what ``decide`` makes of it, if it has the version that the request asks for, and tells
        the invited.

        Raises:
            MeetingNotFoundError, NotTheHostError, MeetingCancelledError, InvalidFieldError
            PreconditionFailedError: somebody else has changed it meanwhile.
            RateLimitedError: too many mails were sent today to tell the invited of it.
        """
        for _ in range(_ATTEMPTS):
            meeting = self.administered_by(caller, meeting_id)
            if meeting.status is Status.CANCELLED:
                raise MeetingCancelledError
            if not is_asked_for(headers, meeting.version):
                raise PreconditionFailedError
            wanted, promised = self._notices.of_change(meeting, decide(meeting), by=caller)
            after = replace(wanted, version=meeting.version + 1)
            event = None if wanted == meeting else webhook_events.updated(meeting, after, now=self._now())
            done = self._write(meeting, wanted, promised, event)
            if done is not None:
                self._event("meeting_changed", meeting, user_id=caller.sub)
                return done
        raise UnavailableError("Others are changing this meeting at the moment. Please try again.")

    def _write(
        self, before: Meeting, after: Meeting, promised: Sequence[Queued], event: Event | None
    ) -> Meeting | None:
        """As `Repository.replace`, with what is promised in the same write: mails, that the invited's agendas follow,
        and that webhooks are told of ``event``."""
        told = () if event is None else self._follow_ups.of_event(before, event)
        follow_ups = (*self._follow_ups.of_change(before, after), *told)
        also = [
            *self._reminding.writes(before, after),
            *self._notices.writes(promised),
            *self._follow_ups.writes(follow_ups),
        ]
        done = self._repository.replace(before, after, also)
        if done is not None:
            self._follow_ups.keep(follow_ups)
            self._notices.start(promised)
        return done

    def cancel(self, caller: AccessClaims, meeting_id: str, headers: Headers) -> Meeting:
        """The meeting does not take place: nobody can join from now on, and the live room is asked to close.

        May be repeated, and is when the room could not be reached.

        Raises:
            MeetingNotFoundError, NotTheHostError, PreconditionFailedError, RoomsUnavailableError
        """
        meeting = self.owned_by(caller, meeting_id)
        if not is_asked_for(headers, meeting.version):
            raise PreconditionFailedError
        return self.call_off(meeting, by=caller.sub)

    def call_off(self, meeting: Meeting, *, by: Identity) -> Meeting:
        """As `cancel`, whoever may.

        Raises:
            MeetingNotFoundError, RoomsUnavailableError
        """
        meeting = self._called_off(meeting, by=by, event=webhook_events.cancelled)
        self._close(meeting, by=by)
        return self._repository.find(meeting.id)

    def _called_off(
        self, meeting: Meeting, *, by: Identity, event: Callable[[Meeting], Event] | None = None
    ) -> Meeting:
        """The meeting, cancelled, which the invited are told of, and webhooks by ``event``."""
        for _ in range(_ATTEMPTS):
            if meeting.status is Status.CANCELLED:
                break
            now = self._now()
            wanted = replace(meeting, cancelled_at=now, changed_at=now, sequence=meeting.sequence + 1)
            wanted, promised = self._notices.of_cancellation(meeting, wanted, by=by)
            done = self._write(meeting, wanted, promised, None if event is None else event(wanted))
            if done is not None:
                self._event("meeting_cancelled", meeting, user_id=by)
                return done
            meeting = self._repository.find(meeting.id)
        return meeting

    def retire(self, meeting: Meeting) -> Meeting:
        """A meeting whose host is gone: nobody comes in any more. One that has taken place is ended for good, all
        others are cancelled. May be repeated.

        Raises:
            MeetingNotFoundError, RoomsUnavailableError
        """
        host = Identity(meeting.host_id)
        if meeting.status is not Status.ENDED:
            return self.call_off(meeting, by=host)
        self._rooms.end(meeting.room, by=host)
        self._repository.replace(meeting, replace(meeting, ended_by=host))
        return self._repository.find(meeting.id)

    def end(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        """Ends the present session for all, and with it a meeting that takes place once: nobody can join it any more.

        May be repeated, and is when the room could not be reached.

        Raises:
            MeetingNotFoundError, NotTheHostError, RoomsUnavailableError
        """
        meeting = self.administered_by(caller, meeting_id)
        self._event("meeting_ended", meeting, user_id=caller.sub)
        if meeting.ended_at is None:
            self._outbox.tell(meeting.host_id, webhook_events.ended(meeting, at=self._now(), by=caller.sub))
        self._close(meeting, by=caller.sub)
        return self._repository.find(meeting.id)

    def _close(self, meeting: Meeting, *, by: Identity) -> None:
        if meeting.ended_at is None:
            self._records.end_session(meeting.id, meeting.session, Ended(at=self._now(), by=by))
        self._rooms.end(meeting.room, by=by)

    def delete(
        self, caller: AccessClaims, meeting_id: str, headers: Headers, *, before: Callable[[Meeting], None]
    ) -> None:
        """Deletes a meeting and what is kept of it: who took part, the chat. ``before`` sees to what is kept elsewhere.

        Raises:
            MeetingNotFoundError, NotTheHostError, PreconditionFailedError, RoomsUnavailableError
            MeetingLiveError: somebody is in it.
        """
        meeting = self.owned_by(caller, meeting_id)
        if not is_asked_for(headers, meeting.version):
            raise PreconditionFailedError
        if meeting.status is Status.LIVE:
            raise MeetingLiveError
        before(meeting)
        self._rooms.end(meeting.room, by=caller.sub)  # tokens that are still valid open nothing
        if self._notices.is_told(meeting):
            meeting = self._called_off(meeting, by=caller.sub)
            self._notices.tell_before_deletion(meeting, by=caller.sub)
        if meeting.personal:
            self._repository.forget_purpose(personal_room_of(meeting.host_id), meeting.id)
        promised = self._follow_ups.of_event(meeting, webhook_events.deleted(meeting, now=self._now()))
        if self._repository.delete(meeting, self._follow_ups.writes(promised)):
            self._follow_ups.keep(promised)
        self._event("meeting_deleted", meeting, user_id=caller.sub)

    def in_session(self, meeting: Meeting) -> Meeting:
        """The meeting in a session that has not ended: the next one, if its last one has."""
        return meeting if meeting.ended_at is None else self._repository.begin_session(meeting)

    # ---- who may ----

    def administered_by(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        """A meeting that ``caller`` may run: as its host or a co-host, for an administrator any.

        Raises:
            MeetingNotFoundError, NotTheHostError
        """
        found = self.find_for(meeting_id, caller)
        if role_in(found, caller) in {Role.HOST, Role.COHOST} or caller.may(Permission.MEETINGS_ADMINISTER):
            return found.meeting
        raise NotTheHostError

    def prepared_by(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        """A meeting that ``caller`` may run, and that may still take place.

        Raises:
            MeetingNotFoundError, NotTheHostError, MeetingCancelledError, MeetingEndedError
        """
        meeting = self.administered_by(caller, meeting_id)
        if meeting.status is Status.CANCELLED:
            raise MeetingCancelledError
        if meeting.is_over:
            raise MeetingEndedError
        return meeting

    def owned_by(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        """A meeting of ``caller``'s own, for an administrator any. Raises as `administered_by`."""
        meeting = self.find(meeting_id)
        if meeting.host_id != caller.sub and not caller.may(Permission.MEETINGS_ADMINISTER):
            raise NotTheHostError
        return meeting

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _event(self, name: str, meeting: Meeting, **fields: str) -> None:
        self._logger.info(name, extra={"meeting_id": meeting.id, **fields})


def role_in(found: Found, user: AccessClaims | None) -> Role:
    """What somebody is in a meeting."""
    if user is None:
        return Role.GUEST
    if user.sub == found.meeting.host_id:
        return Role.HOST
    return Role.PARTICIPANT if found.invitee is None else found.invitee.role
