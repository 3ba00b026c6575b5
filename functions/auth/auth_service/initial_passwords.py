"""First passwords, which an administrator has chosen: their owner replaces them before anything else."""

from __future__ import annotations

from msgspec.structs import replace

from auth_service.adapters.accounts_table import AccountsTable, ChangedMeanwhileError
from auth_service.answers import Answers
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.errors import InvalidCredentialsError
from auth_service.login import Login
from auth_service.new_passwords import NewPasswords
from auth_service.security_events import SecurityEvents
from auth_service.user_messages import InitialPasswordBody
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.problems import UnavailableError
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


class InitialPasswords:
    """Replaces first passwords."""

    def __init__(
        self, *, accounts: AccountsTable, logins: Login, new_passwords: NewPasswords, events: SecurityEvents
    ) -> None:
        self._accounts = accounts
        self._logins = logins
        self._new_passwords = new_passwords
        self._events = events

    def replace(self, *, email: str, password: str, new_password: str, device: str | None, origin: Origin) -> None:
        """Gives an account a password of its owner's own; no session.

        Raises:
            RateLimitedError, InvalidCredentialsError: as at a login; also where the password is no first one.
            WeakPasswordError: the new one is too easy to guess, or the old one.
            UnavailableError: the account is being changed at this moment.
        """
        before, _ = self._logins.prove_at(email, password, device=device, origin=origin)
        if not before.must_change_password or new_password == password:
            raise InvalidCredentialsError("This takes the first password that an administrator gave, and a new one.")
        password_hash = self._new_passwords.hash(new_password, email=before.email, display_name=before.display_name)
        after = replace(before, password_hash=password_hash, must_change_password=False)
        event = self._events.prepare(SecurityEventName.PASSWORD_CHANGED, origin=origin, user_id=before.id)
        try:
            self._accounts.change(before, after, also=[event.write])
        except ChangedMeanwhileError as error:
            raise UnavailableError("The account is being changed at this moment. Please try again.") from error
        self._events.happened(event)


def add_initial_password_route(app: Service, *, initial_passwords: InitialPasswords, answers: Answers) -> None:
    """Registers it with the application."""

    @app.operation(
        "POST",
        "/v1/auth/password/initial",
        summary="Replace the first password that an administrator has given",
        access=Open.ANYONE,
        body=InitialPasswordBody,
        answer=None,
        status=204,
        errors=(ErrorCode.INVALID_CREDENTIALS, ErrorCode.WEAK_PASSWORD),
        limit="login",
    )
    def replace_initial_password(call: Call[InitialPasswordBody, Empty]) -> Answer[None]:
        initial_passwords.replace(
            email=call.body.email,
            password=call.body.password,
            new_password=call.body.new_password,
            device=answers.device_of(call),
            origin=answers.origin(call),
        )
        return Answer(body=None)
