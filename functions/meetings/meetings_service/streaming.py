"""Making, listing, revoking and opening with stream keys."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from contracts.access_token import AccessClaims
from contracts.account_standing import CODE_OF_LOSS
from contracts.error_codes import ErrorCode
from contracts.jwks import TokenError
from contracts.rooms import Identity
from contracts.stream_keys import (
    StreamKeyAnswer,
    StreamKeyOpens,
    StreamKeyRefused,
    StreamKeyShown,
    StreamScope,
    identity_of_key,
)
from functions.serverless.cursors import Place, cursor_at, place_of
from functions.serverless.ids import base32
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError
from meetings_service.adapters.closed_accounts import ClosedAccounts
from meetings_service.adapters.rooms import Rooms
from meetings_service.adapters.stream_keys import StreamKeys
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.stream_keys import (
    ID_OCTETS,
    MAX_KEYS,
    REPEATABLE_MS,
    SECRET_OCTETS,
    StreamKey,
    hash_of,
    key_id_of,
    key_text,
    opened_by,
    shown_key,
)
from meetings_service.errors import KeyReusedError, MeetingEndedError, MeetingNotFoundError
from meetings_service.scheduling import Meetings

_CLOSED = "The account of the meeting's host, or of whoever made this stream key, is suspended or gone."


class Made(Struct, frozen=True, kw_only=True):
    """A key, and its text: it is shown this once."""

    key: StreamKey
    text: str


class Streaming:
    """A meeting's stream keys, for those who may administer it; and for the gateways, what a key opens."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        keys: StreamKeys,
        rooms: Rooms,
        closed: ClosedAccounts,
        issuer: str,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._keys = keys
        self._rooms = rooms
        self._closed = closed
        self._issuer = issuer
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    def make(
        self,
        caller: AccessClaims,
        meeting_id: str,
        *,
        name: str,
        scope: StreamScope,
        valid_until: int | None,
        idempotency_key: str | None,
    ) -> Made:
        """A new key. Asked for again under the same ``idempotency_key``, the same one, with one more secret: the first
        cannot be shown again, and both are good.

        Raises:
            MeetingNotFoundError, NotTheHostError, MeetingEndedError: as for every change of a meeting.
            InvalidFieldError: the name cannot be used, or the end is past.
            TooManyStreamKeysError, KeyReusedError
        """
        meeting = self._administered(caller, meeting_id)
        line = normalise_line(name, field="name")
        if valid_until is not None and valid_until <= self._now():
            raise InvalidFieldError("expires_at", "This time is past.")
        secret = base32(self._randomness(SECRET_OCTETS))
        key_id = key_id_of(meeting.id, caller.sub, idempotency_key, self._randomness(ID_OCTETS))
        request = None if idempotency_key is None else _digest([line, scope, valid_until])
        key = StreamKey(
            id=key_id,
            name=line,
            scope=scope,
            created_at=self._now(),
            created_by=caller.sub,
            hashes=(hash_of(secret),),
            valid_until=valid_until,
            request=request,
        )
        known = None if idempotency_key is None else self._keys.find(meeting.id, key_id)
        if known is None:
            if self._keys.add(meeting.id, key, limit=MAX_KEYS):
                self._event("stream_key_made", meeting, key_id, caller.sub)
                return Made(key=key, text=key_text(meeting.id, key_id, secret))
            known = self._keys.find(meeting.id, key_id)  # the same request, twice at once
        is_the_same = known is not None and known.request == request and known.created_at + REPEATABLE_MS > self._now()
        if idempotency_key is None or not is_the_same:
            raise KeyReusedError
        again = self._keys.add_secret(meeting.id, key_id, hash_of(secret))
        return Made(key=again, text=key_text(meeting.id, key_id, secret))

    def list_of(
        self, caller: AccessClaims, meeting_id: str, *, cursor: str | None, limit: int
    ) -> tuple[list[StreamKey], str | None]:
        """Some keys, oldest first, and the next page's cursor.

        Raises:
            MeetingNotFoundError, NotTheHostError
            InvalidFieldError: the cursor is none of ours.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        after = None if cursor is None else place_of(cursor)
        keys = [key for key in self._keys.all(meeting.id) if after is None or _place(key) > after]
        page = keys[:limit]
        return page, cursor_at(_place(page[-1])) if len(keys) > limit else None

    def revoke(self, caller: AccessClaims, meeting_id: str, key_id: str) -> None:
        """The key opens nothing any more, and what came in with it is out.

        Raises:
            MeetingNotFoundError, NotTheHostError, StreamKeyNotFoundError
            RoomsUnavailableError: its sessions could not be ended; it may be asked again.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        # In this order: who comes in before the room is asked is taken out, who comes later finds the key shut (the
        # gateway looks again after it has let somebody in). It is deleted last, so that this can be asked again.
        self._keys.disable(meeting.id, key_id)
        if not meeting.is_over:
            self._rooms.shut_out(meeting.room, identity_of_key(key_id), by=caller.sub)
        self._keys.remove(meeting.id, key_id)
        self._event("stream_key_revoked", meeting, key_id, caller.sub)

    def open(self, event: Any) -> StreamKeyAnswer:
        """What a gateway is told about a key that was shown to it."""
        shown = shown_key(msgspec.convert(event, StreamKeyShown).key)
        if shown is None:
            return StreamKeyRefused(code=ErrorCode.TOKEN_MALFORMED, message="This is no stream key.")
        try:
            key = self._keys.find(shown.meeting_id, shown.key_id)
            meeting = self._meetings.find(shown.meeting_id)
            if key is not None and not meeting.is_over:
                meeting = self._meetings.in_session(meeting)
            claims = opened_by(meeting, key, shown.secret, now=self._now(), issuer=self._issuer)
            closed = self._closed.among(claims.stands_on)
        except MeetingNotFoundError:
            return StreamKeyRefused(
                code=ErrorCode.TOKEN_REVOKED, message="This stream key is not known. Perhaps it was revoked."
            )
        except TokenError as error:
            return StreamKeyRefused(code=error.code, message=error.message)
        if closed is not None:
            return StreamKeyRefused(code=CODE_OF_LOSS[closed], message=_CLOSED)
        self._keys.used(meeting.id, shown.key_id, self._now())
        return StreamKeyOpens(claims=claims)

    def _administered(self, caller: AccessClaims, meeting_id: str) -> Meeting:
        meeting = self._meetings.administered_by(caller, meeting_id)
        if meeting.is_over:
            raise MeetingEndedError
        return meeting

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _event(self, name: str, meeting: Meeting, key_id: str, user_id: Identity) -> None:
        self._logger.info(name, extra={"meeting_id": meeting.id, "key_id": key_id, "user_id": user_id})


def _place(key: StreamKey) -> Place:
    return Place(time=key.created_at, id=key.id)


def _digest(asked: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()
