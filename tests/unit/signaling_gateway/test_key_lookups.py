"""Made-up stream keys hold up no real ones."""

from __future__ import annotations

from signaling_gateway.domain.key_lookups import (
    KNOWN,
    KNOWN_AT_ONCE,
    UNKNOWN_AT_ONCE,
    UNKNOWN_PER_S,
    KeyLookups,
)


def exhaust(lookups: KeyLookups, now: float) -> None:
    assert sum(lookups.may_ask(f"sk_made_up_{number}", now) for number in range(UNKNOWN_AT_ONCE * 2)) == UNKNOWN_AT_ONCE


def test_a_key_that_has_opened_is_asked_about_while_others_make_keys_up() -> None:
    lookups = KeyLookups(0.0)
    assert lookups.may_ask("sk_real", 0.0)
    lookups.opened("sk_real", 0.0)
    exhaust(lookups, 5.0)
    assert not lookups.may_ask("sk_new", 5.0)
    assert lookups.may_ask("sk_real", 5.0)
    assert sum(lookups.may_ask("sk_new", 6.0) for _ in range(100)) == UNKNOWN_PER_S


def test_a_key_that_has_opened_has_a_limit_of_its_own() -> None:
    lookups = KeyLookups(0.0)
    lookups.opened("sk_real", 0.0)
    assert sum(lookups.may_ask("sk_real", 0.0) for _ in range(100)) == KNOWN_AT_ONCE
    lookups.opened("sk_real", 0.0)
    assert not lookups.may_ask("sk_real", 0.0)
    exhaust(lookups, 0.0)


def test_a_key_that_is_refused_counts_with_the_unknown_again() -> None:
    lookups = KeyLookups(0.0)
    lookups.opened("sk_real", 0.0)
    exhaust(lookups, 0.0)
    lookups.refused("sk_real")
    assert not lookups.may_ask("sk_real", 0.0)


def test_the_key_that_was_not_shown_for_longest_is_forgotten() -> None:
    lookups = KeyLookups(0.0)
    for number in range(KNOWN):
        lookups.opened(f"sk_{number}", 0.0)
    assert lookups.may_ask("sk_0", 0.0)
    lookups.opened("sk_one_more", 0.0)
    exhaust(lookups, 0.0)
    assert lookups.may_ask("sk_0", 0.0)
    assert not lookups.may_ask("sk_1", 0.0)
