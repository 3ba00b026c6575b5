"""Password hashes: Argon2id (RFC 9106) by argon2-cffi."""

from __future__ import annotations

import functools

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret_raw

_SALT = b"what is hashed with it is kept nowhere"


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

        A no takes the same work whether there is a stored hash or not, and whichever parameters it was made with: the
        time of an answer does not tell whether there is an account.
        """
        nobodys = self._nobodys  # made at the first login of a process, whoever's that is
        try:
            return self._hasher.verify(stored or nobodys, password) and stored is not None
        except VerificationError:
            self._make_up(password, stored or nobodys)
            return False
        except InvalidHashError:
            self._make_up(password, None)
            return False

    def _make_up(self, password: str, tried: str | None) -> None:
        """Does what was not done for a hash of lower parameters: memory times passes make the work (RFC 9106, 3.1)."""
        memory, lanes = self._hasher.memory_cost, self._hasher.parallelism
        left = memory * self._hasher.time_cost
        if tried is not None:
            parameters = extract_parameters(tried)
            left -= parameters.memory_cost * parameters.time_cost
        passes, rest = divmod(max(left, 0), memory)
        for memory_cost, time_cost in ((memory, passes), (rest, 1)):
            if time_cost > 0 and memory_cost >= 8 * lanes:
                hash_secret_raw(password.encode(), _SALT, time_cost, memory_cost, lanes, 32, Type.ID)

    def is_outdated(self, stored: str) -> bool:
        """Whether the stored hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    @functools.cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("")
