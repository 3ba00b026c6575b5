"""The local platform's settings: environment variables with the prefix ``PARLEY_``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from infra.local.errors import SettingsError

ROOT: Final = Path(__file__).resolve().parents[2]
"""The source tree."""

SERVICE_PREFIXES: Final = ("PARLEY_AUTH_", "PARLEY_MEETINGS_", "PARLEY_GATEWAY_", "PARLEY_NODE_")
"""Settings of the services themselves. The platform hands each service its own, and fills in what is not given."""

Port = Annotated[int, Meta(ge=1, le=65535)]
S = TypeVar("S", bound=Struct)


class LocalSettings(Struct, frozen=True, kw_only=True):
    """``PARLEY_<NAME>`` for each field. Everything has a default."""

    host: Annotated[str, Meta(pattern=r"^[0-9A-Za-z.:-]*$", max_length=253)] = ""
    """This machine's address, as other machines know it. Empty: the platform is for this machine alone, over HTTP.
    Given (``make run HOST=192.0.2.7``): HTTPS with a certificate made on the spot, and media on that address."""
    proxy: Literal["off", "on"] = "off"
    """Whether a reverse proxy on this machine (nginx, Caddy) has the host's address and certificate, at port 443, and
    passes on to ``port``, which then only this machine reaches, over HTTP."""
    port: Port = 8080
    """TCP: the page, the HTTP API and Socket.IO."""
    gateway_port: Port = 8081
    """TCP, this machine only: the signalling gateway, which the front door forwards Socket.IO to."""
    media_port: Port = 8082
    """UDP, and TCP for clients whose networks let no UDP through: all media."""
    mailbox_port: Port = 8083
    """TCP, this machine only: the page with the mails that were sent."""
    data: str = ".parley"
    """The folder that holds everything which survives a restart, and the logs. Relative to the source tree."""
    web: str = "web/app/dist"
    """The built page. Relative to the source tree."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> LocalSettings:
        """The settings in ``environ``; variables of the services (`SERVICE_PREFIXES`) are theirs.

        Raises:
            SettingsError: a variable is unknown or has a bad value.
        """
        own = {f"PARLEY_{field.name.upper()}" for field in msgspec.structs.fields(cls)}
        mine = {name: value for name, value in environ.items() if name in own or not name.startswith(SERVICE_PREFIXES)}
        return read_settings(cls, "PARLEY_", mine)

    @property
    def data_path(self) -> Path:
        return ROOT / self.data

    @property
    def web_path(self) -> Path:
        return ROOT / self.web

    @property
    def is_public(self) -> bool:
        """Whether other machines are to reach the platform."""
        return bool(self.host)

    @property
    def is_proxied(self) -> bool:
        """Whether a reverse proxy has the host's address."""
        return self.is_public and self.proxy == "on"

    @property
    def bind_address(self) -> str:
        """Where the front door is opened: on all interfaces, or on this machine alone."""
        if not self.is_public or self.is_proxied:
            return "127.0.0.1"
        return "::" if ":" in self.host else "0.0.0.0"

    @property
    def media_bind_addresses(self) -> tuple[str, ...]:
        """Where the media port is opened: for both versions of IP where others are to reach it.

        On all addresses in any case: Firefox uses none of the loopback interface, on either end.
        """
        return ("0.0.0.0", "::") if self.is_public else ("0.0.0.0",)

    @property
    def url(self) -> str:
        """The platform's one address."""
        if not self.is_public:
            return f"http://localhost:{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}" if self.is_proxied else f"https://{host}:{self.port}"

    @property
    def origins(self) -> tuple[str, ...]:
        """Web origins under which this machine's own browser and others may have opened the page."""
        scheme = self.url.partition(":")[0]
        return (self.url, *(f"{scheme}://{name}:{self.port}" for name in ("localhost", "127.0.0.1")))


def read_settings(kind: type[S], prefix: str, environ: Mapping[str, str]) -> S:
    """The settings of one process: field ``name`` is the variable ``<prefix>NAME``; lists and objects are JSON.

    Raises:
        SettingsError: a variable is missing, unknown or has a bad value. The text names it and not its value.
    """
    fields = {f"{prefix}{field.name.upper()}": field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(prefix):
            continue
        if variable not in fields:
            raise SettingsError(f"{variable}: there is no such setting (see docs/configuration.md).")
        field = fields[variable]
        try:
            value: Any = msgspec.json.decode(text) if text[:1] in ("[", "{") else text
            values[field.name] = msgspec.convert(value, field.type, strict=False)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise SettingsError(f"{variable}: {error}.") from None
    for variable, field in fields.items():
        if field.required and field.name not in values:
            raise SettingsError(f"{variable} is required.")
    return kind(**values)
