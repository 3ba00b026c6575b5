"""Making and changing webhooks, and what has become of their deliveries."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from functions.serverless.ids import base32
from functions.serverless.outbound import NoAnswerError, Outbound, TargetRefusedError
from functions.serverless.preconditions import PreconditionFailedError, is_asked_for
from functions.serverless.problems import InvalidFieldError, NotFoundError, PermissionMissingError, UnavailableError
from meetings_service.adapters.webhooks_table import DeliveryPage, WebhooksTable
from meetings_service.domain.deliveries import Delivery, DeliveryState
from meetings_service.domain.webhook_events import TEST, Event, EventType
from meetings_service.domain.webhooks import (
    MAX_WEBHOOKS,
    ORGANISATION,
    SECRET_BYTES,
    DisabledBecause,
    Secret,
    Webhook,
    in_order,
    new_secret,
    rotated,
    webhook_id_of,
)
from meetings_service.errors import KeyReusedError, TooManyWebhooksError
from meetings_service.outbox import Outbox
from meetings_service.webhook_secrets import WebhookSecrets

_ATTEMPTS: Final = 5
_ID_BYTES: Final = 15
_REPEATABLE_MS: Final = 24 * 3_600_000
"""For so long a request that makes a webhook may be made again, and tells its secret."""
AGAIN_AT_ONCE: Final = 500
"""So many deliveries are sent again by one request."""


class Webhooks:
    """One's own webhooks; for administrators those of the organisation, too. ``clock``: seconds since the epoch.

    Every method that takes a webhook's id raises `NotFoundError` if the caller has no such webhook.
    """

    def __init__(
        self,
        *,
        table: WebhooksTable,
        outbox: Outbox,
        outbound: Outbound,
        secrets: WebhookSecrets,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        logger: logging.Logger,
    ) -> None:
        self._table = table
        self._outbox = outbox
        self._outbound = outbound
        self._secrets = secrets
        self._clock = clock
        self._randomness = randomness
        self._logger = logger

    def make(
        self,
        caller: AccessClaims,
        *,
        url: str,
        events: Sequence[EventType],
        description: str,
        of_organisation: bool,
        request_key: str | None,
    ) -> Webhook:
        """Makes a webhook of the caller, or of the organisation.

        ``request_key`` names the request: made again within a day, it gives the same webhook.

        Raises:
            PermissionMissingError: that is for administrators.
            InvalidFieldError: nothing is sent to this URL.
            KeyReusedError: the key names another request.
            TooManyWebhooksError
        """
        owner = _owner(caller, of_organisation=of_organisation)
        asked = hashlib.sha256(msgspec.json.encode([url, in_order(events), description])).hexdigest()
        webhook = Webhook(
            id=webhook_id_of(f"{owner} {caller.sub}", request_key, self._randomness(_ID_BYTES)),
            owner=owner,
            url=url,
            events=in_order(events),
            description=description,
            secrets=(self._secret(),),
            created_at=self._now(),
            request=None if request_key is None else asked,
        )
        known = None if request_key is None else self._table.find(webhook.id)
        if known is None:
            self._check(url)
            if len(self._table.of_owner(owner)) >= MAX_WEBHOOKS:
                raise TooManyWebhooksError(MAX_WEBHOOKS)
            webhook = self._secrets.sealed(webhook)
            if self._table.add(webhook):
                self._event("webhook_created", caller, webhook)
                return webhook
            known = self.find(caller, webhook.id)  # the same request, twice at once
        if known.request != asked or known.created_at + _REPEATABLE_MS <= self._now():
            raise KeyReusedError
        return known

    def list_of(self, caller: AccessClaims) -> list[Webhook]:
        """All webhooks that the caller may see: those of the organisation first, each kind the oldest first."""
        shared = self._table.of_owner(ORGANISATION) if caller.may(Permission.MEETINGS_ADMINISTER) else []
        return [*shared, *self._table.of_owner(caller.sub)]

    def find(self, caller: AccessClaims, webhook_id: str) -> Webhook:
        """One of them."""
        webhook = self._table.find(webhook_id)
        is_seen = webhook is not None and (
            webhook.owner == caller.sub
            or (webhook.owner == ORGANISATION and caller.may(Permission.MEETINGS_ADMINISTER))
        )
        if webhook is None or not is_seen:
            raise NotFoundError("There is no such webhook.")
        return webhook

    def change(
        self, caller: AccessClaims, webhook_id: str, changes: dict[str, Any], headers: Mapping[str, str]
    ) -> Webhook:
        """Sets ``url``, ``events``, ``description`` or ``enabled``. Turned on again, it begins with a clean sheet.

        Raises:
            InvalidFieldError: nothing is sent to this URL.
            PreconditionFailedError: somebody else has changed it meanwhile.
        """
        if not is_asked_for(headers, self.find(caller, webhook_id).version):
            raise PreconditionFailedError
        if "url" in changes:
            self._check(changes["url"])
        if "events" in changes:
            changes = {**changes, "events": in_order(changes["events"])}

        def changed(webhook: Webhook) -> Webhook:
            if not is_asked_for(headers, webhook.version):
                raise PreconditionFailedError
            after = replace(webhook, **{name: value for name, value in changes.items() if name != "enabled"})
            if changes.get("enabled") is True and webhook.disabled_because is not None:
                return replace(after, disabled_because=None, disabled_at=None, failing_since=None, last_error=None)
            if changes.get("enabled") is False and webhook.disabled_because is None:
                return replace(after, disabled_because=DisabledBecause.OWNER, disabled_at=self._now())
            return after

        return self._replace(caller, webhook_id, changed, "webhook_changed")

    def rotate(self, caller: AccessClaims, webhook_id: str) -> Webhook:
        """Gives a webhook another secret. Messages are signed with the former one as well for a day."""
        secret, now = self._secret().text, self._now()
        return self._replace(
            caller,
            webhook_id,
            lambda webhook: replace(webhook, secrets=rotated(webhook.secrets, secret, now=now)),
            "webhook_secret_rotated",
        )

    def secret_of(self, webhook: Webhook) -> str:
        """What a webhook's messages are signed with."""
        return self._secrets.present(webhook).text

    def delete(self, caller: AccessClaims, webhook_id: str) -> None:
        """Deletes a webhook, with its deliveries."""
        webhook = self.find(caller, webhook_id)
        self._table.delete(webhook.id)
        self._event("webhook_deleted", caller, webhook)

    def forget(self, user_id: str) -> None:
        """Deletes the webhooks of an account that is gone."""
        for webhook in self._table.of_owner(user_id):
            self._table.delete(webhook.id)

    # ---- deliveries ----

    def deliveries(
        self, caller: AccessClaims, webhook_id: str, *, cursor: str | None, limit: int, state: DeliveryState | None
    ) -> DeliveryPage:
        """What it was told of the last 30 days, the latest first. Raises `InvalidFieldError` for a strange cursor."""
        return self._table.page(self.find(caller, webhook_id).id, cursor=cursor, limit=limit, state=state)

    def delivery(self, caller: AccessClaims, webhook_id: str, message_id: str) -> Delivery:
        """One delivery. Raises `NotFoundError` if there is none."""
        delivery = self._table.delivery(self.find(caller, webhook_id).id, message_id)
        if delivery is None:
            raise NotFoundError("There is no such delivery.")
        return delivery

    def send_again(self, caller: AccessClaims, webhook_id: str, message_id: str) -> Delivery:
        """Sends a message again, with the same id. One that is on its way is sent at once. Raises as `delivery`."""
        key = (self.find(caller, webhook_id).id, message_id)
        again = self._table.send_again(key, now=self._now())
        if again is None:
            raise NotFoundError("There is no such delivery.")
        self._outbox.start([key])
        return again

    def send_all_again(self, caller: AccessClaims, webhook_id: str, *, since: int) -> tuple[int, bool]:
        """Sends everything again that has come to be since then and was given up; how much, and whether there is more.

        ``since``: milliseconds since the epoch.
        """
        webhook = self.find(caller, webhook_id)
        keys = self._table.failed_since(webhook.id, max(since, 0), limit=AGAIN_AT_ONCE + 1)
        chosen = keys[:AGAIN_AT_ONCE]
        for key in chosen:
            self._table.send_again(key, now=self._now())
        self._outbox.start(chosen)
        return len(chosen), len(keys) > len(chosen)

    def test(self, caller: AccessClaims, webhook_id: str) -> Delivery:
        """Sends a test event, once; also to a webhook that is turned off."""
        webhook = self.find(caller, webhook_id)
        key = f"{webhook.id}#{base32(self._randomness(10))}"
        event = Event(key=key, type=TEST, at=self._now(), data={"webhook": {"id": webhook.id}})
        put_down = self._outbox.put_down(webhook, event)
        delivery = self.delivery(caller, *put_down)
        self._outbox.start([put_down])
        return delivery

    # ---- what they stand on ----

    def _replace(
        self, caller: AccessClaims, webhook_id: str, changed: Callable[[Webhook], Webhook], noted: str
    ) -> Webhook:
        for _ in range(_ATTEMPTS):
            webhook = self.find(caller, webhook_id)
            done = self._table.replace(webhook, self._secrets.sealed(changed(webhook)))
            if done is not None:
                self._event(noted, caller, done)
                return done
        raise UnavailableError("This webhook is being changed at the moment. Please try again.")

    def _check(self, url: str) -> None:
        try:
            self._outbound.check(url)
        except (TargetRefusedError, NoAnswerError) as error:
            message = str(error)
            raise InvalidFieldError("url", message[:1].upper() + message[1:].rstrip(".") + ".") from error

    def _secret(self) -> Secret:
        return Secret(text=new_secret(self._randomness(SECRET_BYTES)))

    def _event(self, name: str, caller: AccessClaims, webhook: Webhook) -> None:
        self._logger.info(name, extra={"webhook_id": webhook.id, "owner": webhook.owner, "user_id": caller.sub})

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _owner(caller: AccessClaims, *, of_organisation: bool) -> str:
    if not of_organisation:
        return caller.sub
    if not caller.may(Permission.MEETINGS_ADMINISTER):
        raise PermissionMissingError(Permission.MEETINGS_ADMINISTER)
    return ORGANISATION
