"""Tells the other services how accounts stand, through Redis (`contracts.account_standing`)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from contracts import redis_names
from contracts.account_standing import STANDING_KEPT_MS, AccountChanged, AccountStanding
from contracts.rooms import Identity

if TYPE_CHECKING:
    from redis import Redis

_TIMEOUT_S = 1
# Keeps a standing, unless a later one is known. ARGV: the standing, its version, how long it is kept (ms).
_KEEP = """
local known = redis.call('GET', KEYS[1])
if known and cjson.decode(known).version > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""


class Standings:
    """Without a ``url`` nobody is told. All raise Redis's errors."""

    def __init__(self, url: str) -> None:
        self._url = url

    def keep(self, account_id: str, standing: AccountStanding) -> None:
        """Keeps how an account stands, and announces it."""
        if not self._url:
            return
        account, value = Identity(account_id), msgspec.json.encode(standing)
        key = redis_names.account_standing(account)
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.eval(_KEEP, 1, key, value, standing.version, STANDING_KEPT_MS)
            pipeline.spublish(redis_names.ACCOUNTS, _changed(account))
            pipeline.execute()

    def end_session(self, account_id: str, session_id: str) -> None:
        """Keeps that a session of an account has ended, and announces it."""
        if not self._url:
            return
        account = Identity(account_id)
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.set(redis_names.session_ended(account, session_id), "1", px=STANDING_KEPT_MS)
            pipeline.spublish(redis_names.ACCOUNTS, _changed(account))
            pipeline.execute()

    @functools.cached_property
    def _client(self) -> Redis:
        from redis import Redis  # noqa: PLC0415  (0.14 s that only those pay who tell something)
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        return Redis.from_url(
            self._url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),  # while an instance was frozen, its connection may have been closed
        )


def _changed(account: Identity) -> bytes:
    return msgspec.json.encode(AccountChanged(account_id=account))
