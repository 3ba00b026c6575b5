"""What a new password must be, wherever it is chosen."""

from __future__ import annotations

from auth_service.adapters.password_strength import is_easy_to_guess
from auth_service.adapters.passwords import Passwords
from auth_service.domain.accounts import check_length, normalise_password
from auth_service.errors import WeakPasswordError


class NewPasswords:
    """Checks and hashes new passwords. ``min_length``: in characters."""

    def __init__(self, *, passwords: Passwords, min_length: int, site: str) -> None:
        self._passwords = passwords
        self._min_length = min_length
        self._site = site

    def hash(self, password: str, *, email: str, display_name: str) -> str:
        """The hash of a password that somebody with this address and name may have.

        Raises:
            WeakPasswordError: it is too short, or too easy to guess.
        """
        secret = normalise_password(password)
        check_length(secret, at_least=self._min_length)
        personal = [*email.split("@"), email, *display_name.split(), self._site, "parley"]
        if is_easy_to_guess(secret, personal=personal):
            raise WeakPasswordError("This password is among those that are guessed first. Please choose another.")
        return self._passwords.hash(secret)
