"""What a node does by the clock."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.node_rpc import Offer
from contracts.rooms import MeetingId, ParticipantId
from media_fleet.housekeeping import ABANDONED_AFTER_S, FORGOTTEN_AFTER_S, MAX_REPEATS, REPEAT_AFTER_S, Housekeeping

MEETING = MeetingId("m")
ALICE = ParticipantId("alice")


class Node:
    """What housekeeping looks at, and what it does to it."""

    def __init__(self) -> None:
        self.offer: Offer | None = None
        self.count = 0
        self.connected: dict[MeetingId, bool] = {}
        self.sent: list[Offer] = []
        self.abandoned: list[MeetingId] = []
        self.workers = self.transcoders = self
        self.workers_seen_at: float | None = None

    def tick(self, now: float) -> None:
        self.workers_seen_at = now

    def outstanding_offers(self) -> list[tuple[MeetingId, ParticipantId, Offer]]:
        return [] if self.offer is None else [(MEETING, ALICE, self.offer)]

    def send_offer(self, _meeting_id: MeetingId, _participant_id: ParticipantId, offer: Offer) -> None:
        self.sent.append(offer)

    def requests(self) -> dict[MeetingId, int]:
        return {MEETING: self.count}

    def connections(self) -> dict[MeetingId, bool]:
        return self.connected

    def abandon(self, meeting_id: MeetingId) -> None:
        self.abandoned.append(meeting_id)


@pytest.fixture
def node() -> Any:
    return Node()


@pytest.fixture
def housekeeping(node: Any) -> Housekeeping:
    return Housekeeping(node, node)


def offer(negotiation: int) -> Offer:
    return Offer(generation=1, negotiation=negotiation, sdp="", tracks=())


def test_an_unanswered_offer_is_repeated_a_few_times(node: Any, housekeeping: Housekeeping) -> None:
    node.offer = offer(1)
    for second in range(100):
        housekeeping.tick(float(second))
    assert node.sent == [node.offer] * MAX_REPEATS


def test_an_answered_offer_is_not_repeated(node: Any, housekeeping: Housekeeping) -> None:
    node.offer = offer(1)
    housekeeping.tick(0)
    node.offer = None
    housekeeping.tick(REPEAT_AFTER_S)
    node.offer = offer(2)
    housekeeping.tick(REPEAT_AFTER_S + 1)
    housekeeping.tick(REPEAT_AFTER_S * 2)
    assert node.sent == []


def test_a_meeting_without_life_is_closed(node: Any, housekeeping: Housekeeping) -> None:
    node.connected = {MEETING: False}
    housekeeping.tick(0)
    housekeeping.tick(ABANDONED_AFTER_S - 1)
    assert node.abandoned == []
    housekeeping.tick(ABANDONED_AFTER_S)
    assert node.abandoned == [MEETING]


@pytest.mark.parametrize("sign", ["connected", "request", "no transports"])
def test_a_meeting_with_any_sign_of_life_stays(node: Any, housekeeping: Housekeeping, sign: str) -> None:
    node.connected = {MEETING: False}
    housekeeping.tick(0)
    if sign == "connected":
        node.connected = {MEETING: True}
    elif sign == "request":
        node.count += 1
    else:
        node.connected = {}
    housekeeping.tick(ABANDONED_AFTER_S - 1)
    node.connected = {MEETING: False}
    housekeeping.tick(ABANDONED_AFTER_S)
    assert node.abandoned == []


def test_a_meeting_that_never_had_a_transport_is_forgotten_much_later(node: Any, housekeeping: Housekeeping) -> None:
    housekeeping.tick(0)
    housekeeping.tick(FORGOTTEN_AFTER_S - 1)
    assert node.abandoned == []
    housekeeping.tick(FORGOTTEN_AFTER_S)
    assert node.abandoned == [MEETING]
