"""The authentication service's settings: environment variables with the prefix ``PARLEY_AUTH_``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from functions.serverless.settings import read_settings

Name = Annotated[str, Meta(min_length=1, max_length=512)]


class AuthSettings(Struct, frozen=True, kw_only=True):
    """``PARLEY_AUTH_<NAME>`` for each field; the table, the secret and the issuer must be given."""

    table: Name
    """The DynamoDB table."""
    signing_secret: Name
    """The Secrets Manager secret that holds the key ring. Made on first use."""
    issuer: Annotated[str, Meta(pattern=r"^https?://[^\s?#]+$")]
    """``iss`` of access tokens: the service's public address, such as ``https://meet.example/v1/auth``.
    Cookies are ``Secure`` when it is https."""
    session_idle_s: Annotated[int, Meta(ge=60, le=31_536_000)] = 14 * 86_400
    """A session ends when it has not been refreshed for so long."""
    session_max_s: Annotated[int, Meta(ge=60, le=31_536_000)] = 30 * 86_400
    """A session ends so long after its login, whatever happens."""
    refresh_grace_s: Annotated[int, Meta(ge=0, le=60)] = 10
    """For so long after a rotation the old refresh token gets the same answer again, in case the first one was lost."""
    argon2_memory_kib: Annotated[int, Meta(ge=8, le=4_194_304)] = 19_456
    """Argon2id's memory. The three defaults are OWASP's; hashes below them are renewed at the next login."""
    argon2_time_cost: Annotated[int, Meta(ge=1, le=100)] = 2
    argon2_parallelism: Annotated[int, Meta(ge=1, le=64)] = 1
    administrators: tuple[Annotated[str, Meta(pattern=r"^u_[a-z2-7]{26}$")], ...] = ()
    """The ids of the users who administer the platform, as a JSON array. Ids, since anyone may claim an address."""

    default_role: Literal["organiser", "member"] = "organiser"
    """The role of new accounts."""
    trusted_proxies: Annotated[int, Meta(ge=0, le=8)] = 0
    """How many proxies of one's own stand before the API's gateway and name the client in X-Forwarded-For."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> AuthSettings:
        """The settings in ``environ``.

        Raises:
            functions.serverless.settings.SettingsError: a variable is missing, unknown or has a bad value.
        """
        return read_settings(cls, "PARLEY_AUTH_", environ)

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are for HTTPS only."""
        return self.issuer.startswith("https://")
