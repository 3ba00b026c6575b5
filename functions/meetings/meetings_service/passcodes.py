"""Slowing those who guess a meeting's passcode. Nobody is ever locked out, and who knows it is not slowed for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from functions.serverless.rate_limits import Patience, RateLimitedError
from functions.serverless.redis_limits import Limits
from meetings_service.errors import PasscodeWrongError

FROM_ONE_NETWORK = Patience(name="passcode-address", free=10, longest_s=60, forget_s=3_600)
"""Many who are invited may be behind one address."""
FROM_ANYWHERE = Patience(name="passcode", free=200, longest_s=5, forget_s=3_600)


class PasscodeGuessing:
    """Counts attempts at passcodes."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    @contextmanager
    def attempt(self, meeting_id: str, network: str) -> Iterator[None]:
        """Counts the attempt that is made within, from a network; one that is not wrong is taken back.

        Raises:
            RateLimitedError: it has to wait, and is not made.
        """
        counts = ((FROM_ONE_NETWORK, f"{meeting_id} {network}"), (FROM_ANYWHERE, meeting_id))
        waits = self._limits.attempt_all(counts)
        if any(waits):
            self._limits.settle(take_back=[count for count, wait in zip(counts, waits, strict=True) if not wait])
            seconds = -(-next(filter(None, waits)) // 1000)
            raise RateLimitedError(
                f"There were too many wrong passcodes. Please wait {seconds} seconds.", retry_after_s=seconds
            )
        try:
            yield
        except PasscodeWrongError:
            raise
        except BaseException:
            self._limits.settle(take_back=counts)
            raise
        self._limits.settle(take_back=counts)
