"""The authentication service's settings: environment variables with the prefix ``PARLEY_AUTH_``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from functions.serverless.rate_limits import QUOTA_PATTERN, Quota
from functions.serverless.settings import SettingsError, read_settings

Name = Annotated[str, Meta(min_length=1, max_length=512)]
QuotaText = Annotated[str, Meta(pattern=QUOTA_PATTERN)]

AppAddress = Annotated[str, Meta(pattern=r"^(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:[^\s#]+$")]


class AuthSettings(Struct, frozen=True, kw_only=True):
    """``PARLEY_AUTH_<NAME>`` for each field; the table, the two secrets and the issuer must be given."""

    table: Name
    """The DynamoDB table."""
    signing_secret: Name
    """The Secrets Manager secret that holds the key ring. Made on first use."""
    sealing_secret: Name
    """The Secrets Manager secret with the keys that seal the secrets of authenticator apps. Made on first use."""
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
    password_min_length: Annotated[int, Meta(ge=8, le=64)] = 10
    """In characters, of new passwords."""
    second_factor: Literal["optional", "administrators", "everyone"] = "optional"
    """Who must have a second factor. Who has none can do nothing but set one up."""
    mail: Literal["off", "ses", "smtp"] = "off"
    """How mails are sent. Off: registration opens a session at once, and forgotten passwords are an administrator's."""
    mail_from: Annotated[
        str, Meta(max_length=320, pattern=r"^([^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)?$")
    ] = ""
    """The sender, as ``Parley <parley@meet.example>``. Needed for mail."""
    mail_smtp_url: Annotated[str, Meta(max_length=1024, pattern=r"^((smtps?|smtp\+insecure)://[^\s/?#]+)?$")] = ""
    """The SMTP server: ``smtps://user:password@host:465``, or ``smtp://`` with STARTTLS, which is insisted on, or
    ``smtp+insecure://`` for a server on the same machine. A secret, if there is a password in it."""
    jobs_function: Annotated[str, Meta(max_length=170)] = ""
    """The name of this service's function ``jobs``, which is started at once where it is given. Jobs wait for the next
    minute otherwise."""
    accounts_function: Annotated[str, Meta(max_length=170)] = ""
    """The name of the meeting service's function ``accounts``, which is told of new names and deleted accounts."""
    providers: Annotated[str, Meta(max_length=65_536)] = ""
    """External identity providers: a JSON array, as in ``docs/identity-providers.md``."""
    providers_secret: Annotated[str, Meta(max_length=512)] = ""
    """Name or ARN of a Secrets Manager secret with more of them: for those that have secrets."""
    app_redirects: tuple[AppAddress, ...] = ()
    """Where applications may wait for a login at a provider (``redirect_uri``), as a JSON array."""
    trusted_proxies: Annotated[int, Meta(ge=0, le=8)] = 0
    """How many proxies of one's own stand before the API's gateway and name the client in X-Forwarded-For."""

    edge_secret: str = ""
    """What such a proxy shows in X-Parley-Edge. Without: whoever calls the API past it is believed."""
    redis_url: Annotated[str, Meta(pattern=r"^$|^(redis|rediss|unix)://")] = ""
    """Where limits are counted, and other services told of accounts: the broker that the gateways stand on. Without,
    and while it is away, each instance counts for itself."""
    limit_login: QuotaText = "100/300"
    """Logins of one address (of IPv6 the /64): so many in so many seconds."""
    limit_register: QuotaText = "30/3600"
    """Registrations, likewise."""
    limit_refresh: QuotaText = "300/60"
    """Refreshes, likewise."""
    limit_reset: QuotaText = "30/3600"
    """Whatever sends mail or uses its links, likewise."""
    limit_token: QuotaText = "120/60"  # noqa: S105
    """Exchanges of API keys, likewise."""
    limit_bearer: QuotaText = "600/60"
    """All other requests of one user or service account."""
    audit_kept_days: Annotated[int, Meta(ge=1, le=3_650)] = 365
    """How long the audit log keeps an entry."""
    audit_addresses: Literal["full", "network", "none"] = "full"
    """What the audit log keeps of clients' addresses: all, the network (IPv4 /24, IPv6 /48), or nothing."""

    def __repr__(self) -> str:
        return f"AuthSettings(table={self.table!r}, issuer={self.issuer!r})"  # the broker's URL holds a password

    def quotas(self) -> dict[str, Quota]:
        """The limits of single routes by name, and ``bearer``."""
        names = ("login", "register", "refresh", "reset", "token", "bearer")
        return {name: Quota.parse(name, getattr(self, f"limit_{name}")) for name in names}

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> AuthSettings:
        """The settings in ``environ``.

        Raises:
            functions.serverless.settings.SettingsError: a variable is missing, unknown or has a bad value.
        """
        settings = read_settings(cls, "PARLEY_AUTH_", environ)
        if settings.mail != "off" and not settings.mail_from:
            raise SettingsError("PARLEY_AUTH_MAIL_FROM: mail needs a sender.")
        if settings.mail == "smtp" and not settings.mail_smtp_url:
            raise SettingsError("PARLEY_AUTH_MAIL_SMTP_URL: mail by SMTP needs a server.")
        return settings

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are for HTTPS only."""
        return self.issuer.startswith("https://")

    @property
    def page(self) -> str:
        """The address of the page, which is the platform's."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def site(self) -> str:
        """The platform's host name, by which mails call it."""
        return urlsplit(self.issuer).netloc
