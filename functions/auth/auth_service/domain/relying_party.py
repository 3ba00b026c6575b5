"""Parley as authenticators know it (WebAuthn Level 3: relying party), and what it asks of them.

The options are the standard's own JSON (5.4 and 5.5), which a page hands on to the browser as it is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from auth_service.domain.accounts import Account
from auth_service.domain.passkeys import Passkey, encoded

ALGORITHMS: Final = (-7, -8, -257)
"""COSE's ES256, EdDSA and RS256, the best liked first."""
TIMEOUT_MS: Final = 300_000
_DEFAULT_PORTS = {"https": 443, "http": 80}


class RelyingParty(Struct, frozen=True, kw_only=True):
    """``id``: the host name to which passkeys are bound; ``origin``: of the page that may ask for them."""

    id: str
    origin: str

    def registration_options(self, account: Account, challenge: bytes) -> dict[str, Any]:
        """What asks for a new passkey. Every one can log in by itself: it is found without a name, and verifies who
        uses it. Who made the authenticator is not asked (attestation)."""
        return {
            "rp": {"id": self.id, "name": self.id},
            "user": {"id": user_handle(account.id), "name": account.email, "displayName": account.display_name},
            "challenge": encoded(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
            "timeout": TIMEOUT_MS,
            "excludeCredentials": _descriptors(account.passkeys),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
            "extensions": {"credProps": True},
        }

    def request_options(
        self, challenge: bytes, *, passkeys: Sequence[Passkey] = (), must_verify: bool
    ) -> dict[str, Any]:
        """What asks for the proof of a passkey: one of these, or any that the browser knows for this page."""
        return {
            "rpId": self.id,
            "challenge": encoded(challenge),
            "timeout": TIMEOUT_MS,
            "allowCredentials": _descriptors(passkeys),
            "userVerification": "required" if must_verify else "preferred",
        }


def relying_party(page: str) -> RelyingParty | None:
    """The relying party of a page's address; None where browsers let it have none: passkeys need a host name and a
    secure context, which on one's own machine is ``localhost``."""
    parts = urlsplit(page)
    host = (parts.hostname or "").rstrip(".")
    is_local = host == "localhost" or host.endswith(".localhost")
    if not host or _is_ip_address(host) or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        return None
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return RelyingParty(id=host, origin=f"{parts.scheme}://{host}{port}")


def user_handle(user_id: str) -> str:
    """What an authenticator keeps of an account to name it later (WebAuthn, 5.4.3): its id, which tells nothing."""
    return encoded(user_id.encode())


def _descriptors(passkeys: Sequence[Passkey]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": passkey.credential_id}
        | ({"transports": list(passkey.transports)} if passkey.transports else {})
        for passkey in passkeys
    ]


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
