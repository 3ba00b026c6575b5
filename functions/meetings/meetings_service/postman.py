"""Brings deliveries: sends what is put down, sends it again, and turns off webhooks that fail for days."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec.structs import replace

from functions.serverless.outbound import NoAnswerError, Outbound, Reply, TargetRefusedError
from functions.serverless.sealing import SealingError
from meetings_service.adapters.webhooks_table import DeliveryKey, WebhooksTable
from meetings_service.domain.deliveries import (
    ANSWER_BYTES,
    Attempt,
    Delivery,
    DeliveryState,
    LastDelivery,
    is_worth_noting,
    latest_of,
    rested,
    settled,
)
from meetings_service.domain.webhook_events import TEST, Event, EventType
from meetings_service.domain.webhooks import DisabledBecause, Webhook, signed_headers, verdict
from meetings_service.outbox import Outbox
from meetings_service.webhook_secrets import WebhookSecrets

DEADLINE_S: Final = 10.0
"""For one attempt. The function has 30 seconds."""
_AT_ONCE: Final = 8
"""Attempts at one time, in one invocation."""
_BEGINS_UNTIL_S: Final = 15.0
"""Nothing is begun after so many seconds of an invocation: what was begun ends in its time."""
_ENOUGH: Final = 4
"""After so many failures without a success in between, a webhook is left alone for a while."""
_LOOKED_AT: Final = 4_000
_OF_ONE: Final = 300
"""Of what is due, so much is looked at in a minute, and so much is one webhook's."""


class Postman:
    """``clock``: seconds since the epoch; ``chance``: from 0 to 1."""

    def __init__(
        self,
        *,
        table: WebhooksTable,
        outbox: Outbox,
        outbound: Outbound,
        secrets: WebhookSecrets,
        clock: Callable[[], float],
        chance: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        self._table = table
        self._outbox = outbox
        self._outbound = outbound
        self._secrets = secrets
        self._clock = clock
        self._chance = chance
        self._logger = logger

    def work_off(self) -> None:
        """Has sent what is to be sent now: by invocations of their own for each webhook, or here."""
        keys = self._due()
        if self._outbox.sends_at_once:
            self._outbox.start(keys)
        else:
            self.work(keys)

    def _due(self) -> list[DeliveryKey]:
        """What is to be sent now: the first ones first, and of no webhook so much that there is no room for others."""
        by_webhook: defaultdict[str, list[DeliveryKey]] = defaultdict(list)
        for key in self._table.due(now=self._now(), limit=_LOOKED_AT):
            by_webhook[key[0]].append(key)
        return [key for of_one in by_webhook.values() for key in of_one[:_OF_ONE]]

    def work(self, keys: Sequence[DeliveryKey]) -> int:
        """Sends deliveries that are to be sent and that nobody else is at; how many were begun.

        A failure of one is logged, and the delivery stays. What there is no time for, too.
        """
        ends = time.monotonic() + _BEGINS_UNTIL_S
        failures: defaultdict[str, int] = defaultdict(int)

        def send(key: DeliveryKey) -> int:
            if time.monotonic() > ends:
                return 0
            try:
                return int(self._send(key, failures))
            except Exception:
                self._logger.exception("delivery_stuck", extra={"webhook_id": key[0], "message_id": key[1]})
                return 1

        with ThreadPoolExecutor(max_workers=max(1, min(_AT_ONCE, len(keys)))) as threads:
            return sum(threads.map(send, keys))

    def _send(self, key: DeliveryKey, failures: defaultdict[str, int]) -> bool:
        delivery = self._table.claim(key, now=self._now())
        if delivery is None:
            return False
        webhook = self._table.find(delivery.webhook_id)
        is_test = delivery.event == TEST
        if webhook is None or (webhook.disabled_because is not None and not is_test):
            self._table.settle(replace(delivery, state=DeliveryState.FAILED, next_at=None))
            return True
        if failures[webhook.id] >= _ENOUGH:
            later = rested(webhook.failing_since, now=self._now(), chance=self._chance())
            self._table.settle(replace(delivery, next_at=later))
            return True
        self._seal(webhook)
        attempt, wish_s = self._attempt(webhook, delivery)
        failures[webhook.id] = 0 if attempt.is_success else failures[webhook.id] + 1
        done = settled(delivery, attempt, now=self._now(), chance=self._chance(), wish_s=wish_s)
        latest = latest_of(done, attempt)
        if is_worth_noting(webhook.last_delivery, latest):
            self._note(webhook, latest)  # first: who sees the delivery settled sees this, too
        self._table.settle(done)
        self._log(done, attempt)
        if not is_test or attempt.is_success:
            self._judge(webhook, attempt)
        return True

    def _note(self, webhook: Webhook, latest: LastDelivery) -> None:
        """Notes what a webhook was told last: beside settling that delivery, which must not fail with it, or the
        receiver gets it again."""
        try:
            self._table.note(webhook.id, latest)
        except Exception as error:  # noqa: BLE001  (whatever it is, the next delivery notes again)
            self._logger.warning("delivery_not_noted", extra={"webhook_id": webhook.id, "error": repr(error)})

    def _seal(self, webhook: Webhook) -> None:
        """Seals what still stands readable in the table, or under a former key, now that it is used. This is done
        beside something else, which it does not hold up: the next use tries again."""
        try:
            secrets = self._secrets.as_they_should_be(webhook)
            if secrets != webhook.secrets:
                self._table.seal(webhook, secrets)
        except Exception as error:  # noqa: BLE001  (whatever it is, the secret signs as before)
            self._logger.warning("webhook_not_sealed", extra={"webhook_id": webhook.id, "error": repr(error)})

    def _attempt(self, webhook: Webhook, delivery: Delivery) -> tuple[Attempt, int | None]:
        """An attempt, and for how many seconds the receiver wishes to be left alone."""
        now, body = self._now(), delivery.body.encode()
        try:
            secrets = self._secrets.opened(webhook)
        except SealingError:
            return Attempt(at=now, ms=0, error="The webhook's secret cannot be read any more. Give it another."), None
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Parley-Webhooks/1",
            **signed_headers(delivery.id, body, secrets, now=now),
        }
        try:
            reply = self._outbound.post(webhook.url, body, headers)
        except (TargetRefusedError, NoAnswerError) as error:
            return Attempt(at=now, ms=max(self._now() - now, 0), error=str(error)), None
        return Attempt(at=now, ms=reply.ms, status=reply.status, answer=_shown(reply)), _retry_after(reply)

    def _judge(self, webhook: Webhook, attempt: Attempt) -> None:
        """Notes since when a webhook fails, and turns it off after days."""
        because = verdict(webhook, attempt)
        if because is not None:
            self._disable(webhook, because, attempt)
        elif attempt.is_success and webhook.failing_since is not None:
            self._table.works(webhook.id)
        elif not attempt.is_success and webhook.failing_since is None:
            self._table.fails(webhook.id, since=attempt.at, error=attempt.failure)

    def _disable(self, webhook: Webhook, because: DisabledBecause, attempt: Attempt) -> None:
        if webhook.disabled_because is not None:
            return
        if not self._table.disable(webhook, because, at=attempt.at, error=attempt.failure):
            return  # its owner has changed it meanwhile: the next attempt tells
        self._logger.warning("webhook_disabled", extra={"webhook_id": webhook.id, "because": because.value})
        about = {"id": webhook.id, "url": webhook.url, "last_error": attempt.failure}
        data = {"webhook": about, "reason": because.value}
        kind = EventType.WEBHOOK_DISABLED
        event = Event(key=f"{webhook.id}#disabled#{attempt.at}", type=kind, at=attempt.at, data=data)
        others = [each for each in self._table.of_owner(webhook.owner) if each.id != webhook.id and each.wants(kind)]
        self._outbox.start([self._outbox.put_down(each, event) for each in others])

    def _log(self, delivery: Delivery, attempt: Attempt) -> None:
        outcome = "delivered" if attempt.is_success else "failed" if delivery.next_at is None else "again"
        fields = {
            "webhook_id": delivery.webhook_id,
            "message_id": delivery.id,
            "event": delivery.event,
            "outcome": outcome,
            "status": attempt.status,
            "error": attempt.error,
            "ms": attempt.ms,
            "tries": delivery.tries,
        }
        self._logger.info("delivery", extra=fields)

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _retry_after(reply: Reply) -> int | None:
    """The seconds of Retry-After (RFC 9110, 10.2.3); None for a date, which is rare, or nonsense."""
    text = reply.headers.get("retry-after", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _shown(reply: Reply) -> str:
    text = reply.body[:ANSWER_BYTES].decode("utf-8", "replace")
    return "".join(character if character.isprintable() or character in "\n\t" else "\ufffd" for character in text)
