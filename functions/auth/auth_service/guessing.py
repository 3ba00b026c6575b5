"""Slowing those who guess passwords or codes, without slowing the owner with them.

Attempts at an account are counted for each address that they come from, and a distributed attack for all addresses
together, more patiently. Who comes from a device that the account's owner has logged in from before has a count of its
own: no stranger's attempts make the owner wait there. At codes that takes a login with a second factor: whoever knows
the password could have logged in from any number of devices before the account had one. Nobody is ever locked out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from auth_service.adapters.devices_table import DevicesTable
from auth_service.domain.accounts import Account
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.security_events import SecurityEvents
from functions.serverless.client_addresses import network_of
from functions.serverless.rate_limits import Patience, Quota, RateLimitedError
from functions.serverless.redis_limits import Limits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

FROM_ONE_ADDRESS = Patience(name="password-address", free=5, longest_s=900, forget_s=3_600)
FROM_ANYWHERE = Patience(name="password", free=50, longest_s=60, forget_s=3_600)
FROM_KNOWN_DEVICE = Patience(name="password-device", free=10, longest_s=900, forget_s=3_600)
CODE_FROM_ANYWHERE = Patience(name="code", free=20, longest_s=900, forget_s=86_400)
"""Three of a million codes are right, and who tries them knows the password: a hundred tries a day find one in a
thousand days or so. Nobody without the password makes anybody wait here."""


class Guarded(Struct, frozen=True, kw_only=True):
    """Something that may be guessed: how patiently attempts are counted, and what the audit log calls it.
    ``second_factor``: whether only a login with one has made a device known."""

    from_one_address: Patience
    from_anywhere: Patience
    from_known_device: Patience
    slowed: SecurityEventName
    second_factor: bool = False


PASSWORDS = Guarded(
    from_one_address=FROM_ONE_ADDRESS,
    from_anywhere=FROM_ANYWHERE,
    from_known_device=FROM_KNOWN_DEVICE,
    slowed=SecurityEventName.LOGIN_SLOWED,
)
CODES = Guarded(
    from_one_address=Patience(name="code-address", free=5, longest_s=900, forget_s=3_600),
    from_anywhere=CODE_FROM_ANYWHERE,
    from_known_device=Patience(name="code-device", free=10, longest_s=900, forget_s=86_400),
    slowed=SecurityEventName.SECOND_FACTOR_SLOWED,
    second_factor=True,
)
_TOLD = Quota(name="password-told", limit=1, window_s=60)
"""How often the audit log says that an account's attempts are slowed."""


class Guess(Struct, frozen=True):
    """An attempt that has begun: where it counts, the narrowest first. ``device``: the name of a known one."""

    counts: tuple[tuple[Patience, str], ...]
    device: str | None


class Guessing:
    """Counts attempts at passwords and codes."""

    def __init__(self, *, limits: Limits, devices: DevicesTable, events: SecurityEvents) -> None:
        self._limits = limits
        self._devices = devices
        self._events = events

    def begin(
        self,
        subject: str,
        account: Account | None,
        *,
        device: str | None,
        origin: Origin,
        guarded: Guarded = PASSWORDS,
    ) -> Guess:
        """Counts an attempt at a subject: the address that somebody logs in with, whether or not it has an account.

        Raises:
            RateLimitedError: it has to wait.
        """
        strong = guarded.second_factor
        known = device if device and self._devices.is_known(device, account, second_factor=strong) else None
        if known:
            guess = Guess(((guarded.from_known_device, f"{subject} {known}"),), known)
        else:
            network = network_of(origin.address)
            counts = ((guarded.from_one_address, f"{subject} {network}"), (guarded.from_anywhere, subject))
            guess = Guess(counts, None)
        waits = self._limits.attempt_all(guess.counts)
        if any(waits):
            begun = [count for count, wait_ms in zip(guess.counts, waits, strict=True) if not wait_ms]
            self._limits.settle(take_back=begun)
            self._refuse(guarded, subject, account, next(filter(None, waits)), origin)
        return guess

    def right(self, guess: Guess) -> None:
        """The attempt was right."""
        self._limits.settle(forget=guess.counts[:1], take_back=guess.counts[1:])

    def knows(self, account: Account, device: str | None) -> bool:
        """Whether an account's owner has logged in from a device before, with a second factor."""
        return device is not None and self._devices.is_known(device, account, second_factor=True)

    def name_for(self, account: Account, *, second_factor: bool) -> tuple[str, Write]:
        """A name for a device that an account's owner logs in from, and the write by which it is known from then on.
        ``second_factor``: with one."""
        return self._devices.remember(account, second_factor=second_factor)

    def _refuse(self, guarded: Guarded, subject: str, account: Account | None, wait_ms: int, origin: Origin) -> None:
        if self._limits.count(_TOLD, subject).allowed:
            self._events.record(guarded.slowed, origin=origin, user_id=account.id if account else None)
        seconds = -(-wait_ms // 1000)
        raise RateLimitedError(
            f"There were too many attempts. Please wait {seconds} seconds, or use a device that you have used before.",
            retry_after_s=seconds,
        )
