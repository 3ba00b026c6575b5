"""Password hashes: Argon2id (RFC 9106) by argon2-cffi."""

from __future__ import annotations

import functools

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """Hashes and checks passwords with one set of parameters."""

    def __init__(self, *, memory_kib: int, time_cost: int, parallelism: int) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism, hash_len=32, salt_len=16, type=Type.ID
        )

    def hash(self, password: str) -> str:
        """A salted hash, with its parameters, in the PHC string format."""
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one.

        Without a stored hash the answer is no, after the same work: the time it takes does not tell whether there is an
        account.
        """
        nobodys = self._nobodys  # made at the first login of a process, whoever's that is
        try:
            return self._hasher.verify(stored or nobodys, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether the stored hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    @functools.cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("")
