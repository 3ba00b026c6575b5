"""Credentials for a TURN server that shares a secret with those who give them out: coturn's ``use-auth-secret``.

The meeting service gives them to browsers, gateways give them to clients of the standard doors.

The scheme of draft-uberti-behave-turn-rest-00, 2.2: the user name says until when it holds, and the password proves
that whoever knows the secret has made it. So the server needs no accounts, and asks nobody.
"""

from __future__ import annotations

import base64
import hmac

from msgspec import Struct

from contracts.rooms import Identity


class TurnCredentials(Struct, frozen=True, kw_only=True):
    """``username`` and ``credential`` of an ``RTCIceServer``."""

    username: str
    credential: str

    def __repr__(self) -> str:
        return f"TurnCredentials(username={self.username!r})"


def turn_credentials(secret: str, identity: Identity, *, now: float, lifetime_s: int) -> TurnCredentials:
    """Credentials that hold for ``lifetime_s`` from ``now`` (seconds since 1970)."""
    username = f"{int(now) + lifetime_s}:{identity}"
    digest = hmac.digest(secret.encode(), username.encode(), "sha1")
    return TurnCredentials(username=username, credential=base64.b64encode(digest).decode())
