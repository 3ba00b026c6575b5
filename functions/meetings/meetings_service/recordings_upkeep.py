"""What is done about recordings by a schedule: they become ready, are deleted when they were kept long enough, and what
a deletion has left is cleared away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from meetings_service.adapters.recordings_bucket import RecordingsBucket
from meetings_service.adapters.recordings_table import Look, RecordingsTable
from meetings_service.domain.recordings import DAY_MS, RecordingState, is_awaited, next_look
from meetings_service.recordings import Recordings

AT_ONCE = 100
"""So many recordings one run looks after."""
_CLEARED_FOR_MS = DAY_MS
"""For so long files may come of a recording that has been deleted."""
_CLEARED_EVERY_MS = 3_600_000


class RecordingsUpkeep:
    """``kept_days``: how long recordings are kept now; None: until they are deleted. ``expired`` is told
    which were deleted for that. ``clock``: seconds since the
    epoch.

    One recording that cannot be looked after is logged, looked after again later, and in nobody's way.
    """

    def __init__(
        self,
        *,
        recordings: Recordings,
        table: RecordingsTable,
        bucket: RecordingsBucket,
        kept_days: Callable[[], int | None],
        expired: Callable[[Mapping[str, str]], None],
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._recordings = recordings
        self._table = table
        self._bucket = bucket
        self._kept_days = kept_days
        self._expired = expired
        self._clock = clock
        self._logger = logger

    def run(self, *, for_s: float) -> None:
        """Begins nothing more after so many seconds: the next run goes on."""
        until = self._clock() + for_s
        for look in self._table.looks_due(self._now(), limit=AT_ONCE):
            if self._clock() >= until:
                return
            self._safely(look.recording_id, self._look_after, look)
        kept_days = self._kept_days()
        if kept_days is None:
            return
        for recording_id in self._table.older_than(self._now() - kept_days * DAY_MS, limit=AT_ONCE):
            if self._clock() >= until:
                return
            self._safely(recording_id, self._expire, recording_id)

    def _safely(self, recording_id: str, step: Callable[..., None], argument: Look | str) -> None:
        try:
            step(argument)
        except Exception:
            self._logger.exception("recording_upkeep_failed", extra={"recording_id": recording_id})

    def _look_after(self, look: Look) -> None:
        """In this order, so that what is cut off is done again."""
        due = self._next(look.recording_id)
        if due is not None:
            self._table.look_again(look.recording_id, due=due)
        self._table.looked(look)

    def _next(self, recording_id: str) -> int | None:
        """Does what is to be done, and says when it is to be looked after again; None: never."""
        now, recording = self._now(), self._table.find(recording_id)
        if recording is None:
            return self._clear(recording_id, now)
        if recording.deleting_at is not None:
            self._recordings.erase(recording)
            return now + _CLEARED_EVERY_MS
        settled = self._recordings.settled(recording)
        is_open = settled.state in {RecordingState.RECORDING, RecordingState.PROCESSING}
        return next_look(settled, now) if is_open or is_awaited(settled, now) else None

    def _clear(self, recording_id: str, now: int) -> int | None:
        deleted = self._table.deleted_prefix(recording_id)
        if deleted is None:
            return None
        prefix, deleted_at = deleted
        self._bucket.delete(prefix)
        return now + _CLEARED_EVERY_MS if now - deleted_at < _CLEARED_FOR_MS else None

    def _expire(self, recording_id: str) -> None:
        recording = self._table.find(recording_id)
        if recording is not None:
            self._recordings.erase(recording)
            self._expired({"recording_id": recording_id, "meeting_id": recording.meeting_id})

    def _now(self) -> int:
        return int(self._clock() * 1000)
