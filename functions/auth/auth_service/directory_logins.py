"""Logins at LDAP directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth_service.adapters.provider_settings import ProviderSettings
from auth_service.domain.directory_names import matched_alike
from auth_service.domain.identities import ExternalPerson
from auth_service.domain.providers import LdapProvider
from auth_service.domain.security_events import Origin, SecurityEventName
from auth_service.entry import Entry, SecondFactorAsked
from auth_service.errors import reason_of
from auth_service.external_login import ExternalLogin
from auth_service.guessing import Guessing
from auth_service.security_events import SecurityEvents
from auth_service.sessions import LoggedIn
from functions.serverless.problems import NotFoundError, ServiceError

if TYPE_CHECKING:
    from auth_service.adapters.ldap_directory import LdapDirectory


class DirectoryLogins:
    """Logs people in with the name and password that they have at a directory."""

    def __init__(
        self,
        *,
        providers: ProviderSettings,
        external: ExternalLogin,
        entry: Entry,
        guessing: Guessing,
        events: SecurityEvents,
    ) -> None:
        self._providers = providers
        self._external = external
        self._entry = entry
        self._guessing = guessing
        self._events = events
        self._directories: dict[str, tuple[LdapProvider, LdapDirectory]] = {}

    def log_in(self, provider_id: str, username: str, password: str, *, origin: Origin) -> LoggedIn | SecondFactorAsked:
        """Opens a session, or asks for a second factor.

        Raises:
            NotFoundError: there is no such directory.
            RateLimitedError: there were too many attempts.
            InvalidCredentialsError: the name or the password is wrong, or the directory does not let the person in.
            ProviderUnavailableError: it does not answer as it should.
            AccountExistsError, EmailMissingError: they have no account, and none can be made.
            AccountSuspendedError: the account may not be used.
        """
        person = self.person(provider_id, username, password, origin=origin)
        try:
            account = self._external.account_of(person, origin=origin)
            return self._entry.enter(account, origin=origin, provider=provider_id)
        except ServiceError as error:
            self._refused(provider_id, error, origin)
            raise

    def person(self, provider_id: str, username: str, password: str, *, origin: Origin) -> ExternalPerson:
        """Who somebody is at a directory.

        Raises:
            NotFoundError, RateLimitedError, InvalidCredentialsError, ProviderUnavailableError: as `log_in`.
        """
        provider = self._providers.all().get(provider_id)
        if not isinstance(provider, LdapProvider):
            raise NotFoundError("There is no such directory.")
        guess = self._guessing.begin(f"{provider_id} {matched_alike(username)}", None, device=None, origin=origin)
        try:
            person = self._directory(provider).log_in(username, password)
        except ServiceError as error:
            self._refused(provider_id, error, origin)
            raise
        self._guessing.right(guess)
        return person

    def _refused(self, provider_id: str, error: ServiceError, origin: Origin) -> None:
        name = SecurityEventName.LOGIN_REFUSED
        self._events.record(name, origin=origin, provider=provider_id, reason=reason_of(error))

    def _directory(self, provider: LdapProvider) -> LdapDirectory:
        from auth_service.adapters.ldap_directory import LdapDirectory  # noqa: PLC0415  (a tenth of a second)

        known = self._directories.get(provider.id)
        if known is None or known[0] != provider:
            known = self._directories[provider.id] = (provider, LdapDirectory(provider))
        return known[1]
