"""Slowing those who guess passwords, without slowing the owner with them.

Attempts at an account are counted for each address that they come from, and a distributed attack for all addresses
together, more patiently. Who comes from a device that the account's owner has logged in from before has a count of its
own: no stranger's attempts make the owner wait there. Nobody is ever locked out.
"""

from __future__ import annotations

from msgspec import Struct

from auth_service.adapters.devices_table import DevicesTable
from auth_service.domain.accounts import Account
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.security_events import SecurityEvents
from functions.serverless.client_addresses import network_of
from functions.serverless.rate_limits import Patience, Quota, RateLimitedError
from functions.serverless.redis_limits import Limits

FROM_ONE_ADDRESS = Patience(name="password-address", free=5, longest_s=900, forget_s=3_600)
FROM_ANYWHERE = Patience(name="password", free=50, longest_s=60, forget_s=3_600)
FROM_KNOWN_DEVICE = Patience(name="password-device", free=10, longest_s=900, forget_s=3_600)
_TOLD = Quota(name="password-told", limit=1, window_s=60)
"""How often the audit log says that an account's attempts are slowed."""


class Guess(Struct, frozen=True):
    """An attempt that has begun: where it counts, the narrowest first. ``device``: the name of a known one."""

    counts: tuple[tuple[Patience, str], ...]
    device: str | None


class Guessing:
    """Counts attempts at passwords."""

    def __init__(self, *, limits: Limits, devices: DevicesTable, events: SecurityEvents) -> None:
        self._limits = limits
        self._devices = devices
        self._events = events

    def begin(self, subject: str, account: Account | None, *, device: str | None, origin: Origin) -> Guess:
        """Counts an attempt at a subject: the address that somebody logs in with, whether or not it has an account.

        Raises:
            RateLimitedError: it has to wait.
        """
        owner = "nobody" if account is None else account.id  # the same read, whether or not there is an account
        known = device if device and self._devices.is_known(device, owner) else None
        if known:
            guess = Guess(((FROM_KNOWN_DEVICE, f"{subject} {known}"),), known)
        else:
            network = network_of(origin.address)
            guess = Guess(((FROM_ONE_ADDRESS, f"{subject} {network}"), (FROM_ANYWHERE, subject)), None)
        for index, (patience, key) in enumerate(guess.counts):
            wait_ms = self._limits.attempt(patience, key)
            if wait_ms:
                for begun, begun_key in guess.counts[:index]:
                    self._limits.take_back(begun, begun_key)
                self._refuse(subject, account, wait_ms, origin)
        return guess

    def right(self, guess: Guess) -> None:
        """The attempt was right."""
        (narrow, key), *wide = guess.counts
        self._limits.forget(narrow, key)
        for patience, wide_key in wide:
            self._limits.take_back(patience, wide_key)

    def name_for(self, account: Account) -> str:
        """A name for a device that an account's owner has logged in from, by which it is known from now on."""
        return self._devices.remember(account.id)

    def _refuse(self, subject: str, account: Account | None, wait_ms: int, origin: Origin) -> None:
        if self._limits.count(_TOLD, subject).allowed:
            self._events.record(SecurityEventName.LOGIN_SLOWED, origin=origin, user_id=account.id if account else None)
        seconds = -(-wait_ms // 1000)
        raise RateLimitedError(
            f"There were too many attempts. Please wait {seconds} seconds, or use a device that you have used before.",
            retry_after_s=seconds,
        )
