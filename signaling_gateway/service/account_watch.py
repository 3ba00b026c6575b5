"""Keeps those out, and takes those out, whose account or session is not what it was when their token was issued, and
has those renamed whose account is.

What Redis has of an account is looked up when somebody comes in, when it is announced that it has changed, and from
time to time for all who are here, since announcements may get lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from contracts.account_standing import CODE_OF_LOSS, MESSAGE_OF_LOSS, AccountStanding, has_standing
from contracts.log_events import LobbyLeft, ParticipantLeft
from contracts.meeting_token import MeetingClaims
from contracts.rooms import Identity
from signaling_gateway.domain.access_loss import HeedAccount, loss_of
from signaling_gateway.errors import LogUnavailableError, Refusal
from signaling_gateway.metrics import ACCESS_LOST
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.rooms import Rooms

LOOK_S = 10.0
"""How often all who are here are looked up, in case an announcement was lost without the connection breaking."""
LISTEN_AGAIN_S = 1.0

_log = logging.getLogger(__name__)


class Known(Struct, frozen=True, kw_only=True):
    """What there is to know of an account that has changed lately: its standing, and its sessions that have ended."""

    standing: AccountStanding | None
    ended: frozenset[str]


class AccountStandings(Protocol):
    """What the authentication service tells of accounts."""

    async def read(self, sessions: Mapping[Identity, Iterable[str]]) -> dict[Identity, Known]:
        """What is known of accounts, and of some sessions of each. Accounts that have not changed lately are left out.

        Raises:
            LogUnavailableError: it cannot be read now.
        """

    async def listen(self, *, heard: Callable[[Identity | None], None]) -> None:
        """Has ``heard`` called with each account that changes; None: some may have changed of which nothing was heard.

        Raises:
            LogUnavailableError: it is not possible now.
        """


class AccountWatch:
    """Watches the accounts of those who are in this gateway's rooms."""

    def __init__(self, *, standings: AccountStandings, rooms: Rooms, tasks: BackgroundTasks) -> None:
        self._standings = standings
        self._rooms = rooms
        self._tasks = tasks
        self._news = 0
        """How often something was heard."""

    async def run(self) -> None:
        """Listens, and looks from time to time; until cancelled."""
        while True:
            try:
                await self._standings.listen(heard=self._heard)
                break
            except LogUnavailableError:
                await asyncio.sleep(LISTEN_AGAIN_S)
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look()

    @contextlib.asynccontextmanager
    async def admitting(self, claims: MeetingClaims) -> AsyncIterator[None]:
        """Around letting somebody in. Who loses their access meanwhile is found, though no room knows them yet.

        Raises:
            Refusal: they have lost it already.
            LogUnavailableError: that cannot be told now.
        """
        accounts = _accounts_of(claims)
        if not accounts:
            yield
            return
        news = self._news
        await self._require_access(claims)
        yield
        if news != self._news:
            for account in accounts:
                self._tasks.spawn(self._look(account))

    async def _require_access(self, claims: MeetingClaims) -> None:
        session = claims.session
        sessions = () if session is None else (session.id,)
        found = await self._standings.read(
            {each: sessions if each == claims.sub else () for each in _accounts_of(claims)}
        )
        for account, known in found.items():
            own = session if account == claims.sub else None
            loss = loss_of(own, known.standing, known.ended)
            if loss is not None:
                raise Refusal(CODE_OF_LOSS[loss], MESSAGE_OF_LOSS[loss])

    def _heard(self, account: Identity | None) -> None:
        self._news += 1
        self._tasks.spawn(self._look(account))

    async def _look(self, account: Identity | None = None) -> None:
        """Looks up one account, or all that this gateway answers for, and has the rooms heed what they are now."""
        found: defaultdict[Identity, list[LiveRoom]] = defaultdict(list)
        sessions: defaultdict[Identity, set[str]] = defaultdict(set)
        for room in self._rooms.open_rooms():
            state = room.state
            everybody = (*state.stays.values(), *state.lobby.values())
            for stay in everybody if account is None else state.standing_on(account):
                if account is None and stay.gateway_id != self._rooms.gateway_id:
                    continue
                identity = stay.info.identity
                for each in (identity, *stay.stands_on) if account is None else (account,):
                    if has_standing(each) and room not in found[each]:
                        found[each].append(room)
                if stay.session is not None and identity in found:
                    sessions[identity].add(stay.session.id)
        try:
            known = await self._standings.read({each: sessions[each] for each in found})
        except LogUnavailableError as error:
            _log.warning("accounts cannot be looked up", extra={"error": error.message})
            return
        for identity, what in known.items():
            command = HeedAccount(identity=identity, standing=what.standing, ended=what.ended)
            for room in found[identity]:
                await self._heed(room, command)

    async def _heed(self, room: LiveRoom, command: HeedAccount) -> None:
        try:
            with self._rooms.hold(room):
                events = await room.execute(command)
        except (LogUnavailableError, Refusal) as error:
            names = {"meeting_id": room.meeting_id, "error": error.message}
            _log.warning("an account is not heeded yet", extra=names)
            return
        for event in events:
            if isinstance(event, ParticipantLeft | LobbyLeft) and event.loss is not None:
                ACCESS_LOST.labels(event.loss).inc()
                names = {"meeting_id": room.meeting_id, "participant_id": event.participant_id, "reason": event.loss}
                _log.info("access lost", extra=names)


def _accounts_of(claims: MeetingClaims) -> list[Identity]:
    """The accounts without which a token opens nothing: its bearer's own, and those that it stands on."""
    return [each for each in (claims.sub, *claims.stands_on) if has_standing(each)]
