"""How easily a password is guessed: zxcvbn's lists of common passwords, names and keyboard patterns, offline."""

from __future__ import annotations

from collections.abc import Sequence

_READ = 72
"""So much of a password is looked at: the estimate takes a time that grows with the square of the length."""
_GUESSES = 10**6
"""What online guessing could try within years; the hash makes offline guessing of so many cost days."""


def is_easy_to_guess(password: str, *, personal: Sequence[str]) -> bool:
    """Whether it is among the first million that somebody would try who knows the ``personal`` words."""
    from zxcvbn import zxcvbn  # noqa: PLC0415  (50 ms that only routes with a new password pay)

    return bool(zxcvbn(password[:_READ], user_inputs=list(personal))["guesses"] < _GUESSES)
