"""The gateway's settings, from environment variables that begin with ``PARLEY_GATEWAY_``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from contracts.facts import FACTS_FUNCTION
from contracts.stream_keys import STREAM_KEYS_FUNCTION

PREFIX = "PARLEY_GATEWAY_"
MIN_TURN_SECRET = 16

TurnUrl = Annotated[str, Meta(pattern=r"^turns?:[!#-;=?-~]+$")]
"""Without what would end it in a Link header field."""


class SettingsError(Exception):
    """A setting is missing, unknown or bad. The text names its key and never its value."""


class GatewaySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. The key of a field is `PREFIX` and its name in capitals."""

    meetings_issuer: Annotated[str, Meta(min_length=1)]
    """``iss`` of the meeting tokens."""
    meetings_jwks_url: Annotated[str, Meta(pattern="^https?://")]
    """Where the meeting service publishes its keys."""
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,48}$")] = "gateway"
    """Names this gateway in logs and leases; every start adds a part of its own."""
    bind_address: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8081
    redis_url: Annotated[str, Meta(pattern="^(rediss?|unix)://")] = "redis://127.0.0.1:6379/0"
    grace_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 30_000
    """How long a participant is kept after its connection is lost."""
    empty_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 300_000
    """How long a room that everybody has left is kept before it ends by itself."""
    tabs: Annotated[int, Meta(ge=1, le=8)] | None = None
    """How often one person may be connected to a meeting at once, with all tabs and devices; None: eight times."""
    tabs_full: Literal["refuse", "replace"] = "refuse"
    """What becomes of one tab more than that: it is refused, or the oldest makes room for it."""
    door_sessions: Annotated[int, Meta(ge=0, le=10_000)] = 500
    """How many may come in by WHIP and WHEP at once."""
    turn_urls: tuple[TurnUrl, ...] = ()
    """TURN servers that share ``turn_secret``, for those who were let in, as a JSON array of URLs."""
    turn_secret: str = ""
    """coturn's ``static-auth-secret``."""
    turn_lifetime_s: Annotated[int, Meta(ge=1_200, le=86_400)] = 43_200
    """How long a client's credentials hold. Participants get new ones before they look for another way."""
    drain_ms: Annotated[int, Meta(ge=0, le=600_000)] = 10_000
    """How long clients have, after SIGTERM, to go on at another gateway before they are disconnected."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins that may connect, separated by commas; ``*`` for any, none for the gateway's own."""
    region: str = "local"
    """Its own, whose media nodes it prefers."""
    regions: tuple[str, ...] = ()
    """The next best regions, nearest first, separated by commas. Those that are not named come last."""
    span_regions: bool = True
    """Whether a meeting spreads to a node that is nearer to a participant than those it has."""
    lambda_endpoint_url: str | None = None
    """Where functions are invoked, if not at AWS."""
    facts_function: str = FACTS_FUNCTION
    stream_keys_function: str = STREAM_KEYS_FUNCTION
    metrics_address: str = "127.0.0.1"
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Where metrics are told (docs/metrics.md), without access control; 0: nowhere."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    log_level: Annotated[str, Meta(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"

    def __repr__(self) -> str:
        return f"GatewaySettings(id={self.id!r})"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> GatewaySettings:
        """The settings that ``environ`` holds.

        Raises:
            SettingsError: one is missing, unknown or bad.
        """
        values: dict[str, Any] = {}
        for key, value in environ.items():
            if not key.startswith(PREFIX) or value == "":
                continue
            name = key.removeprefix(PREFIX).lower()
            if name not in cls.__struct_fields__:
                raise SettingsError(f"{key} is not a setting of the gateway")
            values[name] = value
        for name in ("allowed_origins", "regions"):
            parts = values.get(name, "").split(",")
            values[name] = tuple(part.strip() for part in parts if part.strip())
        if "turn_urls" in values:
            values["turn_urls"] = _json(f"{PREFIX}TURN_URLS", values["turn_urls"])
        try:
            settings = msgspec.convert(values, cls, strict=False, dec_hook=lambda kind, value: kind(value))
        except msgspec.ValidationError as error:
            raise SettingsError(_named(error)) from error
        if (settings.tls_certificate is None) != (settings.tls_key is None):
            raise SettingsError(f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY belong together")
        if settings.turn_urls and len(settings.turn_secret) < MIN_TURN_SECRET:
            raise SettingsError(
                f"{PREFIX}TURN_SECRET has at least {MIN_TURN_SECRET} characters where there are TURN servers"
            )
        return settings


def _json(key: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{key} is not JSON") from error


def _named(error: msgspec.ValidationError) -> str:
    """The error with the key instead of the field: msgspec names it as ``$.field``, ``$.field[…]`` or in backquotes."""
    text = str(error)
    for name in GatewaySettings.__struct_fields__:
        if f"`$.{name}`" in text or f"`$.{name}[" in text or f"field `{name}`" in text:
            return f"{PREFIX}{name.upper()}: {text.partition(' - at ')[0]}"
    return text
