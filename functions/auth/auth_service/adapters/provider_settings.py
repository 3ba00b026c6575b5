"""The external identity providers of this installation: from a setting, and from a secret for those with secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from auth_service.domain.identities import LinkedIdentity
from auth_service.domain.providers import OidcProvider, Provider, ProvidersError, by_id, parse_providers
from functions.serverless.problems import UnavailableError
from functions.serverless.settings import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_S = 60.0
"""A change of the secret is seen so soon."""
SETTING = "PARLEY_AUTH_PROVIDERS"


class ProviderSettings:
    """``setting``: JSON, checked at the start. ``secret_id``: a secret with more, read when needed; empty for none.

    Raises:
        SettingsError: the setting cannot be used.
    """

    def __init__(
        self,
        *,
        setting: str,
        secret_id: str,
        client: Callable[[], SecretsManagerClient],
        clock: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        try:
            self._given = parse_providers(setting, source=SETTING) if setting else ()
            known = by_id(self._given)
        except ProvidersError as error:
            raise SettingsError(str(error)) from None
        self._secret_id = secret_id
        self._client = client
        self._clock = clock
        self._logger = logger
        self._cached: tuple[float, Mapping[str, Provider]] = (0.0, known)

    def all(self) -> Mapping[str, Provider]:
        """The providers by their ids, in the order of the settings.

        Raises:
            UnavailableError: the secret cannot be used.
        """
        if self._secret_id and self._clock() - self._cached[0] >= CACHE_S:
            self._cached = (self._clock(), self._read())
        return self._cached[1]

    def grants_role(self, identity: LinkedIdentity) -> bool:
        """Whether a provider's groups still give a role: one that was taken out of the settings gives none any more,
        nor does one of which nothing is known at the moment, or where the last login is too long ago."""
        try:
            provider = self.all().get(identity.provider)
        except UnavailableError:
            return False
        return provider is not None and provider.grants(identity, now_ms=self._clock() * 1000)

    def asks_second_factor(self, provider_id: str) -> bool:
        """Whether logins at a provider ask for a second factor here: those at directories do, and those at providers of
        OpenID Connect whose setting says so. One of which nothing is known at the moment is not trusted with it."""
        try:
            provider = self.all().get(provider_id)
        except UnavailableError:
            return True
        return provider.ask_second_factor if isinstance(provider, OidcProvider) else True

    def _read(self) -> Mapping[str, Provider]:
        client = self._client()
        try:
            text = client.get_secret_value(SecretId=self._secret_id)["SecretString"]
            return by_id(self._given, parse_providers(text, source="The secret of PARLEY_AUTH_PROVIDERS_SECRET"))
        except client.exceptions.ResourceNotFoundException:
            return by_id(self._given)  # a secret that a template has made, and that nobody has filled
        except ProvidersError as error:
            self._logger.error("providers_unusable", extra={"error": str(error)})  # noqa: TRY400  (where tells nothing)
            if self._cached[0]:
                return self._cached[1]  # as they were before the secret was broken
            raise UnavailableError("The identity providers cannot be read.") from error
