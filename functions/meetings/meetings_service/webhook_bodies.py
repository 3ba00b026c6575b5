"""Bodies of requests and answers about webhooks, as in `docs/http-api.md` and the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from meetings_service.domain.deliveries import DeliveryState
from meetings_service.domain.webhook_events import EventType
from meetings_service.domain.webhooks import DisabledBecause
from meetings_service.messages import ListQuery, Time

Url = Annotated[str, Meta(min_length=1, max_length=2_048, description="Where messages are sent by POST: https://…")]
Events = Annotated[tuple[EventType, ...], Meta(min_length=1, max_length=32)]
Description = Annotated[str, Meta(max_length=200)]
Meetings = Literal["own", "all"]


class WebhookBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``meetings``: of which it is told: those that the caller hosts, or everybody's, which is for administrators."""

    url: Url
    events: Events
    description: Description = ""
    meetings: Meetings = "own"


class WebhookChangeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. A webhook that is turned off is told nothing, and what waits for it is given up."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt to bring a message. ``status``: of the answer; null: there was none, and ``error`` says why.

    ``excerpt``: what the answer began with.
    """

    at: Time
    duration_ms: int
    status: int | None
    error: str | None
    excerpt: str


class ListedDelivery(Struct, frozen=True, kw_only=True):
    """A message for one webhook. ``id`` is the message's, its header field ``webhook-id``."""

    id: str
    event: str
    state: DeliveryState
    created_at: Time
    next_attempt_at: Time | None
    attempt_count: int
    last_attempt: Attempt | None


class Webhook(Struct, frozen=True, kw_only=True):
    """A webhook. ``disabled_because``: its owner said so, it has failed for days, or it answered 410; null: it is on.

    ``failing_since`` and ``last_error``: the first failure after the last success. ``previous_secret_until``: for so
    long messages are also signed with the secret before the present one. ``last_delivery``: what it was told last,
    as it stood after its latest attempt; null: nothing yet.
    """

    id: str
    url: str
    events: tuple[EventType, ...]
    description: str
    meetings: Meetings
    enabled: bool
    disabled_because: DisabledBecause | None
    disabled_at: Time | None
    failing_since: Time | None
    last_error: str | None
    previous_secret_until: Time | None
    last_delivery: ListedDelivery | None
    created_at: Time


class NewWebhook(Webhook, frozen=True, kw_only=True):
    """``secret``: what messages are signed with. It is shown this once."""

    secret: str


class WebhookList(Struct, frozen=True, kw_only=True):
    items: tuple[Webhook, ...]


class DeliveriesQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With ``state`` a page may have fewer entries than there are."""

    state: Literal["pending", "delivered", "failed"] | UnsetType = UNSET


class Delivery(ListedDelivery, frozen=True, kw_only=True):
    """``attempts``: the last 50, in their order. ``payload``: the message's body."""

    attempts: tuple[Attempt, ...]
    payload: dict[str, Any]


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[ListedDelivery, ...]
    next_cursor: str | None


class RedeliverBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``since``: what has come to be since then, and was given up, is sent again."""

    since: Annotated[datetime, Meta(tz=True)]


class Redelivered(Struct, frozen=True, kw_only=True):
    """``count``: so much is sent again. ``more``: there is more, for another request."""

    count: int
    more: bool
