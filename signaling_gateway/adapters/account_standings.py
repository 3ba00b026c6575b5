"""What Redis has of accounts: `contracts.account_standing`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.account_standing import decode_account_changed, decode_standing
from contracts.rooms import Identity
from signaling_gateway.adapters.subscriptions import Subscriptions
from signaling_gateway.errors import LogUnavailableError
from signaling_gateway.service.account_watch import Known

BATCH = 500
"""How many accounts are asked about in one round trip."""

_log = logging.getLogger(__name__)


class RedisAccountStandings:
    """`AccountStandings` on the keys and the channel that the authentication service writes."""

    def __init__(self, redis: Redis, subscriptions: Subscriptions) -> None:
        self._redis = redis
        self._subscriptions = subscriptions

    async def read(self, sessions: Mapping[Identity, Iterable[str]]) -> dict[Identity, Known]:
        """See `AccountStandings.read`. One round trip for `BATCH` accounts."""
        asked = [(account, tuple(of_account)) for account, of_account in sessions.items()]
        found: dict[Identity, Known] = {}
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for account, of_account in batch:
                        ended = [redis_names.session_ended(account, each) for each in of_account]
                        pipeline.mget(redis_names.account_standing(account), *ended)
                    answers: list[Any] = await pipeline.execute()
            except (RedisError, OSError) as error:
                raise LogUnavailableError from error
            for (account, of_account), (standing, *ended) in zip(batch, answers, strict=True):
                known = _known(account, standing, of_account, ended)
                if known is not None:
                    found[account] = known
        return found

    async def listen(self, *, heard: Callable[[Identity | None], None]) -> None:
        """See `AccountStandings.listen`."""

        def on_message(message: bytes) -> None:
            try:
                account_id = decode_account_changed(message).account_id
            except msgspec.DecodeError as error:
                _log.error("news of an account cannot be read", extra={"error": str(error)})
                heard(None)
                return
            heard(account_id)

        await self._subscriptions.subscribe(
            redis_names.ACCOUNTS, on_message=on_message, on_subscribed=lambda: heard(None)
        )


def _known(account: Identity, standing: Any, sessions: Iterable[str], ended: list[Any]) -> Known | None:
    over = frozenset(each for each, value in zip(sessions, ended, strict=True) if value is not None)
    try:
        decoded = decode_standing(standing)
    except msgspec.DecodeError as error:
        _log.error("an account's standing cannot be read", extra={"account_id": account, "error": str(error)})
        decoded = None
    return None if decoded is None and not over else Known(standing=decoded, ended=over)
