"""Forgets what sessions have left behind once the organisation keeps it no longer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final

from meetings_service.adapters.kept_sessions import KeptSessions
from meetings_service.adapters.records import KEPT_SHARDS
from meetings_service.adapters.repository import Repository
from meetings_service.history import DAY_MS

AT_ONCE_S: Final = 10.0
"""So long one run goes on; the next one takes up where it was left."""


class Retention:
    """``clock``: seconds since the epoch."""

    def __init__(
        self, *, sessions: KeptSessions, repository: Repository, clock: Callable[[], float], logger: logging.Logger
    ) -> None:
        self._sessions = sessions
        self._repository = repository
        self._clock = clock
        self._logger = logger

    def run(self) -> None:
        """Forgets what is due, or a part of it. May be run again at any time, also after it has died."""
        days = self._repository.organisation().history_days
        if days is None:
            return
        started = self._clock()
        forgotten = 0
        for has_forgotten in self._steps(before=int(started * 1000) - days * DAY_MS, now=int(started * 1000)):
            forgotten += has_forgotten
            if self._clock() >= started + AT_ONCE_S:
                break
        self._logger.info("histories_forgotten", extra={"sessions": forgotten, "days": days})

    def _steps(self, *, before: int, now: int) -> Iterator[bool]:
        """True for each session that is forgotten, False for what is done on the way."""
        for shard in range(KEPT_SHARDS):
            while due := self._sessions.due(shard, before=before):
                for kept in due:
                    ended_at = kept.session.ended_at
                    if ended_at is None or ended_at >= before:
                        # A live one is looked at again in a day: until then, reading leaves out what is too old.
                        self._sessions.look_again(kept, before + DAY_MS if ended_at is None else ended_at)
                        yield False
                    else:
                        yield from (False for _ in self._sessions.forget(kept, now=now))
                        yield True
