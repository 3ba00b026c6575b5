"""Which second factors an account has, who must have one, and what proves whom how well."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from auth_service.domain.accounts import Account
from auth_service.domain.roles import Roles
from contracts.access_control import Permission, PlatformRole

Demand = Literal["optional", "administrators", "everyone"]
WHILE_MISSING = frozenset({Permission.ACCOUNT_READ, Permission.ACCOUNT_WRITE})
"""What is left to somebody who must have a second factor and has none: enough to get one."""


class Method(StrEnum):
    """How somebody proves again who they are; the best liked first."""

    PASSKEY = "passkey"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    PASSWORD = "password"  # noqa: S105
    LOGIN = "login"
    """Nothing but another login, at a provider or directory."""


def has_second_factor(account: Account) -> bool:
    """Whether logins with a password ask for more. A passkey is both: a way to log in, and a second factor."""
    return account.totp is not None or bool(account.passkeys)


def second_factors_of(account: Account, *, passkeys: bool) -> tuple[Method, ...]:
    """What a login can be finished with. ``passkeys``: whether this installation can ask for them."""
    has = {
        Method.PASSKEY: passkeys and bool(account.passkeys),
        Method.TOTP: account.totp is not None,
        Method.RECOVERY_CODE: bool(account.recovery_codes),
    }
    return tuple(method for method, is_there in has.items() if is_there)


def step_up_methods(account: Account, *, passkeys: bool) -> tuple[Method, ...]:
    """What somebody who is logged in can prove themselves with: with a second factor that, and no password."""
    if has_second_factor(account):
        return second_factors_of(account, passkeys=passkeys) or (Method.LOGIN,)
    return (Method.PASSWORD,) if account.password_hash is not None else (Method.LOGIN,)


def without_factors(account: Account) -> Account:
    """The account with none of its second factors."""
    return replace(account, totp=None, totp_pending=None, passkeys=(), recovery_codes=(), recovery_codes_at=None)


def factors_before(account: Account, moment_ms: int) -> Account:
    """The account with those second factors alone that it had at a time (milliseconds since the epoch)."""
    kept = replace(
        account,
        totp=account.totp if account.totp is not None and account.totp.enrolled_at < moment_ms else None,
        totp_pending=None,
        passkeys=tuple(passkey for passkey in account.passkeys if passkey.created_at < moment_ms),
    )
    made_at = account.recovery_codes_at
    if made_at is None or made_at >= moment_ms or not has_second_factor(kept):
        return replace(kept, recovery_codes=(), recovery_codes_at=None)
    return kept


class SecondFactorPolicy(Struct, frozen=True, kw_only=True):
    """Who must have a second factor. ``asks``: whether logins at a provider, by its id, ask for it here."""

    demand: Demand
    roles: Roles
    asks: Callable[[str], bool]

    def requires(self, account: Account) -> bool:
        """Whether somebody must have one. Who can log in at trusted providers alone is their business."""
        if self.demand == "optional":
            return False
        if self.demand == "administrators" and self.roles.of(account) is not PlatformRole.ADMINISTRATOR:
            return False
        logs_in_here = account.password_hash is not None or bool(account.passkeys) or not account.identities
        return logs_in_here or any(self.asks(identity.provider) for identity in account.identities)

    def lacks(self, account: Account) -> bool:
        """Whether somebody must have one, and has none."""
        return not has_second_factor(account) and self.requires(account)
