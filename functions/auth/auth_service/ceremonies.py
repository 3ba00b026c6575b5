"""Ceremonies with authenticators: begun with a token, and taken once, by whom they were begun for."""

from __future__ import annotations

import base64
from collections.abc import Callable

from auth_service.adapters.login_steps_table import LoginStepsTable
from auth_service.domain.login_steps import CEREMONY_S, TOKEN_BYTES, Ceremony, Purpose, challenge_of, token_hash
from auth_service.errors import CeremonyError


class Ceremonies:
    """``clock``: seconds since the epoch. ``randomness``: octets that nobody can guess."""

    def __init__(
        self, *, table: LoginStepsTable, clock: Callable[[], float], randomness: Callable[[int], bytes]
    ) -> None:
        self._table = table
        self._clock = clock
        self._randomness = randomness

    def begin(self, purpose: Purpose, *, session_id: str | None = None) -> tuple[str, bytes]:
        """The token and the challenge of a new ceremony, for a session or for anybody who is to log in."""
        token = base64.urlsafe_b64encode(self._randomness(TOKEN_BYTES)).rstrip(b"=").decode()
        self._table.add_ceremony(
            Ceremony(
                token_hash=token_hash(token),
                purpose=purpose,
                expires_at=int(self._clock()) + CEREMONY_S[purpose],
                session_id=session_id,
            )
        )
        return token, challenge_of(token)

    def take(self, token: str, purpose: Purpose, *, session_id: str | None = None) -> bytes:
        """The challenge of a ceremony, which is used up, whatever comes of it.

        Raises:
            CeremonyError: there is none, or it is for something or somebody else.
        """
        found = self._table.take_ceremony(token)
        if found is None or found.expires_at <= self._clock():
            raise CeremonyError
        if found.purpose is not purpose or found.session_id != session_id:
            raise CeremonyError
        return challenge_of(token)
