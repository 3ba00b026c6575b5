"""Webhooks: whose they are, what they want to be told, how messages are signed, and when one is turned off.

Messages are those of the Standard Webhooks specification (https://www.standardwebhooks.com, 1.0): an id that stays the
same however often a message is sent, the time of the attempt, and a signature by HMAC-SHA256 (``v1``) over both and the
body. Secrets are ``whsec_`` and 32 octets in Base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from functions.serverless.ids import base32
from meetings_service.domain.deliveries import Attempt, LastDelivery
from meetings_service.domain.webhook_events import EventType

ORGANISATION: Final = "organisation"
"""Whose webhooks are told of everybody's meetings."""
SECRET_BYTES: Final = 32
OVERLAP_MS: Final = 24 * 3_600_000
"""For so long messages are also signed with the secret before the present one."""
MAX_WEBHOOKS: Final = 20
"""Of one owner."""
GIVES_UP_MS: Final = 5 * 86_400_000
"""A webhook that has failed for so long, and never succeeded in between, is turned off."""
_GONE: Final = 410


class DisabledBecause(StrEnum):
    """Why a webhook is turned off."""

    OWNER = "owner"
    """Its owner said so."""
    FAILING = "failing"
    """It has failed for days."""
    GONE = "gone"
    """It answered 410: it does not want to be told any more."""


class Secret(Struct, frozen=True, kw_only=True):
    """A secret, and until when it is used (milliseconds since the epoch; None: until there is another)."""

    text: str
    until: int | None = None

    def __repr__(self) -> str:
        return f"Secret(until={self.until!r})"


class Webhook(Struct, frozen=True, kw_only=True):
    """Somebody's wish to be told. Times in milliseconds since the epoch. ``owner``: a user, or `ORGANISATION`."""

    id: str
    owner: str
    url: str
    events: tuple[EventType, ...]
    description: str = ""
    secrets: tuple[Secret, ...]
    """The present one first."""
    created_at: int
    version: int = 1
    """Every change by its owner, and being turned off, adds one."""
    request: str | None = None
    """Of what was asked for under an Idempotency-Key, a digest."""
    disabled_because: DisabledBecause | None = None
    disabled_at: int | None = None
    failing_since: int | None = None
    """The first failure after the last success."""
    last_error: str | None = None
    """What went wrong at the first failure after the last success, in a few words."""
    last_delivery: LastDelivery | None = None
    """What it was told last; None: nothing yet, or nothing since this is noted."""

    def wants(self, event: str) -> bool:
        """Whether it is to be told of such an event."""
        return self.disabled_because is None and event in self.events


def webhook_id_of(owner: str, request_key: str | None, randomness: bytes) -> str:
    """The id of a new webhook: by chance, or the one that belongs to its owner's request of that name."""
    if request_key is None:
        return f"wh_{base32(randomness)}"
    digest = hashlib.sha256(f"{owner}\n{request_key}".encode()).digest()
    return f"wh_{base32(digest[: len(randomness)])}"


def in_order(events: Sequence[EventType]) -> tuple[EventType, ...]:
    """Types of events, each once, in the order of their list."""
    return tuple(kind for kind in EventType if kind in events)


def new_secret(randomness: bytes) -> str:
    """A secret from `SECRET_BYTES` random octets."""
    return f"whsec_{base64.b64encode(randomness).decode()}"


def rotated(secrets: tuple[Secret, ...], text: str, *, now: int) -> tuple[Secret, ...]:
    """The secrets after another one has taken the place of the present one, which is good for `OVERLAP_MS` more."""
    return (Secret(text=text), Secret(text=secrets[0].text, until=now + OVERLAP_MS))


def signed_headers(message_id: str, body: bytes, secrets: tuple[Secret, ...], *, now: int) -> dict[str, str]:
    """The header fields of an attempt at ``now`` (milliseconds since the epoch): one signature for each valid secret.

    Standard Webhooks 1.0, "Webhook headers": the time is in seconds.
    """
    at = str(now // 1000)
    content = b".".join((message_id.encode(), at.encode(), body))
    signatures = [
        f"v1,{_signature(secret.text, content)}" for secret in secrets if secret.until is None or secret.until > now
    ]
    return {"webhook-id": message_id, "webhook-timestamp": at, "webhook-signature": " ".join(signatures)}


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def verdict(webhook: Webhook, attempt: Attempt) -> DisabledBecause | None:
    """Why a webhook is to be turned off after an attempt; None: it is not."""
    if attempt.status == _GONE:
        return DisabledBecause.GONE
    is_hopeless = webhook.failing_since is not None and attempt.at - webhook.failing_since >= GIVES_UP_MS
    return DisabledBecause.FAILING if is_hopeless and not attempt.is_success else None
