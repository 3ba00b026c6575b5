"""The key ring: whatever the rotation does, every verifier knows the key of every token that is still valid."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.jwks import CLOCK_SKEW_S
from contracts.key_ring import (
    JWKS_MAX_AGE_S,
    PUBLISH_LEAD_S,
    SIGNS_FOR_S,
    KeyRing,
    KeyRingError,
    decode_ring,
    encode_ring,
    new_ring,
    rotate,
)

NOW = 1_800_000_000
LIFETIME = 900
KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(40)]


def kids(ring: KeyRing) -> list[str]:
    return [entry["kid"] for entry in ring.jwks()["keys"]]


def turned(ring: KeyRing, *, now: float, key: int | None) -> KeyRing:
    return rotate(ring, now=now, new_key=None if key is None else KEYS[key], token_lifetime_s=LIFETIME)


def test_first_key_signs_at_once() -> None:
    ring = new_ring(KEYS[0], now=NOW)
    assert ring.signing_key(NOW).kid == kids(ring)[0]
    assert not ring.wants_key(NOW)


def test_next_key_is_published_before_it_signs() -> None:
    ring = turned(new_ring(KEYS[0], now=NOW), now=NOW + 10, key=1)
    old, new = kids(ring)
    assert ring.signing_key(NOW + 10).kid == old
    assert ring.signing_key(NOW + 10 + PUBLISH_LEAD_S - 1).kid == old
    assert ring.signing_key(NOW + 10 + PUBLISH_LEAD_S).kid == new
    assert PUBLISH_LEAD_S > 2 * JWKS_MAX_AGE_S


def test_retired_key_stays_until_its_last_token_has_expired() -> None:
    ring = turned(new_ring(KEYS[0], now=NOW), now=NOW, key=1)
    last = NOW + PUBLISH_LEAD_S + LIFETIME + CLOCK_SKEW_S
    assert turned(ring, now=last - 1, key=None) is ring
    assert kids(turned(ring, now=last, key=None)) == kids(ring)[1:]


def test_rotation_without_anything_to_do_changes_nothing() -> None:
    ring = new_ring(KEYS[0], now=NOW)
    assert turned(ring, now=NOW + SIGNS_FOR_S * 3, key=None) is ring


def test_a_key_is_wanted_in_time_and_only_once() -> None:
    ring = new_ring(KEYS[0], now=NOW)
    due = NOW + SIGNS_FOR_S - PUBLISH_LEAD_S
    assert not ring.wants_key(due - 1)
    assert ring.wants_key(due)
    ring = turned(ring, now=due, key=1)
    assert not ring.wants_key(due + 1)
    assert not ring.wants_key(due + PUBLISH_LEAD_S + 1)


def test_rotation_by_force_queues_behind_the_next_key() -> None:
    ring = turned(turned(new_ring(KEYS[0], now=NOW), now=NOW, key=1), now=NOW, key=2)
    assert [key.signs_from for key in ring.keys] == [NOW, NOW + PUBLISH_LEAD_S, NOW + PUBLISH_LEAD_S + 1]


def test_kid_is_the_thumbprint_of_rfc_7638() -> None:
    ring = new_ring(KEYS[0], now=NOW)
    entry = ring.jwks()["keys"][0]
    text = f'{{"crv":"P-256","kty":"EC","x":"{entry["x"]}","y":"{entry["y"]}"}}'
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    assert entry["kid"] == digest


def test_stored_ring_is_read_back_whole() -> None:
    ring = turned(new_ring(KEYS[0], now=NOW), now=NOW, key=1)
    again = decode_ring(encode_ring(ring))
    assert again == ring
    assert again.keys[1].private_key().private_numbers() == KEYS[1].private_numbers()


@pytest.mark.parametrize(
    "document", ["", "{}", "null", '{"generation":1,"keys":[]}', '{"generation":1,"keys":[{}]}', "\x00"]
)
def test_stored_document_that_is_no_ring_is_an_error(document: str) -> None:
    with pytest.raises(KeyRingError):
        decode_ring(document)


def test_ring_whose_keys_are_out_of_order_is_an_error() -> None:
    ring = turned(new_ring(KEYS[0], now=NOW), now=NOW, key=1)
    backwards = KeyRing(generation=2, keys=ring.keys[::-1])
    with pytest.raises(KeyRingError):
        decode_ring(encode_ring(backwards))


def test_keys_of_other_curves_are_refused() -> None:
    with pytest.raises(KeyRingError):
        new_ring(ec.generate_private_key(ec.SECP384R1()), now=NOW)


def test_ring_without_a_started_key_says_so() -> None:
    with pytest.raises(KeyRingError):
        new_ring(KEYS[0], now=NOW).signing_key(NOW - 1)


@settings(max_examples=200)
@given(
    gaps=st.lists(st.integers(1, 3 * PUBLISH_LEAD_S), min_size=1, max_size=30),
    forced=st.sets(st.integers(0, 30)),
    data=st.data(),
)
def test_every_verifier_knows_the_key_of_every_valid_token(
    gaps: list[int], forced: set[int], data: st.DataObject
) -> None:
    """Rotations at any times, by schedule and by force; signers and verifiers with copies as old as they may be."""
    history = [(NOW, new_ring(KEYS[0], now=NOW))]
    used = 1
    for index, gap in enumerate(gaps):
        now, ring = history[-1][0] + gap, history[-1][1]
        key = used if index in forced or ring.wants_key(now) else None
        used += key is not None
        history.append((now, turned(ring, now=now, key=key)))

    def copy_of(moment: int) -> KeyRing:
        return [ring for at, ring in history if at <= max(moment, NOW)][-1]

    end = history[-1][0] + 2 * PUBLISH_LEAD_S
    issued = data.draw(st.integers(NOW, end), label="issued")
    signer_copy = copy_of(issued - data.draw(st.integers(0, 60), label="age of the signer's copy"))
    kid = signer_copy.signing_key(issued).kid
    verified = data.draw(st.integers(issued, issued + LIFETIME - 1), label="verified")
    verifier_copy = copy_of(
        verified - data.draw(st.integers(0, 2 * JWKS_MAX_AGE_S), label="age of the verifier's copy")
    )
    fresh_copy = copy_of(verified)
    assert kid in kids(verifier_copy) or kid in kids(fresh_copy)
    assert kid in kids(fresh_copy)
    if issued - NOW > 2 * JWKS_MAX_AGE_S:  # from then on nobody needs to fetch anew
        assert kid in kids(verifier_copy)
