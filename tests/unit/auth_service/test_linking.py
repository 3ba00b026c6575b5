"""Which account somebody gets who comes from a provider: the rules, without a table."""

from __future__ import annotations

from typing import Any

import pytest
from auth_service.domain.accounts import Account
from auth_service.domain.identities import ExternalPerson, LinkedIdentity, highest, role_of
from auth_service.domain.linking import (
    MAX_IDENTITIES,
    link,
    link_by_address,
    linked,
    new_account,
    prove_address,
    unlink,
)
from auth_service.domain.oidc_claims import person_of
from auth_service.domain.passkeys import Passkey
from auth_service.domain.providers import GOOGLE, OidcProvider
from auth_service.domain.roles import Roles
from auth_service.domain.totp import Totp
from auth_service.errors import (
    AccountExistsError,
    EmailMissingError,
    LastLoginMethodError,
    ProviderRefusedError,
    TooManyIdentitiesError,
)
from msgspec.structs import replace

from contracts.access_control import PlatformRole

DAY_MS = 86_400_000
ADA = Account(id="u_1", email="ada@example.org", display_name="Ada", created_at=1, password_hash="x")
PERSON = ExternalPerson(
    provider="op", subject="s1", email="ada@example.org", vouched=True, display_name="Ada L", role=None
)
APP = Totp(sealed_secret="1.x", enrolled_at=1, used_step=1)
KEY = Passkey(
    id="pk_1",
    credential_id="AA",
    public_key="AA",
    sign_count=0,
    name="Key",
    created_at=1,
    backup_eligible=False,
    backed_up=False,
)


def test_identity_is_linked_once_and_told_anew_at_each_login() -> None:
    once = link(ADA, PERSON, now_ms=5)
    again = link(once, replace(PERSON, email="new@example.org", role=PlatformRole.ORGANISER), now_ms=9)
    [identity] = again.identities
    assert (identity.linked_at, identity.email, identity.role) == (5, "new@example.org", "organiser")
    assert linked(again, replace(PERSON, subject="s2")) is None
    assert linked(again, replace(PERSON, provider="other")) is None


@pytest.mark.parametrize(("proven", "vouched"), [(False, True), (True, False), (False, False)])
def test_address_alone_links_nothing(*, proven: bool, vouched: bool) -> None:
    holder = replace(ADA, email_verified_at=1 if proven else None)
    with pytest.raises(AccountExistsError):
        link_by_address(holder, replace(PERSON, vouched=vouched), now_ms=1)


def test_address_that_both_sides_have_proven_links() -> None:
    holder = replace(ADA, email_verified_at=1)
    assert link_by_address(holder, PERSON, now_ms=2).identities[0].subject == "s1"


@pytest.mark.parametrize("factor", [{"totp": APP}, {"passkeys": (KEY,)}], ids=["app", "passkey"])
def test_address_links_nothing_past_a_second_factor(factor: dict[str, Any]) -> None:
    with pytest.raises(AccountExistsError):
        link_by_address(replace(ADA, email_verified_at=1, **factor), PERSON, now_ms=2)


def test_address_that_was_given_to_a_new_colleague_does_not_open_the_old_ones_account() -> None:
    holder = link(replace(ADA, email_verified_at=1), PERSON, now_ms=2)
    with pytest.raises(AccountExistsError):
        link_by_address(holder, replace(PERSON, subject="the new one"), now_ms=3)


def test_proving_an_address_drops_what_somebody_else_may_have_linked() -> None:
    squatted = link(ADA, replace(PERSON, subject="eve"), now_ms=1)
    proven = prove_address(squatted, now_ms=2)
    assert (proven.identities, proven.email_verified_at) == ((), 2)
    kept = link(proven, PERSON, now_ms=3)
    assert prove_address(kept, now_ms=4) == kept


def test_proving_an_address_leaves_no_recovery_codes_without_what_they_are_for() -> None:
    squatted = replace(ADA, passkeys=(KEY,), recovery_codes=("x",), recovery_codes_at=1)
    proven = prove_address(squatted, now_ms=2)
    assert (proven.passkeys, proven.recovery_codes, proven.recovery_codes_at) == ((), (), None)
    with_app = prove_address(replace(squatted, totp=APP), now_ms=2)
    assert (with_app.totp, with_app.passkeys, with_app.recovery_codes) == (APP, (), ("x",))


def test_new_account_is_proven_only_as_far_as_the_provider_vouches() -> None:
    assert new_account(PERSON, user_id="u_2", now_ms=7).email_verified_at == 7
    assert new_account(replace(PERSON, vouched=False), user_id="u_2", now_ms=7).email_verified_at is None
    with pytest.raises(EmailMissingError):
        new_account(replace(PERSON, email=None), user_id="u_2", now_ms=7)


def test_one_way_to_log_in_is_always_left() -> None:
    account = link(ADA, PERSON, now_ms=1)
    assert unlink(account, "op", "s1").identities == ()
    without_password = replace(account, password_hash=None)
    with pytest.raises(LastLoginMethodError):
        unlink(without_password, "op", "s1")
    two = link(without_password, replace(PERSON, provider="other"), now_ms=1)
    assert [each.provider for each in unlink(two, "op", "s1").identities] == ["other"]


def test_highest_role_of_all_groups_and_of_the_account_itself() -> None:
    settings = {"administrator": ("admins",), "organiser": ("hosts", "staff")}
    assert role_of(settings, ["staff", "admins"]) is PlatformRole.ADMINISTRATOR
    assert role_of(settings, ["ADMINS"]) is None
    assert highest(PlatformRole.MEMBER, PlatformRole.ORGANISER) is PlatformRole.ORGANISER
    account = link(replace(ADA, role=PlatformRole.MEMBER), replace(PERSON, role=PlatformRole.ORGANISER), now_ms=1)
    for provider, role in (("op", PlatformRole.ORGANISER), ("another", PlatformRole.MEMBER)):

        def grants(identity: LinkedIdentity, granting: str = provider) -> bool:
            return identity.provider == granting

        roles = Roles(administrators=frozenset(), default="member", grants=grants)
        assert roles.of(account) is role


def test_role_of_groups_lasts_some_days_from_the_last_login() -> None:
    settings = provider_of(roles={"organiser": ("staff",)}, roles_last_days=2)
    staff = replace(PERSON, role=PlatformRole.ORGANISER)
    once = link(ADA, staff, now_ms=5)
    [identity] = once.identities
    assert [settings.grants(identity, now_ms=at) for at in (6, 5 + 2 * DAY_MS - 1, 5 + 2 * DAY_MS)] == [
        True,
        True,
        False,
    ]
    [again] = link(once, staff, now_ms=5 + DAY_MS).identities
    assert settings.grants(again, now_ms=5 + 3 * DAY_MS - 1)
    assert not settings.grants(again, now_ms=5 + 3 * DAY_MS)
    assert not provider_of().grants(again, now_ms=6), "without roles in the settings there are none"
    assert LinkedIdentity(provider="op", subject="s", linked_at=5).known_at == 5, "of an earlier release"


def test_login_soon_after_another_changes_nothing() -> None:
    once = link(ADA, PERSON, now_ms=5)
    assert link(once, PERSON, now_ms=5 + 60_000) == once
    other = link(once, replace(PERSON, role=PlatformRole.ORGANISER), now_ms=5 + 60_000)
    assert other.identities[0].seen_at == 5 + 60_000


def provider_of(**changes: Any) -> OidcProvider:
    return OidcProvider(**{"id": "op", "name": "O", "issuer": "https://op.test", "client_id": "c", **changes})


@pytest.mark.parametrize(
    ("changes", "claims", "vouched"),
    [
        ({"vouches_for": ("example.org",)}, {}, True),
        ({"vouches_for": ("*",)}, {}, True),
        ({}, {}, False),
        ({"vouches_for": ("example.com",)}, {}, False),
        ({"vouches_for": ("org",)}, {}, False),
        ({"vouches_for": ("*",)}, {"email_verified": False}, False),
        ({"vouches_for": ("*",)}, {"email_verified": "true"}, False),
        ({"vouches_for": ("*",)}, {"email_verified": 1}, False),
        ({"vouches_for": ("*",), "email_verified_claim": "xms_edov"}, {}, False),
        ({"vouches_for": ("*",), "email_verified_claim": "xms_edov"}, {"xms_edov": True}, True),
    ],
)
def test_provider_vouches_for_what_the_settings_trust_it_with(
    changes: dict[str, Any], claims: dict[str, Any], *, vouched: bool
) -> None:
    given = {"sub": "s", "email": "Ada@Example.org", "email_verified": True, **claims}
    person = person_of(provider_of(**changes), given)
    assert (person.email, person.vouched) == ("ada@example.org", vouched)


@pytest.mark.parametrize(
    ("email", "hd", "vouched"),
    [("ada@gmail.com", None, True), ("ada@example.org", "example.org", True), ("ada@example.org", None, False)],
)
def test_google_is_the_authority_for_its_own_addresses(email: str, hd: str | None, *, vouched: bool) -> None:
    google = OidcProvider(id="google", name="G", issuer=GOOGLE, client_id="c", vouches_for=("*",))
    claims = {"sub": "s", "email": email, "email_verified": True, **({"hd": hd} if hd else {})}
    assert person_of(google, claims).vouched is vouched


def test_hosted_domain_keeps_others_out() -> None:
    for claims in ({}, {"hd": "example.com"}):
        with pytest.raises(ProviderRefusedError):
            person_of(provider_of(hosted_domain="example.org"), {"sub": "s", **claims})


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "  Ada   Lovelace "}, "Ada Lovelace"),
        ({"name": "a\x07b", "preferred_username": "ada"}, "ada"),
        ({"name": "x" * 100}, "x" * 64),
        ({"name": 7, "email": "ada@example.org"}, "ada"),
        ({}, "–"),
    ],
)
def test_name_is_one_that_can_be_shown(claims: dict[str, Any], name: str) -> None:
    assert person_of(provider_of(), {"sub": "s", **claims}).display_name == name


@pytest.mark.parametrize("claims", [{"email": "no address"}, {"email": 7}, {"email": "a@" + "b" * 300}, {}])
def test_address_that_cannot_be_used_is_none(claims: dict[str, Any]) -> None:
    assert person_of(provider_of(vouches_for=("*",)), {"sub": "s", "email_verified": True, **claims}).email is None


def test_an_account_has_so_many_identities_that_it_can_still_be_deleted() -> None:
    account = ADA
    for number in range(MAX_IDENTITIES):
        account = link(account, replace(PERSON, subject=f"s{number}"), now_ms=1)
    with pytest.raises(TooManyIdentitiesError):
        link(account, replace(PERSON, subject="one more"), now_ms=1)
    assert link(account, replace(PERSON, subject="s3", email="new@example.org"), now_ms=2) != account
