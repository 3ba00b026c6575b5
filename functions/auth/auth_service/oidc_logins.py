"""Logins at providers of OpenID Connect: how they begin, and what they end in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from auth_service.adapters.accounts_table import AccountsTable
from auth_service.adapters.attempts_table import AttemptsTable
from auth_service.adapters.provider_settings import ProviderSettings
from auth_service.domain.accounts import Account
from auth_service.domain.login_attempts import (
    APP_CODE_S,
    ATTEMPT_S,
    SECRET_BYTES,
    AppCode,
    AppReturn,
    Attempt,
    challenge_of,
    code_verifier,
    digest,
    encoded,
    is_same,
    nonce,
)
from auth_service.domain.oidc_claims import person_of
from auth_service.domain.providers import OidcProvider
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.entry import Entry, SecondFactorAsked
from auth_service.errors import LoginAttemptError, ProviderRefusedError, SessionExpiredError, reason_of
from auth_service.external_login import ExternalLogin
from auth_service.security_events import SecurityEvents
from auth_service.sessions import LoggedIn, Sessions
from contracts.error_codes import ErrorCode
from functions.serverless.problems import NotFoundError, ServiceError

if TYPE_CHECKING:
    from auth_service.adapters.oidc_client import OidcClient


class Begun(Struct, frozen=True, kw_only=True):
    """A login that has begun: where to send the browser, and the secret that it must come back with."""

    url: str
    browser: str


class ProviderAnswer(Struct, frozen=True, kw_only=True):
    """What the provider has sent the browser back with (OpenID Connect Core, 3.1.2.5; RFC 9207, 2)."""

    state: str
    code: str | None = None
    error: str | None = None
    iss: str | None = None


class Finished(Struct, frozen=True, kw_only=True):
    """What has come of a login. ``attempt`` is None where the browser has begun none, ``error`` where all went well."""

    attempt: Attempt | None = None
    session: LoggedIn | SecondFactorAsked | None = None
    app_code: str | None = None
    error: ErrorCode | None = None


class OidcLogins:
    """Takes people to providers and back. ``base``: this service's address. ``clock``: seconds since the epoch.
    ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        *,
        providers: ProviderSettings,
        attempts: AttemptsTable,
        accounts: AccountsTable,
        external: ExternalLogin,
        sessions: Sessions,
        entry: Entry,
        events: SecurityEvents,
        base: str,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        self._providers = providers
        self._attempts = attempts
        self._accounts = accounts
        self._external = external
        self._sessions = sessions
        self._entry = entry
        self._events = events
        self._base = base
        self._clock = clock
        self._randomness = randomness
        self._clients: dict[str, tuple[OidcProvider, OidcClient]] = {}

    def begin(
        self,
        provider_id: str,
        *,
        return_to: str,
        app: AppReturn | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
    ) -> Begun:
        """Begins a login, or the linking of an identity to the account of ``user_id`` in its session ``session_id``.

        Raises:
            NotFoundError: there is no such provider.
            ProviderUnavailableError: it does not answer.
        """
        client = self._client(self._provider(provider_id))
        browser, state = (encoded(self._randomness(SECRET_BYTES)) for _ in range(2))
        url = client.authorization_url(
            state=state, nonce=nonce(browser, state), code_verifier=code_verifier(browser, state)
        )
        now = int(self._clock())
        self._attempts.add_attempt(
            Attempt(
                state_hash=digest(state),
                browser_hash=digest(browser),
                provider=provider_id,
                return_to=return_to,
                created_at=now,
                expires_at=now + ATTEMPT_S,
                user_id=user_id,
                session_id=session_id,
                app=app,
            )
        )
        return Begun(url=url, browser=browser)

    def finish(self, provider_id: str, answer: ProviderAnswer, *, browser: str | None, origin: Origin) -> Finished:
        """Ends a login. Refusals are told in what it returns, since it is a browser that has to go somewhere."""
        attempt = self._begun_here(provider_id, answer.state, browser)
        try:
            if attempt is None or browser is None:
                raise LoginAttemptError
            return self._finish(attempt, answer, browser, origin)
        except ServiceError as error:
            name = SecurityEventName.LOGIN_REFUSED
            self._events.record(name, origin=origin, provider=provider_id, reason=reason_of(error))
            return Finished(attempt=attempt, error=error.code)

    def exchange(self, code: str, verifier: str, *, origin: Origin) -> LoggedIn | SecondFactorAsked:
        """The session that an application fetches, or the question for a second factor.

        Raises:
            LoginAttemptError: the code is unknown, too old or used, or was given to somebody else's challenge.
        """
        found = self._attempts.take_code(digest(code))
        if found is None or found.expires_at <= self._clock() or challenge_of(verifier) != found.code_challenge:
            raise LoginAttemptError
        account = self._accounts.find(found.user_id)
        if account is None:
            raise SessionExpiredError("There is no such account any more.")
        if account.session_epoch != found.epoch:
            raise SessionExpiredError
        return self._enter(account, found.provider, origin)

    def _begun_here(self, provider_id: str, state: str, browser: str | None) -> Attempt | None:
        """The attempt of an answer, if this browser began it; it is used up in any case."""
        attempt = self._attempts.take_attempt(digest(state))
        if attempt is None or browser is None:
            return None
        return attempt if is_same(attempt, provider=provider_id, browser=browser, now=self._clock()) else None

    def _finish(self, attempt: Attempt, answer: ProviderAnswer, browser: str, origin: Origin) -> Finished:
        provider = self._provider(attempt.provider)
        client = self._client(provider)
        client.check_issuer(answer.iss)
        if answer.error is not None or answer.code is None:
            raise ProviderRefusedError(f"the provider says {(answer.error or 'nothing')[:64]}")
        claims = client.redeem(
            answer.code, nonce=nonce(browser, answer.state), code_verifier=code_verifier(browser, answer.state)
        )
        person = person_of(provider, claims)
        if attempt.user_id is not None:
            account = self._sessions.owner_of(attempt.session_id or "")
            if account is None or account.id != attempt.user_id:  # who was shut out meanwhile adds no way in
                raise LoginAttemptError
            self._external.link(account, person, origin=origin)
            return Finished(attempt=attempt)
        account = self._external.account_of(person, origin=origin)
        if attempt.app is not None:
            return Finished(attempt=attempt, app_code=self._app_code(account, attempt.provider, attempt.app))
        return Finished(attempt=attempt, session=self._enter(account, attempt.provider, origin))

    def _enter(self, account: Account, provider: str, origin: Origin) -> LoggedIn | SecondFactorAsked:
        asks = self._providers.asks_second_factor(provider)
        return self._entry.enter(account, origin=origin, provider=provider, asks=asks)

    def _app_code(self, account: Account, provider: str, app: AppReturn) -> str:
        code = encoded(self._randomness(SECRET_BYTES))
        self._attempts.add_code(
            AppCode(
                code_hash=digest(code),
                user_id=account.id,
                provider=provider,
                code_challenge=app.code_challenge,
                expires_at=int(self._clock()) + APP_CODE_S,
                epoch=account.session_epoch,
            )
        )
        return code

    def _provider(self, provider_id: str) -> OidcProvider:
        provider = self._providers.all().get(provider_id)
        if not isinstance(provider, OidcProvider):
            raise NotFoundError("There is no such identity provider.")
        return provider

    def _client(self, provider: OidcProvider) -> OidcClient:
        """The client of a provider, with what it has learnt of it; a new one when the settings have changed."""
        from auth_service.adapters.oidc_client import OidcClient  # noqa: PLC0415  (a tenth of a second)

        known = self._clients.get(provider.id)
        if known is None or known[0] != provider:
            redirect_uri = f"{self._base}/providers/{provider.id}/callback"
            known = self._clients[provider.id] = (
                provider,
                OidcClient(provider, redirect_uri=redirect_uri, clock=self._clock),
            )
        return known[1]
