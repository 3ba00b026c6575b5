"""Second factors without I/O: codes of apps, recovery codes, passkeys, and who must have what."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from auth_service.domain.accounts import Account
from auth_service.domain.identities import LinkedIdentity
from auth_service.domain.linking import prove_address, unlink
from auth_service.domain.login_steps import challenge_of, mark_of
from auth_service.domain.passkeys import (
    Assertion,
    CounterError,
    FactorRefusedError,
    NewCredential,
    Passkey,
    decoded,
    encoded,
    new_passkey,
    used,
)
from auth_service.domain.recovery_codes import code_hash, without, written
from auth_service.domain.relying_party import relying_party, user_handle
from auth_service.domain.roles import Roles
from auth_service.domain.second_factors import (
    Demand,
    Method,
    SecondFactorPolicy,
    factors_before,
    has_second_factor,
    second_factors_of,
    step_up_methods,
)
from auth_service.domain.sessions import PROVEN_S, Session
from auth_service.domain.totp import Totp, code_at, otpauth_uri, secret_text, step_of
from msgspec.structs import replace

from contracts.access_control import PlatformRole

RFC_SECRET = b"12345678901234567890"
MADE = NewCredential(credential_id=b"c", public_key=b"k", sign_count=0, backup_eligible=False, backed_up=False)
PASSKEY = new_passkey(MADE, name="Key", now_ms=2_000)
TOTP = Totp(sealed_secret="s", enrolled_at=1_000, used_step=5)


def account(**fields: Any) -> Account:
    return Account(**{"id": "u_1", "email": "a@x.test", "display_name": "A", "created_at": 0, **fields})


# ---- codes of authenticator apps ----


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B: the last six digits."""
    assert code_at(RFC_SECRET, seconds // 30) == code


def test_clocks_may_be_a_step_apart_and_no_more() -> None:
    now, present = 1_000_000.0, 1_000_000 // 30
    fitting = [
        step for step in range(present - 3, present + 4) if step_of(RFC_SECRET, code_at(RFC_SECRET, step), now=now)
    ]
    assert fitting == [present - 1, present, present + 1]


def test_replay_a_code_works_once_and_none_before_it_works_after_it() -> None:
    now, present = 1_000_000.0, 1_000_000 // 30
    code, earlier = code_at(RFC_SECRET, present), code_at(RFC_SECRET, present - 1)
    assert step_of(RFC_SECRET, code, now=now, used_step=present - 1) == present
    assert step_of(RFC_SECRET, code, now=now, used_step=present) is None
    assert step_of(RFC_SECRET, earlier, now=now, used_step=present) is None


@pytest.mark.parametrize("code", ["", "0", "28708", "2870822", "２８７０８２", "28708a", "\ud800"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert step_of(RFC_SECRET, code.encode("utf-8", "replace").decode(), now=59) is None


def test_spaces_in_a_code_do_not_matter() -> None:
    assert step_of(RFC_SECRET, "287 082", now=59) == 1


def test_apps_read_the_secret_from_the_address() -> None:
    uri = urlsplit(otpauth_uri(RFC_SECRET, site="meet.test:8080", email="a+b@x.test"))
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/meet.test%3A8080:a%2Bb@x.test")
    assert parse_qs(uri.query) == {
        "secret": [secret_text(RFC_SECRET)],
        "issuer": ["meet.test:8080"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


# ---- recovery codes ----


def test_recovery_code_is_known_however_it_is_written_and_used_once() -> None:
    code = written(bytes(range(10)))
    assert len(code.replace("-", "")) * 5 >= 80
    hashes = (code_hash("other", user_id="u_1"), code_hash(code, user_id="u_1"))
    left = without(hashes, f" {code.upper().replace('-', ' ')} ", user_id="u_1")
    assert left == hashes[:1]
    assert without(hashes[:1], code, user_id="u_1") is None


def test_recovery_code_of_another_account_is_refused() -> None:
    code = written(bytes(10))
    assert without((code_hash(code, user_id="u_2"),), code, user_id="u_1") is None


# ---- passkeys ----


def assertion(count: int = 0, *, eligible: bool = False, backed_up: bool = False) -> Assertion:
    return Assertion(sign_count=count, backup_eligible=eligible, backed_up=backed_up)


def test_counter_goes_on_or_is_always_zero() -> None:
    once = used(PASSKEY, assertion(3), now_ms=9)
    assert (once.sign_count, once.last_used_at) == (3, 9)
    assert used(PASSKEY, assertion(0), now_ms=9).sign_count == 0


@pytest.mark.parametrize(("was", "says"), [(3, 3), (3, 2), (3, 0)])
def test_counter_going_back_is_refused(was: int, says: int) -> None:
    with pytest.raises(CounterError):
        used(replace(PASSKEY, sign_count=was), assertion(says), now_ms=9)


def test_backup_flags_are_kept_and_may_not_contradict_themselves() -> None:
    synced = replace(PASSKEY, backup_eligible=True)
    assert used(synced, assertion(eligible=True, backed_up=True), now_ms=9).backed_up
    for passkey, says in (
        (PASSKEY, assertion(eligible=True)),
        (synced, assertion()),
        (PASSKEY, assertion(backed_up=True)),
    ):
        with pytest.raises(FactorRefusedError):
            used(passkey, says, now_ms=9)


@pytest.mark.parametrize(
    ("page", "rp_id", "origin"),
    [
        ("https://meet.example", "meet.example", "https://meet.example"),
        ("https://MEET.example:443", "meet.example", "https://meet.example"),
        ("https://meet.example:8443", "meet.example", "https://meet.example:8443"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://parley.localhost", "parley.localhost", "http://parley.localhost"),
    ],
)
def test_relying_party_is_the_host_of_the_page(page: str, rp_id: str, origin: str) -> None:
    party = relying_party(page)
    assert party is not None
    assert (party.id, party.origin) == (rp_id, origin)


@pytest.mark.parametrize(
    "page", ["http://meet.example", "https://192.0.2.7", "https://[2001:db8::1]", "http://127.0.0.1:8000"]
)
def test_page_that_browsers_make_no_passkeys_for_has_no_relying_party(page: str) -> None:
    assert relying_party(page) is None


def test_options_are_the_standards_json() -> None:
    party = relying_party("https://meet.example")
    assert party is not None
    created = party.registration_options(account(passkeys=(PASSKEY,)), b"challenge")
    assert created["user"]["id"] == user_handle("u_1")
    assert decoded(created["challenge"]) == b"challenge"
    assert [each["alg"] for each in created["pubKeyCredParams"]] == [-7, -8, -257]
    assert created["excludeCredentials"] == [{"type": "public-key", "id": encoded(b"c")}]
    assert created["attestation"] == "none"
    requested = party.request_options(b"challenge", must_verify=True)
    assert (requested["allowCredentials"], requested["userVerification"]) == ([], "required")


@pytest.mark.parametrize("text", ["*", "a b", "ä", "a"])
def test_what_is_no_base64url_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decoded(text)


# ---- who has what, and who must ----


def test_methods_are_what_the_account_has_and_the_installation_can() -> None:
    both = account(totp=TOTP, passkeys=(PASSKEY,), recovery_codes=("h",), password_hash="p")
    assert second_factors_of(both, passkeys=True) == (Method.PASSKEY, Method.TOTP, Method.RECOVERY_CODE)
    assert second_factors_of(both, passkeys=False) == (Method.TOTP, Method.RECOVERY_CODE)
    assert step_up_methods(both, passkeys=True)[0] is Method.PASSKEY
    assert step_up_methods(account(password_hash="p"), passkeys=True) == (Method.PASSWORD,)
    assert step_up_methods(account(), passkeys=True) == (Method.LOGIN,)


@pytest.mark.parametrize(
    ("demand", "role", "fields", "lacks"),
    [
        ("optional", "administrator", {"password_hash": "p"}, False),
        ("administrators", "administrator", {"password_hash": "p"}, True),
        ("administrators", "member", {"password_hash": "p"}, False),
        ("everyone", "member", {"password_hash": "p"}, True),
        ("everyone", "member", {"password_hash": "p", "totp": TOTP}, False),
        ("everyone", "member", {"passkeys": (PASSKEY,)}, False),
        ("everyone", "member", {"identities": ("trusted",)}, False),
        ("everyone", "member", {"identities": ("trusted", "asking")}, True),
        ("everyone", "member", {"identities": ("trusted",), "password_hash": "p"}, True),
    ],
)
def test_who_must_have_a_second_factor(demand: Demand, role: str, fields: dict[str, Any], *, lacks: bool) -> None:
    roles = Roles(administrators=frozenset(), default="member", grants=lambda _: False)
    policy = SecondFactorPolicy(demand=demand, roles=roles, asks=lambda provider: provider == "asking")
    linked = tuple(LinkedIdentity(provider=name, subject="1", linked_at=0) for name in fields.get("identities", ()))
    somebody = account(**{**fields, "identities": linked}, role=PlatformRole(role))
    assert policy.lacks(somebody) is lacks


def test_proof_counts_for_ten_minutes_and_only_with_what_the_account_has() -> None:
    session = Session(
        id="s", user_id="u_1", created_at=0, used_at=0, expires_at=10**6, secret_hash="h", proven_at=1_000
    )
    assert session.is_proven(second_factor=False, now=1_000 + PROVEN_S - 1)
    assert not session.is_proven(second_factor=False, now=1_000 + PROVEN_S)
    assert not session.is_proven(second_factor=True, now=1_000)
    assert replace(session, second_factor=True).is_proven(second_factor=True, now=1_000)


def test_undoing_a_change_of_address_undoes_the_factors_that_came_after_it() -> None:
    mixed = account(totp=TOTP, passkeys=(PASSKEY,), recovery_codes=("h",), recovery_codes_at=1_000)
    kept = factors_before(mixed, 1_500)
    assert (kept.totp, kept.passkeys, kept.recovery_codes) == (TOTP, (), ("h",))
    gone = factors_before(mixed, 1_000)
    assert not has_second_factor(gone)
    assert gone.recovery_codes == ()


def test_passkey_is_a_way_to_log_in_and_falls_when_the_address_is_first_proven() -> None:
    identity = LinkedIdentity(provider="op", subject="1", linked_at=0)
    assert unlink(account(identities=(identity,), passkeys=(PASSKEY,)), "op", "1").identities == ()
    proven = prove_address(account(totp=TOTP, passkeys=(PASSKEY,)), now_ms=1)
    assert (proven.totp, proven.passkeys) == (TOTP, ())
    known = account(email_verified_at=1, passkeys=(PASSKEY,))
    assert prove_address(known, now_ms=2).passkeys == (PASSKEY,)


def test_login_is_void_when_the_password_or_the_epoch_changes() -> None:
    marks = {mark_of(account(password_hash=hash_, session_epoch=epoch)) for hash_ in ("p", "q") for epoch in (0, 1)}
    assert len(marks) == 4
    assert challenge_of("a") != challenge_of("b")
    assert len(challenge_of("a")) == 32


def test_passkey_keeps_its_octets_as_text() -> None:
    assert decoded(PASSKEY.credential_id) == MADE.credential_id
    assert isinstance(PASSKEY, Passkey)
