"""Checks codes and passkeys against an account, and says what the account is like once they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from auth_service.adapters.authenticators import Authenticators
from auth_service.domain.accounts import Account
from auth_service.domain.jobs import Tell
from auth_service.domain.mails import Notice
from auth_service.domain.passkeys import CounterError, FactorRefusedError, Passkey, used
from auth_service.domain.recovery_codes import without
from auth_service.domain.relying_party import RelyingParty, user_handle
from auth_service.domain.second_factors import Method
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.domain.totp import step_of
from auth_service.errors import FactorInvalidError, PasskeysUnavailableError
from auth_service.guessing import CODES, Guess, Guessing
from auth_service.job_queue import JobQueue, Promise
from auth_service.security_events import Prepared, SecurityEvents
from functions.serverless.sealing import Sealing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class CodeProof(Struct, frozen=True, kw_only=True):
    """A code of an authenticator app, or a recovery code."""

    method: Method
    code: str

    def __repr__(self) -> str:
        return f"CodeProof(method={self.method!r})"


class PasskeyProof(Struct, frozen=True, kw_only=True):
    """What an authenticator has answered (AuthenticationResponseJSON) to a challenge."""

    credential: Mapping[str, Any]
    challenge: bytes
    must_verify: bool
    method: Method = Method.PASSKEY


Proof = CodeProof | PasskeyProof


class Checked(Struct, frozen=True, kw_only=True):
    """A proof that is right, and not used yet: for that ``account`` has to be kept, with `writes`."""

    account: Account
    events: tuple[Prepared, ...] = ()
    told: tuple[Promise, ...] = ()

    def writes(self) -> list[Write]:
        """What goes into the same transaction."""
        return [*(event.write for event in self.events), *(promise.write for promise in self.told)]


class FactorChecks:
    """``party``: None where there are no passkeys. ``clock``: seconds since the epoch."""

    def __init__(
        self,
        *,
        party: RelyingParty | None,
        sealing: Sealing,
        guessing: Guessing,
        jobs: JobQueue,
        events: SecurityEvents,
        clock: Callable[[], float],
    ) -> None:
        self.party = party
        self._authenticators = None if party is None else Authenticators(party)
        self._sealing = sealing
        self._guessing = guessing
        self._jobs = jobs
        self._events = events
        self._clock = clock

    def begin(self, account: Account, proof: Proof, *, device: str | None, origin: Origin) -> Guess | None:
        """Counts an attempt at an account's codes; passkeys cannot be guessed.

        Raises:
            RateLimitedError: it has to wait.
        """
        if isinstance(proof, PasskeyProof):
            return None
        return self._guessing.begin(account.id, account, device=device, origin=origin, guarded=CODES)

    def right(self, guess: Guess | None) -> None:
        """The attempt was right."""
        if guess is not None:
            self._guessing.right(guess)

    def check(self, account: Account, proof: Proof, *, origin: Origin) -> Checked:
        """The account with the proof used, and with its app's secret under the key that seals now.

        Raises:
            FactorInvalidError: it proves nothing, or was used before.
        """
        try:
            checked = self._used(account, proof, origin)
        except FactorRefusedError as error:
            self._refused(account, proof.method, error, origin)
            raise FactorInvalidError(str(error)) from error
        return replace(checked, account=self._sealed_anew(checked.account))

    def happened(self, checked: Checked) -> None:
        """A proof was used up: what goes with it has been written."""
        self._jobs.start(checked.told)
        for event in checked.events:
            self._events.happened(event)

    def authenticators(self) -> Authenticators:
        """What verifies the answers of authenticators.

        Raises:
            PasskeysUnavailableError: there are no passkeys here.
        """
        if self._authenticators is None:
            raise PasskeysUnavailableError
        return self._authenticators

    def _used(self, account: Account, proof: Proof, origin: Origin) -> Checked:
        match proof:
            case PasskeyProof():
                return Checked(account=self._passkey(account, proof))
            case CodeProof(method=Method.TOTP):
                return Checked(account=self._totp(account, proof.code))
            case _:
                return self._recovery_code(account, proof.code, origin)

    def _sealed_anew(self, account: Account) -> Account:
        """With every factor, not the app alone: somebody may use it so seldom that its key would be gone by then."""
        totp = account.totp
        if totp is None:
            return account
        sealed = self._sealing.renewed(totp.sealed_secret, owner_id=account.id)
        return account if sealed == totp.sealed_secret else replace(account, totp=replace(totp, sealed_secret=sealed))

    def _totp(self, account: Account, code: str) -> Account:
        if account.totp is None:
            raise FactorRefusedError("there is no authenticator app")
        secret = self._sealing.open(account.totp.sealed_secret, owner_id=account.id)
        step = step_of(secret, code, now=self._clock(), used_step=account.totp.used_step)
        if step is None:
            raise FactorRefusedError("the code is wrong, or was used before")
        return replace(account, totp=replace(account.totp, used_step=step))

    def _recovery_code(self, account: Account, code: str, origin: Origin) -> Checked:
        left = without(account.recovery_codes, code, user_id=account.id)
        if left is None:
            raise FactorRefusedError("the recovery code is wrong, or was used before")
        event = self._events.prepare(
            SecurityEventName.RECOVERY_CODE_USED, origin=origin, user_id=account.id, left=str(len(left))
        )
        notice = Tell(notice=Notice.RECOVERY_CODE_USED, email=account.email, locale=account.locale)
        told = tuple(self._jobs.promise(notice))
        return Checked(account=replace(account, recovery_codes=left), events=(event,), told=told)

    def _passkey(self, account: Account, proof: PasskeyProof) -> Account:
        credential = proof.credential
        handle = credential["response"].get("userHandle")
        if handle is not None and handle.rstrip("=") != user_handle(account.id):
            raise FactorRefusedError("the passkey is another account's")
        passkey = _named(account, str(credential["rawId"]))
        assertion = self.authenticators().verify(credential, proof.challenge, passkey, must_verify=proof.must_verify)
        after = used(passkey, assertion, now_ms=int(self._clock() * 1000))
        return replace(account, passkeys=tuple(after if each is passkey else each for each in account.passkeys))

    def _refused(self, account: Account, method: Method, error: FactorRefusedError, origin: Origin) -> None:
        went_back = isinstance(error, CounterError)
        name = SecurityEventName.PASSKEY_COUNTER_WENT_BACK if went_back else SecurityEventName.SECOND_FACTOR_REFUSED
        self._events.record(name, origin=origin, user_id=account.id, method=method.value, reason=str(error))


def _named(account: Account, raw_id: str) -> Passkey:
    for passkey in account.passkeys:
        if passkey.credential_id == raw_id.rstrip("="):
            return passkey
    raise FactorRefusedError("the account has no such passkey")
