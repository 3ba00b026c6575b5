"""What a node does by itself, by the clock: repeats offers that may have got lost, closes meetings that moved away,
ends recordings and broadcasts that no gateway asks for any more, and transcoders and mixers that nobody needs.

Offers go over channels that keep nothing. One that stays unanswered is sent again; clients take the same offer twice.

A node that was thought dead (its lease ended while Redis was out of its reach) keeps meetings which the gateways have
placed elsewhere. Their clients are gone, and nobody will say that they left. Such a meeting has transports, none of
which is connected, and no requests; after some minutes of that it is closed. One without any transport may be somebody
who waits alone for others: it is given an hour. Whoever is in a meeting that was closed in error is made known anew
with the next request.
"""

from __future__ import annotations

import asyncio
import time

from msgspec import Struct

from contracts.node_rpc import Offer
from contracts.rooms import MeetingId, ParticipantId
from media_fleet.adapters.held_media import HeldMedia
from media_fleet.node import MediaNode

TICK_S = 1.0
REPEAT_AFTER_S = 4.0
"""A client answers within a round trip and some hundred milliseconds."""
MAX_REPEATS = 5
"""Then the client will not answer; it can ask for a new subscription."""
ABANDONED_AFTER_S = 600.0
"""Far longer than a client takes to come back after its network was away."""
FORGOTTEN_AFTER_S = 3600.0


class _Silence(Struct, frozen=True, kw_only=True):
    """No connected transport since a time, while no requests came beyond so many."""

    requests: int
    limit: float
    since: float


class Housekeeping:
    """Looks after one node. ``now`` is a monotonic clock's seconds."""

    def __init__(self, node: MediaNode, held: HeldMedia) -> None:
        self._node = node
        self._held = held
        self._offers: dict[tuple[MeetingId, ParticipantId], tuple[Offer, float, int]] = {}
        self._silent: dict[MeetingId, _Silence] = {}
        """Meetings without a connected transport."""

    async def run(self) -> None:
        """Works for ever; ends by cancellation."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick(time.monotonic())

    def tick(self, now: float) -> None:
        """Does what is due."""
        self._repeat_offers(now)
        self._close_abandoned(now)
        self._node.workers.tick(now)
        self._node.transcoders.tick(now)

    def _repeat_offers(self, now: float) -> None:
        watched = self._offers
        self._offers = {}
        for meeting_id, participant_id, offer in list(self._node.outstanding_offers()):
            place = (meeting_id, participant_id)
            known, sent_at, repeats = watched.get(place, (None, now, 0))
            if known is not offer:
                sent_at, repeats = now, 0
            elif now - sent_at >= REPEAT_AFTER_S and repeats < MAX_REPEATS:
                self._node.send_offer(meeting_id, participant_id, offer)
                sent_at, repeats = now, repeats + 1
            self._offers[place] = (offer, sent_at, repeats)

    def _close_abandoned(self, now: float) -> None:
        connections = self._held.connections()
        silent: dict[MeetingId, _Silence] = {}
        for meeting_id, requests in self._node.requests().items():
            if connections.get(meeting_id, False):
                continue
            limit = ABANDONED_AFTER_S if meeting_id in connections else FORGOTTEN_AFTER_S
            known = self._silent.get(meeting_id)
            is_same = known is not None and (known.requests, known.limit) == (requests, limit)
            silent[meeting_id] = known if known and is_same else _Silence(requests=requests, limit=limit, since=now)
        self._silent = silent
        for meeting_id, silence in silent.items():
            if now - silence.since >= silence.limit:
                self._node.abandon(meeting_id)
