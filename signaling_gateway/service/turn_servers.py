"""TURN servers, which clients are told of once they have been let in."""

from __future__ import annotations

from collections.abc import Callable

from contracts.client_messages import IceServer
from contracts.rooms import Identity
from contracts.turn_credentials import turn_credentials


class TurnServers:
    """The TURN servers, for each client with credentials of its own. ``now`` is in seconds since 1970."""

    def __init__(self, urls: tuple[str, ...], secret: str, *, lifetime_s: int, now: Callable[[], float]) -> None:
        self._urls = urls
        self._secret = secret
        self._lifetime_s = lifetime_s
        self._now = now

    def __call__(self, identity: Identity) -> tuple[IceServer, ...]:
        """None if there are none."""
        if not self._urls:
            return ()
        made = turn_credentials(self._secret, identity, now=self._now(), lifetime_s=self._lifetime_s)
        return (IceServer(urls=self._urls, username=made.username, credential=made.credential),)
