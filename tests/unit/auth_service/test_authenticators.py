"""What authenticators answer, with octets of all kinds: it proves something, or is refused; nothing else happens."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from auth_service.adapters.authenticators import Authenticators
from auth_service.domain.accounts import Account
from auth_service.domain.passkeys import FactorRefusedError, Passkey, encoded, new_passkey
from auth_service.domain.relying_party import relying_party
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.soft_authenticator import SoftAuthenticator, unb64

PAGE = "https://meet.example"
PARTY = relying_party(PAGE)
assert PARTY is not None
AUTHENTICATORS = Authenticators(PARTY)
CHALLENGE = bytes(range(32))
ADA = Account(id="u_1", email="ada@x.test", display_name="Ada", created_at=0)
KEY = SoftAuthenticator()
MADE = KEY.create(PARTY.registration_options(ADA, CHALLENGE), PAGE)
PROVEN = KEY.get(PARTY.request_options(CHALLENGE, must_verify=True), PAGE)
OCTETS = st.binary(max_size=400)
NESTED = st.integers(0, 4_000).map(lambda depth: b"\x81" * depth) | st.integers(0, 4_000).map(lambda n: b"[" * n)
HUGE = st.sampled_from([b"\x9b" + b"\xff" * 8, b"\x5b" + b"\x7f" * 8, b"\xbb" + b"\xff" * 8, b"9" * 5_000])


def passkey() -> Passkey:
    return new_passkey(AUTHENTICATORS.register(MADE, CHALLENGE), name="Key", now_ms=0)


def changed(credential: dict[str, Any], part: str, how: Any) -> dict[str, Any]:
    """The credential with other octets in one part: some cut away, overwritten or put in, or all others."""
    mutated = copy.deepcopy(credential)
    octets = unb64(mutated["response"][part])
    at, more, kind = how
    at %= len(octets) + 1
    mutated["response"][part] = encoded(
        {"cut": octets[:at], "over": octets[:at] + more + octets[at + len(more) :], "in": octets[:at] + more}.get(
            kind, more
        )
    )
    return mutated


CHANGES = st.tuples(st.integers(0, 600), OCTETS | NESTED | HUGE, st.sampled_from(["cut", "over", "in", "all"]))


def test_what_is_right_is_taken() -> None:
    proven = AUTHENTICATORS.verify(PROVEN, CHALLENGE, passkey(), must_verify=True)
    assert (proven.sign_count, proven.backed_up) == (2, False)


@given(part=st.sampled_from(["clientDataJSON", "attestationObject"]), how=CHANGES)
def test_other_octets_make_no_passkey_or_one_of_the_right_challenge(part: str, how: Any) -> None:
    """Without attestation an authenticator may say of its key what it likes; nothing of the rest."""
    try:
        made = AUTHENTICATORS.register(changed(MADE, part, how), CHALLENGE)
    except FactorRefusedError:
        return
    assert len(made.credential_id) <= 1023


@given(part=st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]), how=CHANGES)
def test_other_octets_prove_nothing(part: str, how: Any) -> None:
    given_ = changed(PROVEN, part, how)
    if given_["response"][part] == PROVEN["response"][part]:
        return
    with pytest.raises(FactorRefusedError):
        AUTHENTICATORS.verify(given_, CHALLENGE, passkey(), must_verify=True)


@pytest.mark.parametrize("challenge", [b"", bytes(32), CHALLENGE[:-1]])
def test_proof_for_another_challenge_proves_nothing(challenge: bytes) -> None:
    with pytest.raises(FactorRefusedError, match="challenge"):
        AUTHENTICATORS.verify(PROVEN, challenge, passkey(), must_verify=True)
