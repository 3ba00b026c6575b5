"""The catalogue of recordings: who sees which, getting their files, sharing, deleting, and how long they are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.rooms import Identity, Role
from functions.serverless.cursors import cursor_at, place_of
from functions.serverless.names import normalise_line
from functions.serverless.preconditions import PreconditionFailedError, is_asked_for
from functions.serverless.problems import InvalidFieldError, NotFoundError, PermissionMissingError, UnavailableError
from meetings_service.adapters.recordings_bucket import RecordingsBucket
from meetings_service.adapters.recordings_table import Listed, RecordingsTable
from meetings_service.domain import webhook_events
from meetings_service.domain.changes import address_of
from meetings_service.domain.meeting_settings import RUNNING
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.recordings import (
    LOST_MS,
    CataloguedRecording,
    Contents,
    Outcome,
    RecordingFile,
    RecordingState,
    Share,
    StoredObject,
    complete_parts,
    content_type_of,
    contents_of,
    download_name,
    is_awaited,
    is_whole,
    object_of,
    outcome_of,
)
from meetings_service.errors import (
    MeetingNotFoundError,
    MeetingRecordedError,
    NotTheHostError,
    RecordingFileNotFoundError,
    RecordingNotFoundError,
    RecordingUnderWayError,
    TooManySharesError,
)
from meetings_service.outbox import Outbox
from meetings_service.scheduling import Meetings, role_in

MAX_SHARES = 100
LINK_S = 300
"""For so long a file's address opens it."""
POSTER_LINK_S = 3_600
"""For so long a poster's does: a list may be looked at for long until it has come into view."""
_ATTEMPTS = 5
_LOOKED_AT_IN_A_LIST = 10
_CLAIMED_AT_ONCE = 25
_LISTED_AT_ONCE = 100


class RecordingAccess(StrEnum):
    """What somebody may do with a recording."""

    MANAGE = "manage"
    VIEW = "view"


class Seen(Struct, frozen=True, kw_only=True):
    """A recording, as somebody sees it."""

    recording: CataloguedRecording
    access: RecordingAccess


class SeenPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: None on the last page."""

    entries: tuple[Seen, ...]
    next_cursor: str | None


class Recordings:
    """``clock``: seconds since the epoch. Who may not see a recording is told that there is none."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        table: RecordingsTable,
        bucket: RecordingsBucket,
        outbox: Outbox,
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._meetings = meetings
        self._table = table
        self._bucket = bucket
        self._outbox = outbox
        self._clock = clock
        self._logger = logger

    # ---- reading ----

    def list_of(self, caller: AccessClaims, name: str, *, cursor: str | None, limit: int) -> SeenPage:
        """A page of one of a user's lists: ``mine``, ``shared``, or for administrators ``all``.

        Raises:
            InvalidFieldError: the cursor is none of ours.
            PermissionMissingError: the caller may not see everybody's.
        """
        after = None if cursor is None else place_of(cursor)
        if name == "all":
            if not caller.may(Permission.MEETINGS_ADMINISTER):
                raise PermissionMissingError(Permission.MEETINGS_ADMINISTER)
            return self._page(self._table.all(after=after, limit=limit), RecordingAccess.MANAGE)
        if name == "mine":
            return self._page(self._table.owned(caller.sub, after=after, limit=limit), RecordingAccess.MANAGE)
        if caller.proven_address is not None:
            self._table.claim(caller.proven_address, caller.sub, limit=_CLAIMED_AT_ONCE)
        return self._page(self._table.shared_with(caller.sub, after=after, limit=limit), RecordingAccess.VIEW)

    def of_meeting(
        self, caller: AccessClaims, meeting_id: str, *, cursor: str | None, limit: int, session: int | None = None
    ) -> SeenPage:
        """A page of a meeting's recordings; with ``session`` of those of one time that people met.

        Raises:
            MeetingNotFoundError, NotTheHostError
            InvalidFieldError: the cursor is none of ours.
        """
        meeting = self._meetings.administered_by(caller, meeting_id)
        after = None if cursor is None else place_of(cursor)
        return self._page(
            self._table.of_meeting(meeting.id, after=after, limit=limit, session=session), RecordingAccess.MANAGE
        )

    def find(self, caller: AccessClaims, recording_id: str) -> Seen:
        """One recording.

        Raises:
            RecordingNotFoundError
        """
        recording = self._table.find(recording_id)
        if recording is None or recording.deleting_at is not None:
            raise RecordingNotFoundError
        if self._manages(caller, recording):
            return Seen(recording=self.settled(recording), access=RecordingAccess.MANAGE)
        if self._table.share_for(recording_id, user_id=caller.sub, address=caller.proven_address) is None:
            raise RecordingNotFoundError
        return Seen(recording=self.settled(recording), access=RecordingAccess.VIEW)

    def contents(self, recording: CataloguedRecording) -> Contents:
        """What of a recording can be had."""
        objects = self._bucket.objects(recording.prefix)
        return contents_of(objects, self._bucket.manifests(recording.prefix, complete_parts(objects)))

    def poster(self, recording: CataloguedRecording) -> tuple[str, int] | None:
        """Where the picture that stands for a recording can be had, and until when (milliseconds since the epoch)."""
        known = None if recording.poster is None else object_of(recording.poster)
        if known is None:
            return None
        until = self._now() + POSTER_LINK_S * 1000
        kind = content_type_of(known[1])
        return self._bucket.address(recording.prefix, *known, content_type=kind, for_s=POSTER_LINK_S), until

    def address(self, caller: AccessClaims, recording_id: str, file_id: str) -> tuple[str, int]:
        """Where one file can be had, and until when (milliseconds since the epoch).

        Raises:
            RecordingNotFoundError, RecordingFileNotFoundError
        """
        recording = self.find(caller, recording_id).recording
        wanted = object_of(file_id)
        file = None if wanted is None else self._file(recording, file_id)
        if file is None:
            raise RecordingFileNotFoundError
        until = self._now() + LINK_S * 1000
        address = self._bucket.address(
            recording.prefix,
            file.part,
            file.name,
            saved_as=download_name(recording.title, file.name),
            content_type=file.content_type,
            for_s=LINK_S,
        )
        self._event("recording_downloaded", recording, user_id=caller.sub, file=file_id)
        return address, until

    def _file(self, recording: CataloguedRecording, file_id: str) -> RecordingFile | None:
        return next((each for each in self.contents(recording).files if each.id == file_id), None)

    # ---- changing ----

    def rename(self, caller: AccessClaims, recording_id: str, title: str, headers: Mapping[str, str]) -> Seen:
        """Gives a recording another title.

        Raises:
            RecordingNotFoundError, NotTheHostError
            InvalidFieldError: the title cannot be used.
            PreconditionFailedError: somebody else has changed it meanwhile.
            UnavailableError: it is being changed again and again at this moment.
        """
        usable = normalise_line(title, field="title")
        for _ in range(_ATTEMPTS):
            recording = self._managed(caller, recording_id)
            if not is_asked_for(headers, recording.version):
                raise PreconditionFailedError
            renamed = self._table.rename(recording, usable)
            if renamed is not None:
                self._event("recording_renamed", recording, user_id=caller.sub)
                return Seen(recording=renamed, access=RecordingAccess.MANAGE)
        raise UnavailableError("This recording is being changed at the moment. Please try again.")

    def delete(self, caller: AccessClaims, recording_id: str) -> None:
        """Deletes a recording: its files, its shares, its entry. What is begun is finished, also if this is cut off.

        Raises:
            RecordingNotFoundError, NotTheHostError
            RecordingUnderWayError: it is being made.
        """
        recording = self._table.find(recording_id)
        if recording is None or not self._is_seen(caller, recording):
            raise RecordingNotFoundError
        if not self._may_delete(caller, recording):
            raise NotTheHostError
        if recording.state is RecordingState.RECORDING:
            raise RecordingUnderWayError
        self.erase(recording)
        self._event("recording_deleted", recording, user_id=caller.sub)

    def erase(self, recording: CataloguedRecording) -> None:
        """Deletes a recording. May be repeated from wherever it was left."""
        now = self._now()
        if recording.deleting_at is None:
            self._table.begin_deletion(recording, at=now)
        self._bucket.delete(recording.prefix)
        self._table.finish_deletion(recording.recording_id, at=now)

    def leave(self, meeting: Meeting, choice: str | None) -> None:
        """What becomes of the recordings of a meeting that is being deleted: ``delete``, or ``keep``.

        Raises:
            MeetingRecordedError: it has some, and there is no choice.
        """
        while True:
            page = self._table.of_meeting(meeting.id, after=None, limit=_LISTED_AT_ONCE)
            if not page.recordings or choice == "keep":
                return
            if choice is None:
                raise MeetingRecordedError
            for recording in page.recordings:
                self.erase(recording)
                self._event("recording_deleted", recording)

    # ---- sharing ----

    def shares(self, caller: AccessClaims, recording_id: str) -> list[Share]:
        """With whom a recording is shared.

        Raises:
            RecordingNotFoundError, NotTheHostError
        """
        return self._table.shares(self._managed(caller, recording_id).recording_id)

    def share(
        self, caller: AccessClaims, recording_id: str, *, user_id: str | None, address: str | None, name: str | None
    ) -> Share:
        """Shares a recording with an account, or with an address, which will be its account's once that is proven.

        Raises:
            RecordingNotFoundError, NotTheHostError, TooManySharesError
            InvalidFieldError: neither an account nor an address is given, or both, or one that cannot be used.
        """
        recording = self._managed(caller, recording_id)
        if (user_id is None) == (address is None):
            raise InvalidFieldError("address", "Give an address or an account's id.")
        known_address = None if address is None else address_of(address)
        key = user_id or known_address or ""
        known = self._table.shares(recording_id)
        before = next((each for each in known if each.key == key), None)
        if before is not None:
            return before
        if len(known) >= MAX_SHARES:
            raise TooManySharesError(MAX_SHARES)
        share = Share(
            key=key,
            user_id=None if user_id is None else Identity(user_id),
            address=known_address,
            name=None if name is None else normalise_line(name, field="name"),
            shared_at=self._now(),
            shared_by=caller.sub,
        )
        self._table.put_share(recording, share)
        self._event("recording_shared", recording, user_id=caller.sub)
        return share

    def unshare(self, caller: AccessClaims, recording_id: str, key: str) -> None:
        """Shares a recording no more.

        Raises:
            RecordingNotFoundError, NotTheHostError
            NotFoundError: it is not shared with this one.
        """
        recording = self._managed(caller, recording_id)
        if all(each.key != key for each in self._table.shares(recording_id)):
            raise NotFoundError("The recording is not shared with them.")
        self._table.remove_share(recording_id, key)
        self._event("recording_unshared", recording, user_id=caller.sub)

    # ---- what has come of it ----

    def settled(self, recording: CataloguedRecording) -> CataloguedRecording:
        """A recording, as it is by what the bucket holds now. What comes late is told, too: of one that is lost, and of
        one in which something is missing."""
        now, state = self._now(), recording.state
        if state is RecordingState.RECORDING or (state is RecordingState.READY and not is_awaited(recording, now)):
            return recording
        unfinished = self._bucket.unfinished_parts(recording.prefix)  # first: it goes once the files are there
        objects = self._bucket.objects(recording.prefix)
        if is_whole(recording, objects, unfinished, now=now):
            return self._ready_with(objects, unfinished, recording, now=now)
        is_old = recording.stopped_at is not None and now - recording.stopped_at >= LOST_MS
        if state is RecordingState.PROCESSING and is_old and not (objects or unfinished):
            self._table.give_up(recording.recording_id, at=now)
            self._event("recording_lost", recording)
            return self._table.find(recording.recording_id) or recording
        return recording

    def _ready_with(
        self,
        objects: tuple[StoredObject, ...],
        unfinished: tuple[str, ...],
        recording: CataloguedRecording,
        *,
        now: int,
    ) -> CataloguedRecording:
        """A recording that is ready with these objects, and these parts that have pieces."""
        is_ready = recording.state is RecordingState.READY
        if is_ready and recording.bytes == sum(each.bytes for each in objects):
            return recording
        manifests = self._bucket.manifests(recording.prefix, complete_parts(objects))
        outcome = outcome_of(recording, manifests, objects, unfinished)
        if is_ready:
            done = self._table.amend(recording.recording_id, outcome)
            self._event("recording_completed", recording)
        else:
            self._tell_ready(recording, outcome, now=now)  # first: whoever is cut off here does it again
            done = self._table.settle(recording.recording_id, outcome, at=now)
            self._event("recording_ready", recording)
        return recording if done is None else done

    def _tell_ready(self, recording: CataloguedRecording, outcome: Outcome, *, now: int) -> None:
        """Tells webhooks. Those of a meeting that is gone are nobody's."""
        try:
            meeting = self._meetings.find(recording.meeting_id)
        except MeetingNotFoundError:
            return
        self._outbox.tell(meeting.host_id, webhook_events.recording_ready(meeting, recording, outcome, now=now))

    def _page(self, listed: Listed, access: RecordingAccess) -> SeenPage:
        waiting = [each for each in listed.recordings if each.state is RecordingState.PROCESSING]
        looked = {each.recording_id: self.settled(each) for each in waiting[:_LOOKED_AT_IN_A_LIST]}
        entries = (Seen(recording=looked.get(each.recording_id, each), access=access) for each in listed.recordings)
        return SeenPage(entries=tuple(entries), next_cursor=None if listed.last is None else cursor_at(listed.last))

    # ---- who may ----

    def _managed(self, caller: AccessClaims, recording_id: str) -> CataloguedRecording:
        """A recording that the caller may change.

        Raises:
            RecordingNotFoundError: they do not even see it.
            NotTheHostError: they may only see it.
        """
        seen = self.find(caller, recording_id)
        if seen.access is not RecordingAccess.MANAGE:
            raise NotTheHostError
        return seen.recording

    def _is_seen(self, caller: AccessClaims, recording: CataloguedRecording) -> bool:
        if self._manages(caller, recording):
            return True
        share = self._table.share_for(recording.recording_id, user_id=caller.sub, address=caller.proven_address)
        return share is not None

    def _manages(self, caller: AccessClaims, recording: CataloguedRecording) -> bool:
        return self._is_owner(caller, recording) or self._role(caller, recording) in RUNNING

    def _may_delete(self, caller: AccessClaims, recording: CataloguedRecording) -> bool:
        return self._is_owner(caller, recording) or self._role(caller, recording) is Role.HOST

    def _is_owner(self, caller: AccessClaims, recording: CataloguedRecording) -> bool:
        return recording.owner_id == caller.sub or caller.may(Permission.MEETINGS_ADMINISTER)

    def _role(self, caller: AccessClaims, recording: CataloguedRecording) -> Role:
        """What the caller is in the meeting now, if it is there."""
        try:
            return role_in(self._meetings.find_for(recording.meeting_id, caller), caller)
        except MeetingNotFoundError:
            return Role.PARTICIPANT

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _event(self, name: str, recording: CataloguedRecording, **fields: str) -> None:
        about = {"recording_id": recording.recording_id, "meeting_id": recording.meeting_id}
        self._logger.info(name, extra={**about, **fields})
