"""The meeting service's settings: environment variables with the prefix ``PARLEY_MEETINGS_``."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import UNSET, Meta, Struct, UnsetType

from functions.serverless.outbound import Reach
from functions.serverless.rate_limits import QUOTA_PATTERN, Quota
from functions.serverless.settings import SettingsError, read_settings

Name = Annotated[str, Meta(min_length=1, max_length=512)]
QuotaText = Annotated[str, Meta(pattern=QUOTA_PATTERN)]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://[^\s?#]+$")]


class IceServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An ``RTCIceServer`` of W3C WebRTC."""

    urls: tuple[Annotated[str, Meta(pattern=r"^(stun|stuns|turn|turns):")], ...]
    username: str | UnsetType = UNSET
    credential: str | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"IceServer(urls={self.urls!r})"


class MeetingsSettings(Struct, frozen=True, kw_only=True):
    """``PARLEY_MEETINGS_<NAME>`` for each field; fields without a default must be given."""

    table: Name
    """The DynamoDB table."""
    signing_secret: Name
    """The Secrets Manager secret that holds the key ring. Made on first use."""
    sealing_secret: Name
    """The one that holds the keys which seal the secrets of webhooks. Made on first use."""
    issuer: HttpUrl
    """``iss`` of meeting tokens: the service's public address, such as ``https://meet.example/v1/meetings``."""
    auth_issuer: HttpUrl
    """``iss`` of the access tokens that are accepted: ``PARLEY_AUTH_ISSUER``."""
    auth_jwks_url: HttpUrl
    """Where the keys of access tokens are fetched."""
    public_url: HttpUrl
    """The platform's one address, for links to meetings."""
    gateway_url: Annotated[str, Meta(pattern=r"^(https?|wss?)://[^\s?#]+$")]
    """Where clients open Socket.IO."""
    redis_url: Annotated[str, Meta(pattern=r"^(redis|rediss|unix)://")]
    """The broker that the gateways stand on. Used to administer live rooms, to count limits, and to know of accounts
    that have changed. While it is away each instance counts for itself, and access tokens are believed."""
    audit_kept_days: Annotated[int, Meta(ge=1, le=3_650)] = 365
    """How long the audit log keeps an entry."""
    audit_addresses: Literal["full", "network", "none"] = "full"
    """What the audit log keeps of clients' addresses: all, the network (IPv4 /24, IPv6 /48), or nothing."""
    recordings_bucket: Name
    """The S3 bucket to which the media nodes bring recordings."""
    recordings_url: Annotated[str, Meta(pattern=r"^(https?://[^\s?#]+)?$")] = ""
    """Where browsers reach that bucket, if not at AWS. Its name and the objects' names come behind."""
    recordings_kept_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    """How long the bucket itself keeps objects: what the organisation's setting cannot exceed."""
    room_patience_s: Annotated[int, Meta(ge=1, le=10)] = 5
    """How long a live room's answer is waited for; two seconds longer where a gateway has begun."""
    trusted_proxies: Annotated[int, Meta(ge=0, le=8)] = 0
    """How many proxies of one's own stand before the API's gateway and name the client in X-Forwarded-For."""
    edge_secret: str = ""
    """What such a proxy shows in X-Parley-Edge. Without: whoever calls the API past it is believed."""
    limit_address: QuotaText = "1200/60"
    """What one address (of IPv6 the /64) may ask of meetings by their ids, with or without a token: to read one, to
    join it. Many people may be behind one address, and come at once."""
    limit_join: QuotaText = "120/60"
    """Joins of one user or service account."""
    limit_create: QuotaText = "120/60"
    """Meetings that one user or service account makes."""
    limit_bearer: QuotaText = "600/60"
    """All other requests of one user or service account."""
    deliveries_function: str = ""
    """The function ``deliveries``, which is started at once for webhooks. Without: their messages wait for the function
    ``waiting-deliveries``, for a minute at most."""
    webhook_reach: Reach = "public"
    """Where webhooks may lead: ``public``, by https to the public Internet; ``any``, also into private networks."""
    mail: Literal["off", "ses", "smtp"] = "off"
    """How invitations are sent. Off: nobody is told by mail, and hosts give their links to others themselves."""
    mail_from: Annotated[
        str, Meta(max_length=320, pattern=r"^$|^[^<>\r\n]*<[^<>@\s]+@[^<>@\s]+>$|^[^<>@\s]+@[^<>@\s]+$")
    ] = ""
    """The sender, as ``Parley <parley@meet.example>``, whose address invitations come from. Needed for mail."""
    mail_smtp_url: Annotated[str, Meta(max_length=1024, pattern=r"^((smtps?|smtp\+insecure)://[^\s/?#]+)?$")] = ""
    """The SMTP server, as ``PARLEY_AUTH_MAIL_SMTP_URL``. A secret, if there is a password in it."""
    mails_per_day: Annotated[int, Meta(ge=1, le=1_000_000)] = 1_000
    """How many invitations and changes of them one user or service account may have sent in a day (UTC)."""
    jobs_function: str = ""
    """The function that sends what was promised, started at once. Empty: a schedule sees to it within a minute."""
    ice_servers: tuple[IceServer, ...] = ()
    """STUN and TURN servers for clients, as a JSON array of ``RTCIceServer``. The media nodes need none."""

    def quotas(self) -> dict[str, Quota]:
        """The limits by name, and ``bearer``."""
        names = ("address", "join", "create", "bearer")
        return {name: Quota.parse(name, getattr(self, f"limit_{name}")) for name in names}

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> MeetingsSettings:
        """The settings in ``environ``.

        Raises:
            functions.serverless.settings.SettingsError: a variable is missing, unknown or has a bad value.
        """
        settings = read_settings(cls, "PARLEY_MEETINGS_", environ)
        if settings.mail != "off" and not settings.mail_from:
            raise SettingsError("PARLEY_MEETINGS_MAIL_FROM: mail needs a sender.")
        if settings.mail == "smtp" and not settings.mail_smtp_url:
            raise SettingsError("PARLEY_MEETINGS_MAIL_SMTP_URL: mail by SMTP needs a server.")
        return settings

    @property
    def organiser_address(self) -> str:
        """The address that calendars have as every meeting's organiser: the one that mails come from."""
        return parseaddr(self.mail_from)[1] or f"parley@{self.site}"

    @property
    def site(self) -> str:
        """The platform's host name, by which calendars know where a meeting comes from."""
        return urlsplit(self.public_url).hostname or "localhost"

    def __repr__(self) -> str:
        return f"MeetingsSettings(table={self.table!r}, issuer={self.issuer!r})"  # the broker's URL holds a password
