"""What of an access token still holds, for a service that verifies tokens offline (`contracts.account_standing`).

A service that keeps the accounts looks itself. Others read two keys of Redis in the round trip that counts the
request. While Redis is away a token is believed as it stands: for as long as it lasts at most.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from contracts.access_control import PERMISSIONS_OF_ROLE, scope_of
from contracts.access_token import AccessClaims
from contracts.account_standing import CODE_OF_LOSS, MESSAGE_OF_LOSS, AccessLoss, decode_standing
from contracts.redis_names import account_standing, session_ended
from functions.serverless.problems import ServiceError


class AccessLostError(ServiceError):
    """The account or the session of a token is none any more."""

    def __init__(self, loss: AccessLoss) -> None:
        super().__init__(MESSAGE_OF_LOSS[loss])
        # One code, as the authentication service has it: log in again, and hear there why that is not possible.
        self.code = CODE_OF_LOSS[AccessLoss.SESSION_ENDED]


class StandingCheck:
    """Compares tokens with what Redis has of their accounts."""

    def __init__(self, *, logger: logging.Logger) -> None:
        self._logger = logger

    def keys(self, claims: AccessClaims) -> tuple[str, ...]:
        """What is to be read for a token."""
        standing = account_standing(claims.sub)
        return (standing, session_ended(claims.sub, claims.sid)) if claims.sid else (standing,)

    def check(self, claims: AccessClaims, values: Sequence[bytes | None] | None) -> AccessClaims:
        """What still holds of a token, with the values of its `keys`; None: they could not be read.

        Raises:
            AccessLostError: nothing does.
        """
        if values is None:
            self._logger.warning("standing_unknown", extra={"account_id": claims.sub})
            return claims
        try:
            standing = decode_standing(values[0])
        except msgspec.DecodeError:
            self._logger.exception("standing_unreadable", extra={"account_id": claims.sub})
            return claims
        has_ended = any(value is not None for value in values[1:])
        loss = AccessLoss.SESSION_ENDED if has_ended else None
        if loss is None and standing is not None:
            loss = standing.loss_of(claims.session)
        if loss is not None:
            raise AccessLostError(loss)
        if standing is None or standing.role is None or claims.client_id is not None:
            return claims
        return replace(claims, roles=(), scope=scope_of(claims.permissions & PERMISSIONS_OF_ROLE[standing.role]))
