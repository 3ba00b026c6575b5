"""TURN credentials are what coturn computes itself."""

from __future__ import annotations

from contracts.rooms import Identity
from contracts.turn_credentials import turn_credentials


def test_the_password_signs_the_end_and_the_holder() -> None:
    made = turn_credentials("north", Identity("u_ada"), now=1_700_000_000.9, lifetime_s=3600)
    assert made.username == "1700003600:u_ada"
    # printf '1700003600:u_ada' | openssl dgst -sha1 -hmac north -binary | base64
    assert made.credential == "DEL8J8nk/CES7xv67+zAjO/nj7A="
    assert made.credential not in repr(made)
