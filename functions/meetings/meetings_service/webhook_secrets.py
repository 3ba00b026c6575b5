"""Secrets of webhooks, as the table has them: sealed, and opened where a message is signed or the owner is shown one.

Those from before they were sealed stand there readable (``whsec_…``) until a message is next signed with them, or the
owner changes the webhook. What another key has sealed is sealed anew then, too, so that an old key can go in the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from msgspec.structs import replace

from functions.serverless.sealing import Sealing, SealingError
from meetings_service.domain.webhooks import Secret, Webhook

_READABLE = "whsec_"


class WebhookSecrets:
    """Every method that opens raises `functions.serverless.sealing.SealingError` if the key is gone."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def sealed(self, webhook: Webhook) -> Webhook:
        """A webhook with no readable secret."""
        return replace(webhook, secrets=tuple(self._seal(each, webhook.id) for each in webhook.secrets))

    def as_they_should_be(self, webhook: Webhook) -> tuple[Secret, ...]:
        """A webhook's secrets, sealed with the key that seals now as far as they can be opened.

        Raises:
            Exception: a readable secret cannot be sealed, whyever Secrets Manager gives no key.
        """
        return tuple(self._renewed(each, webhook.id) for each in webhook.secrets)

    def present(self, webhook: Webhook) -> Secret:
        """The secret that a webhook has now, readable."""
        return self._open(webhook.secrets[0], webhook.id)

    def opened(self, webhook: Webhook) -> tuple[Secret, ...]:
        """A webhook's secrets, readable, the present one first. Former ones whose key is gone are left out: whoever has
        lost the keys gives webhooks other secrets."""
        return (self.present(webhook), *self._former(webhook))

    def _former(self, webhook: Webhook) -> Iterator[Secret]:
        for each in webhook.secrets[1:]:
            with contextlib.suppress(SealingError):
                yield self._open(each, webhook.id)

    def _renewed(self, secret: Secret, webhook_id: str) -> Secret:
        if not secret.text.startswith(_READABLE):
            return replace(secret, text=self._sealing.renewed(secret.text, owner_id=webhook_id))
        return self._seal(secret, webhook_id)

    def _seal(self, secret: Secret, webhook_id: str) -> Secret:
        if not secret.text.startswith(_READABLE):
            return secret
        return replace(secret, text=self._sealing.seal(secret.text.encode(), owner_id=webhook_id))

    def _open(self, secret: Secret, webhook_id: str) -> Secret:
        if secret.text.startswith(_READABLE):
            return secret
        return replace(secret, text=self._sealing.open(secret.text, owner_id=webhook_id).decode())
