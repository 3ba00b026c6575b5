"""Preparing the polls of a meeting, for those who run it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from contracts.access_token import AccessClaims
from contracts.polls import MAX_POLLS
from functions.serverless.preconditions import PreconditionFailedError, is_asked_for
from functions.serverless.problems import UnavailableError
from meetings_service.adapters.prepared_polls import PreparedPolls
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.prepared_polls import ID_OCTETS, PreparedPoll, changed, checked, id_of
from meetings_service.errors import KeyReusedError, OtherPollsError, PreparedPollNotFoundError
from meetings_service.scheduling import Headers, Meetings

_ATTEMPTS = 5


class PollsToCome:
    """A meeting's prepared polls. ``randomness``: so many octets that nobody can guess."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        polls: PreparedPolls,
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._polls = polls
        self._randomness = randomness
        self._logger = logger

    def list_of(self, caller: AccessClaims, meeting_id: str) -> list[PreparedPoll]:
        """The polls, in their order.

        Raises:
            MeetingNotFoundError, NotTheHostError
        """
        return self._polls.of(self._meetings.administered_by(caller, meeting_id).id)

    def find(self, caller: AccessClaims, meeting_id: str, poll_id: str) -> PreparedPoll:
        """One poll.

        Raises:
            MeetingNotFoundError, NotTheHostError, PreparedPollNotFoundError
        """
        return self._find(self._meetings.administered_by(caller, meeting_id), poll_id)

    def prepare(
        self,
        caller: AccessClaims,
        meeting_id: str,
        *,
        question: str,
        options: Sequence[str],
        multiple: bool,
        idempotency_key: str | None,
    ) -> PreparedPoll:
        """A new poll, behind all others. Asked for again under the same ``idempotency_key``, the same one as it is now.

        Raises:
            InvalidFieldError, TooManyPreparedPollsError, KeyReusedError; as `Meetings.prepared_by`.
        """
        meeting = self._meetings.prepared_by(caller, meeting_id)
        asked = [question, list(options), multiple]
        request = None if idempotency_key is None else hashlib.sha256(msgspec.json.encode(asked)).hexdigest()
        wanted = checked(
            PreparedPoll(
                id=id_of(meeting.id, caller.sub, idempotency_key, self._randomness(ID_OCTETS)),
                question=question,
                options=tuple(options),
                multiple=multiple,
                position=0,
                request=request,
            )
        )
        made = self._polls.add(meeting.id, wanted, limit=MAX_POLLS)
        if made.request != request:
            raise KeyReusedError
        self._event("poll_prepared", meeting, made.id, caller)
        return made

    def change(
        self, caller: AccessClaims, meeting_id: str, poll_id: str, change: dict[str, Any], headers: Headers
    ) -> PreparedPoll:
        """Changes a poll by a merge patch, if it has the version that the request asks for.

        Raises:
            PreparedPollNotFoundError, InvalidFieldError, PreconditionFailedError; as `Meetings.prepared_by`.
        """
        meeting = self._meetings.prepared_by(caller, meeting_id)
        for _ in range(_ATTEMPTS):
            before = self._find(meeting, poll_id)
            if not is_asked_for(headers, before.version):
                raise PreconditionFailedError
            after = changed(before, change)
            done = before if after == before else self._polls.replace(meeting.id, before, after)
            if done is not None:
                self._event("prepared_poll_changed", meeting, poll_id, caller)
                return done
        raise UnavailableError("Others are changing this poll at the moment. Please try again.")

    def put_in_order(self, caller: AccessClaims, meeting_id: str, poll_ids: Sequence[str]) -> list[PreparedPoll]:
        """The polls in another order.

        Raises:
            OtherPollsError: ``poll_ids`` are not all of them, each once; as `Meetings.prepared_by`.
        """
        meeting = self._meetings.prepared_by(caller, meeting_id)
        placed = self._polls.put_in_order(meeting.id, poll_ids)
        if placed is None:
            raise OtherPollsError
        return placed

    def delete(self, caller: AccessClaims, meeting_id: str, poll_id: str, headers: Headers) -> None:
        """Deletes a poll, if it has the version that the request asks for. What came out when it was asked stays.

        Raises:
            MeetingNotFoundError, NotTheHostError, PreparedPollNotFoundError, PreconditionFailedError
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        for _ in range(_ATTEMPTS):
            poll = self._find(meeting, poll_id)
            if not is_asked_for(headers, poll.version):
                raise PreconditionFailedError
            if self._polls.remove(meeting.id, poll):
                self._event("prepared_poll_deleted", meeting, poll_id, caller)
                return
        raise UnavailableError("Others are changing this poll at the moment. Please try again.")

    def _find(self, meeting: Meeting, poll_id: str) -> PreparedPoll:
        poll = self._polls.find(meeting.id, poll_id)
        if poll is None:
            raise PreparedPollNotFoundError
        return poll

    def _event(self, name: str, meeting: Meeting, poll_id: str, caller: AccessClaims) -> None:
        self._logger.info(name, extra={"meeting_id": meeting.id, "prepared_poll_id": poll_id, "user_id": caller.sub})
