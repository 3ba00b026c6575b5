"""Who is invited to a meeting, who runs it beside the host, and what the invited answer."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable

from msgspec.structs import replace

from contracts.access_token import AccessClaims
from contracts.rooms import Identity, Role
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError, NotFoundError
from meetings_service.adapters.contacts import Contacts
from meetings_service.adapters.invitees import Invitees
from meetings_service.domain.answering import SECRET_BYTES, answered, check_open, opens, read_token
from meetings_service.domain.changes import address_of
from meetings_service.domain.meetings import Answer, Invitee, Meeting
from meetings_service.errors import MailOffError, MeetingNotFoundError, NotInvitedError, TooManyInviteesError
from meetings_service.notices import Notices
from meetings_service.scheduling import Meetings

MAX_INVITEES = 300


class Invitations:
    """``clock``: seconds since the epoch. ``randomness``: so many octets that nobody can guess."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        invitees: Invitees,
        contacts: Contacts,
        notices: Notices,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._invitees = invitees
        self._contacts = contacts
        self._notices = notices
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    # ---- inviting ----

    def list_of(self, caller: AccessClaims, meeting_id: str) -> tuple[Meeting, list[Invitee]]:
        """Everybody who is invited.

        Raises:
            MeetingNotFoundError, NotTheHostError
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        return meeting, self._invitees.of(meeting.id)

    def invite(
        self,
        caller: AccessClaims,
        meeting_id: str,
        *,
        address: str | None,
        user_id: str | None,
        name: str | None,
        role: Role,
    ) -> tuple[Meeting, Invitee]:
        """Invites somebody, and tells them; or changes the invitation that is there for the address, or else the
        account.

        Raises:
            MeetingNotFoundError, NotTheHostError
            InvalidFieldError: neither an address nor an account is given, or it cannot be used.
            TooManyInviteesError
            RateLimitedError: too many mails were sent today.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        if address is None and user_id is None:
            raise InvalidFieldError("address", "An invitation needs an address, or an account's id.")
        if user_id == meeting.host_id:
            raise InvalidFieldError("user_id", "This is the host.")
        known_address = None if address is None else address_of(address)
        line = None if name is None else normalise_line(name, field="name")
        account = None if user_id is None else Identity(user_id)
        self._contacts.note(caller)
        known = self._invitees.of(meeting.id)
        key = known_address or user_id or ""
        before = next((each for each in known if each.key == key), None)
        if before is None:
            if len(known) >= MAX_INVITEES:
                raise TooManyInviteesError(MAX_INVITEES)
            wanted = self._blank(key, known_address, account, line, role)
            promised = self._notices.of_invitation(meeting, wanted, by=caller)
            if self._invitees.add(meeting, wanted, self._notices.writes(promised)):
                self._notices.start(promised)
                self._logger.info("invited", extra={"meeting_id": meeting.id, "user_id": caller.sub})
                return meeting, wanted
            before = self._invitees.find(meeting.id, key) or wanted  # somebody else was quicker
        after = replace(before, user_id=account or before.user_id, name=line or before.name, role=role)
        done = self._invitees.change(meeting, before, after)
        if done is None:
            raise NotFoundError("The invitation was taken back at this moment.")
        return meeting, done

    def _blank(self, key: str, address: str | None, user_id: Identity | None, name: str | None, role: Role) -> Invitee:
        secret = base64.urlsafe_b64encode(self._randomness(SECRET_BYTES)).rstrip(b"=").decode()
        return Invitee(
            key=key,
            address=address,
            user_id=user_id,
            name=name,
            role=role,
            secret=secret,
            invited_at=int(self._clock() * 1000),
        )

    def take_back(self, caller: AccessClaims, meeting_id: str, key: str) -> None:
        """Takes an invitation back, and tells who had it.

        Raises:
            MeetingNotFoundError, NotTheHostError
            NotFoundError: there is no such invitation.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        # First, and whether there is one or not: nothing of theirs stays where this was cut off before, or is now.
        self._meetings.forget_invitee(meeting.id, key)
        invitee = self._invitees.find(meeting.id, key)
        if invitee is None:
            raise NotFoundError("The meeting has no such invitation.")
        promised = self._notices.of_withdrawal(meeting, invitee)
        if self._invitees.remove(meeting.id, key, self._notices.writes(promised)):
            self._notices.start(promised)
        self._meetings.forget_invitee(meeting.id, key)  # again: a plan with them may have been kept meanwhile
        self._logger.info("invitation_taken_back", extra={"meeting_id": meeting.id, "user_id": caller.sub})

    def send_again(self, caller: AccessClaims, meeting_id: str, key: str) -> tuple[Meeting, Invitee]:
        """Sends the mail of an invitation once more, as the meeting is now, to whoever has lost it.

        Raises:
            MeetingNotFoundError, NotTheHostError
            NotFoundError: there is no such invitation.
            MeetingCancelledError, MeetingEndedError: nobody is to come any more.
            MailOffError: no mail is sent at all.
            RateLimitedError: too many mails were sent today, or too many to this address.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        invitee = self._invitees.find(meeting.id, key)
        if invitee is None:
            raise NotFoundError("The meeting has no such invitation.")
        check_open(meeting)
        if not self._notices.sends_mail:
            raise MailOffError
        promised = self._notices.of_invitation(meeting, invitee, by=caller, again=True)
        self._notices.add(promised)
        self._notices.start(promised)
        self._logger.info("invited_again", extra={"meeting_id": meeting.id, "user_id": caller.sub})
        return meeting, invitee

    # ---- answering ----

    def answer(
        self, caller: AccessClaims, meeting_id: str, answer: Answer, occurrence: str | None
    ) -> tuple[Meeting, Invitee]:
        """Keeps what somebody with an account answers to their invitation.

        Raises:
            MeetingNotFoundError
            NotInvitedError: there is none, or it was taken back.
            MeetingCancelledError, MeetingEndedError, InvalidFieldError: see `domain.answering.answered`.
        """
        found = self._meetings.find_for(meeting_id, caller)
        if found.invitee is None:
            raise NotInvitedError
        self._contacts.note(caller)
        done = self._answered(found.meeting, found.invitee.key, answer, occurrence)
        if done is None:
            raise NotInvitedError
        return found.meeting, done

    def of_token(self, token: str) -> tuple[Meeting, Invitee]:
        """The invitation that a mail's link is for.

        Raises:
            NotFoundError: there is none (any more).
        """
        shown = read_token(token)
        if shown is not None:
            try:
                meeting = self._meetings.find(shown.meeting_id)
            except MeetingNotFoundError:
                meeting = None
            invitee = None if meeting is None else self._invitees.find(meeting.id, shown.key)
            if meeting is not None and invitee is not None and opens(shown, invitee):
                return meeting, invitee
        raise NotFoundError("This invitation was taken back, or its link is not complete.")

    def answer_by_token(self, token: str, answer: Answer, occurrence: str | None) -> tuple[Meeting, Invitee]:
        """Keeps what is answered by a mail's link.

        Raises:
            NotFoundError, MeetingCancelledError, MeetingEndedError, InvalidFieldError
        """
        meeting, invitee = self.of_token(token)
        done = self._answered(meeting, invitee.key, answer, occurrence)
        if done is None:
            raise NotFoundError("This invitation was taken back.")
        return meeting, done

    def _answered(self, meeting: Meeting, key: str, answer: Answer, occurrence: str | None) -> Invitee | None:
        now = int(self._clock() * 1000)
        done = self._invitees.answer(
            meeting.id, key, lambda invitee: answered(meeting, invitee, answer, occurrence, now=now)
        )
        self._logger.info("invitation_answered", extra={"meeting_id": meeting.id, "answer": answer.value})
        return done
