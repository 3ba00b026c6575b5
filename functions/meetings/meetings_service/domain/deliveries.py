"""Deliveries: one message for one webhook, the attempts to bring it, and when the next one is."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from meetings_service.domain.webhook_events import TEST

KEPT_S: Final = 30 * 86_400
"""Deliveries are kept for so long, with what became of them."""
CLAIM_MS: Final = 60_000
"""For so long a delivery is its sender's alone."""
ANSWER_BYTES: Final = 512
"""Of an answer, so much is kept."""
MAX_ATTEMPTS: Final = 50
"""Of a delivery, so many attempts are kept, the latest."""
_DELAYS_S: Final = (30, 120, 480, 1_920, 7_200, 21_600, 21_600, 21_600, 14_400)
"""How long after each failed attempt the next one is: four times as long, then every six hours, for a day."""
NOTED_EVERY_MS: Final = 1_000
"""Of what a webhook is told alike, one a second is noted with it: it is told more than one item takes changes."""
_JITTER: Final = 0.2
_MAX_WISH_S: Final = 3_600
"""What a receiver may ask for in Retry-After."""
_REST_S: Final = (60, 3_600)


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt to bring a message. ``status``: of the answer, None without one, and then ``error`` says why."""

    at: int
    ms: int = 0
    status: int | None = None
    error: str | None = None
    answer: str = ""
    """What the answer's body begins with."""

    @property
    def is_success(self) -> bool:
        """Whether the message was taken."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def failure(self) -> str:
        """What went wrong, in a few words."""
        return self.error or f"status {self.status}"


class DeliveryState(StrEnum):
    """What has become of a message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """It was given up. It may be sent again on request."""


class Delivery(Struct, frozen=True, kw_only=True):
    """A message for one webhook, with the attempts to bring it. Times in milliseconds since the epoch.

    ``id`` is that of the message: the same for all webhooks and attempts.
    """

    id: str
    webhook_id: str
    event: str
    """The type of what it tells."""
    at: int
    """When it was put down."""
    body: str
    state: DeliveryState = DeliveryState.PENDING
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0
    """Since it was put down, or was asked for again."""
    next_at: int | None = None
    claimed_until: int = 0

    @property
    def attempt_count(self) -> int:
        """How many attempts are kept."""
        return len(self.attempts)

    @property
    def attempt(self) -> Attempt | None:
        """The latest one."""
        return self.attempts[-1] if self.attempts else None


class LastDelivery(Struct, frozen=True, kw_only=True):
    """What a webhook was told last, and how that stood after its latest attempt. Fields as in `Delivery`."""

    id: str
    event: str
    at: int
    state: DeliveryState
    next_at: int | None = None
    attempt_count: int
    attempt: Attempt


def latest_of(delivery: Delivery, attempt: Attempt) -> LastDelivery:
    """What is noted with a webhook of a delivery after an attempt."""
    return LastDelivery(
        id=delivery.id,
        event=delivery.event,
        at=delivery.at,
        state=delivery.state,
        next_at=delivery.next_at,
        attempt_count=delivery.attempt_count,
        attempt=attempt,
    )


def settled(delivery: Delivery, attempt: Attempt, *, now: int, chance: float, wish_s: int | None = None) -> Delivery:
    """A delivery after an attempt: done, to be tried again, or given up. What only tests is tried once.

    ``chance``: from 0 to 1, so that what failed together does not come back together; ``wish_s``: the receiver's, to
    be left alone for so long.
    """
    tries = delivery.tries + 1
    attempts = (*delivery.attempts, attempt)[-MAX_ATTEMPTS:]
    done = replace(delivery, attempts=attempts, tries=tries, next_at=None)
    if attempt.is_success:
        return replace(done, state=DeliveryState.DELIVERED)
    following = next_attempt(tries, now=now, chance=chance)
    if following is None or delivery.event == TEST:
        return replace(done, state=DeliveryState.FAILED)
    wish = now + 1000 * min(wish_s or 0, _MAX_WISH_S)
    return replace(done, next_at=max(following, wish))


def is_worth_noting(known: LastDelivery | None, latest: LastDelivery) -> bool:
    """Whether ``latest`` says something that is not known of its webhook already, or that is old."""
    return (
        known is None
        or known.state is not latest.state
        or abs(latest.attempt.at - known.attempt.at) >= NOTED_EVERY_MS
        or known.id == latest.id
    )


def next_attempt(tries: int, *, now: int, chance: float) -> int | None:
    """When to try again after so many attempts have failed; None: not any more. ``chance`` as in `settled`."""
    if tries > len(_DELAYS_S):
        return None
    factor = 1 - _JITTER + 2 * _JITTER * chance
    return now + int(_DELAYS_S[tries - 1] * 1000 * factor)


def rested(failing_since: int | None, *, now: int, chance: float) -> int:
    """When to try what waits for a webhook that has just failed again and again: later, the longer it has failed.

    Not an attempt for any of it: a webhook that is gone does not hold up others.
    """
    shortest, longest = (1000 * seconds for seconds in _REST_S)
    failed_for = 0 if failing_since is None else now - failing_since
    return now + int(min(max(failed_for, shortest), longest) * (0.5 + chance))
