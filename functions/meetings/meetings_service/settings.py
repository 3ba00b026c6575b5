"""The meeting service's settings: environment variables with the prefix ``PARLEY_MEETINGS_``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from functions.serverless.settings import read_settings

Name = Annotated[str, Meta(min_length=1, max_length=512)]
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
    """The broker that the gateways stand on. Used to administer live rooms."""
    room_patience_s: Annotated[int, Meta(ge=1, le=10)] = 5
    """How long a live room's answer is waited for; two seconds longer where a gateway has begun."""
    ice_servers: tuple[IceServer, ...] = ()
    """STUN and TURN servers for clients, as a JSON array of ``RTCIceServer``. The media nodes need none."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> MeetingsSettings:
        """The settings in ``environ``.

        Raises:
            functions.serverless.settings.SettingsError: a variable is missing, unknown or has a bad value.
        """
        return read_settings(cls, "PARLEY_MEETINGS_", environ)

    def __repr__(self) -> str:
        return f"MeetingsSettings(table={self.table!r}, issuer={self.issuer!r})"  # the broker's URL holds a password
