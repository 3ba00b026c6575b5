"""What an account is like once a factor has been used, where the key that seals has changed: keys in memory."""

from __future__ import annotations

import base64
import os
from typing import Any, cast

import msgspec
import pytest
from auth_service.domain.accounts import Account
from auth_service.domain.recovery_codes import code_hash
from auth_service.domain.second_factors import Method
from auth_service.domain.security_events import Origin
from auth_service.domain.totp import STEP_S, Totp, code_at
from auth_service.errors import FactorInvalidError
from auth_service.factor_checks import CodeProof, FactorChecks

from functions.serverless.sealing import Sealing
from telemetry.logs import service_logger

NOW = 1_000_000
SECRET = b"12345678901234567890"
RECOVERY_CODE = "AAAA-BBBB-CCCC-DDDD"
ORIGIN = Origin(address="192.0.2.1", request_id="r")


class Safe:
    """Secrets Manager with one secret: keys by these names."""

    def __init__(self, *names: str) -> None:
        self.put(*names)

    def put(self, *names: str) -> None:
        keys = [{"id": name, "key": base64.b64encode(name.encode() * 32).decode()} for name in names]
        self._text = msgspec.json.encode({"keys": keys}).decode()

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": self._text}


class Events:
    """An audit log that nobody reads."""

    def prepare(self, *_: Any, **__: Any) -> Any:
        return None

    def record(self, *_: Any, **__: Any) -> None:
        return


class NoMails:
    def promise(self, *_: Any) -> list[Any]:
        return []


def sealing(safe: Safe) -> Sealing:
    return Sealing(
        client=lambda: cast("Any", safe),
        secret_id="keys",
        purpose="totp",
        clock=lambda: NOW,
        randomness=os.urandom,
        logger=service_logger("auth"),
    )


def checks(safe: Safe) -> FactorChecks:
    return FactorChecks(
        party=None,
        sealing=sealing(safe),
        guessing=cast("Any", None),
        jobs=cast("Any", NoMails()),
        events=cast("Any", Events()),
        clock=lambda: NOW,
    )


@pytest.fixture
def safe() -> Safe:
    return Safe("1")


@pytest.fixture
def account(safe: Safe) -> Account:
    """Somebody whose app was set up under the key 1."""
    sealed = sealing(safe).seal(SECRET, owner_id="u_1")
    return Account(
        id="u_1",
        email="a@x.test",
        display_name="A",
        created_at=0,
        totp=Totp(sealed_secret=sealed, enrolled_at=0, used_step=0),
        recovery_codes=(code_hash(RECOVERY_CODE, user_id="u_1"),),
    )


PROOFS = {
    "code of the app": CodeProof(method=Method.TOTP, code=code_at(SECRET, NOW // STEP_S)),
    "recovery code": CodeProof(method=Method.RECOVERY_CODE, code=RECOVERY_CODE),
}


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_app_is_sealed_anew_with_whatever_factor_is_used(safe: Safe, account: Account, proof: CodeProof) -> None:
    safe.put("2", "1")
    after = checks(safe).check(account, proof, origin=ORIGIN).account
    assert after.totp is not None
    assert after.totp.sealed_secret.startswith("2.")
    safe.put("2")
    assert sealing(safe).open(after.totp.sealed_secret, owner_id="u_1") == SECRET


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_app_that_is_sealed_with_the_present_key_is_left_alone(safe: Safe, account: Account, proof: CodeProof) -> None:
    after = checks(safe).check(account, proof, origin=ORIGIN).account
    assert (after.totp and after.totp.sealed_secret) == (account.totp and account.totp.sealed_secret)


def test_recovery_code_works_where_the_key_of_the_app_is_lost(safe: Safe, account: Account) -> None:
    safe.put("2")
    after = checks(safe).check(account, PROOFS["recovery code"], origin=ORIGIN).account
    assert after.recovery_codes == ()
    assert after.totp == account.totp


def test_wrong_code_changes_nothing(safe: Safe, account: Account) -> None:
    safe.put("2", "1")
    with pytest.raises(FactorInvalidError):
        checks(safe).check(account, CodeProof(method=Method.TOTP, code="000000"), origin=ORIGIN)
