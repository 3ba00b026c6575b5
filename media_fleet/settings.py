"""The node's settings, from environment variables that begin with ``PARLEY_NODE_``."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

PREFIX = "PARLEY_NODE_"


class SettingsError(Exception):
    """A setting is missing, unknown or has a bad value; the text names the variable, never the value of a secret."""


class Settings(Struct, frozen=True, kw_only=True):
    """See docs/configuration.md."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_\-]{1,64}$")]
    """Unique among the nodes of a platform."""
    redis_url: Annotated[str, Meta(pattern=r"^(redis|rediss|unix)://")]
    advertised_addresses: Annotated[tuple[str, ...], Meta(min_length=1, max_length=8)]
    """IP addresses at which clients reach this node, comma-separated, the preferred one first."""
    region: Annotated[str, Meta(min_length=1, max_length=64)] = "local"
    bind_addresses: Annotated[tuple[str, ...], Meta(min_length=1, max_length=2)] = ("0.0.0.0", "::")
    """Where to listen, comma-separated: one address for each version of IP that is served."""
    udp_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """0: any free one."""
    tcp: Literal["on", "off"] = "on"
    """ICE-TCP (RFC 6544), for clients whose networks let no UDP through."""
    tcp_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """0: the UDP port's number."""
    advertised_tcp_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """0: the bound one."""
    advertised_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """0: the bound one. Another where a NAT maps it."""
    link_address: str = ""
    """IP address at which other nodes reach this one, at the bound port; empty: the first advertised one."""
    threads: Annotated[int, Meta(ge=0, le=64)] = 0
    """I/O threads that forward, each its own meetings; 0: one for each usable processor but one, 16 at the most."""
    consent_timeout_ms: Annotated[int, Meta(ge=1_000, le=30_000)] = 15_000
    """How long a transport may be silent (RFC 7675)."""
    handshake_timeout_ms: Annotated[int, Meta(ge=1_000, le=120_000)] = 15_000
    """From a client's first DTLS datagram to the end of the handshake."""
    max_participants: Annotated[int, Meta(ge=1)] = 2_000
    last_n_audio: Annotated[int, Meta(ge=0, le=1_000)] = 5
    """Microphones that are forwarded at the most of those that are heard together; 0: any number."""
    last_n_video: Annotated[int, Meta(ge=0, le=1_000)] = 0
    """Cameras that one participant is sent at the most; 0: as many as they want."""
    capacity_packets: Annotated[int, Meta(ge=1)] = 200_000
    """Packets a second, in and out, of one thread, that count as full load."""
    drain_timeout_s: Annotated[int, Meta(ge=0)] = 20
    """How long SIGTERM waits for the participants to leave."""
    recordings_path: Path | None = None
    """A folder for recordings while they are made; None: this node records nothing."""
    recordings_bucket: Annotated[str, Meta(min_length=3, max_length=63)] | None = None
    """The S3 bucket to which finished recordings are brought."""
    recordings_min_free_mb: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 1_024
    """Megabytes that stay free on that folder's disk: recordings end before, and none begins."""
    recordings_piece_s: Annotated[float, Meta(ge=0.5, le=300)] = 10
    """How often what is being recorded is brought to the bucket: the most, and some seconds, that goes with a node."""
    recorder_memory_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 4_096
    """Megabytes of address space that a recorder may take; 0: any number."""
    recordings_endpoint_url: Annotated[str, Meta(pattern="^https?://")] | None = None
    """Where the bucket is, if not at AWS."""
    max_composites: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    """Recordings with a picture that are made at once, others are refused; None: one for each usable processor."""
    composite_height: Literal[360, 720, 1080] = 1080
    """Of composite recordings, in pixels: they are 16:9."""
    composite_frame_rate: Annotated[int, Meta(ge=5, le=30)] = 25
    """Pictures a second of composite recordings."""
    composite_threads: Annotated[int, Meta(ge=1, le=16)] = 2
    """Of the encoder of each."""
    composite_font: Path | None = None
    """A font's file for names; None: one that is there."""
    broadcast_address: str = "127.0.0.1"
    """IP address at which gateways fetch what is streamed out: a private one."""
    broadcast_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """The first of 64 ports there, one for each broadcast; 0: any free one each."""
    broadcast_height: Literal[360, 720, 1080] = 720
    """Of broadcasts, in pixels: they are 16:9."""
    broadcast_held_ms: Annotated[int, Meta(ge=300, le=2_200)] = 700
    """How long after it happened a meeting is composed for a broadcast: what comes later than that is missing in it."""
    broadcast_private_targets: Literal["on", "off"] = "off"
    """Whether broadcasts may be sent by RTMP to servers that are not in the public Internet."""
    max_ingresses: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    """Streams that are brought into meetings at once, others are refused; None: one for each usable processor."""
    ingress_height: Literal[360, 720, 1080] = 720
    """Of their pictures, in pixels of the shorter side at the most."""
    ingress_memory_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 3_072
    """Megabytes of address space that bringing one in may take; 0: any number."""
    ingress_private_sources: Literal["on", "off"] = "off"
    """Whether streams may be fetched from networks that are not public."""
    rtmp_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """The TCP port on which RTMP is taken, at the first of the ``bind_addresses``; 0: none is."""
    rtmp_url: Annotated[str, Meta(pattern=r"^rtmps?://[!-~]+$", max_length=300)] | None = None
    """Where people send RTMP to, if that is not the first of the ``advertised_addresses`` at that port."""
    max_video_transcoders: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    """Pictures that are transcoded at once, composites included, others are refused; None: one for each usable
    processor."""
    max_sound_transcoders: Annotated[int, Meta(ge=0, le=10_000)] = 32
    """The same of sound, which takes memory and little else."""
    max_mixers: Annotated[int, Meta(ge=0, le=1_000)] = 8
    """Rooms whose sound is mixed to one stream at once, others are refused: each takes a tenth of a processor."""
    transcoder_memory_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 2_048
    """Megabytes of address space that a transcoder or a mixer may take; 0: any number."""
    metrics_address: str = "127.0.0.1"
    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """Where metrics (docs/metrics.md) and health are told, without access control; 0: nowhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def __repr__(self) -> str:
        return f"Settings(id={self.id!r}, region={self.region!r}, udp_port={self.udp_port})"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """The settings in an environment.

        Raises:
            SettingsError: names the first variable that is wrong.
        """
        known = {f"{PREFIX}{name.upper()}": name for name in cls.__struct_fields__}
        given: dict[str, Any] = {}
        for key, value in environ.items():
            if key.startswith(PREFIX):
                if key not in known:
                    raise SettingsError(f"{key} is no setting of the media node.")
                given[known[key]] = value
        for name in ("advertised_addresses", "bind_addresses"):
            if name in given:
                given[name] = _addresses(f"{PREFIX}{name.upper()}", given[name])
        _check_addresses(given)
        try:
            settings = msgspec.convert(given, cls, strict=False, dec_hook=lambda kind, value: kind(value))
        except msgspec.ValidationError as error:
            raise SettingsError(_sentence(str(error), known)) from None
        if (settings.recordings_path is None) != (settings.recordings_bucket is None):
            raise SettingsError(f"{PREFIX}RECORDINGS_PATH and {PREFIX}RECORDINGS_BUCKET belong together.")
        return settings


def _check_addresses(given: Mapping[str, Any]) -> None:
    bound = given.get("bind_addresses", ())
    if len({":" in address for address in bound}) < len(bound):
        raise SettingsError(f"{PREFIX}BIND_ADDRESSES: there is one for each version of IP.")
    for name in ("link_address", "broadcast_address"):
        if len(_addresses(f"{PREFIX}{name.upper()}", given.get(name, ""))) > 1:
            raise SettingsError(f"{PREFIX}{name.upper()}: there is one.")


def _addresses(variable: str, value: str) -> list[str]:
    addresses = []
    for text in filter(None, map(str.strip, value.split(","))):
        try:
            addresses.append(str(ipaddress.ip_address(text)))
        except ValueError:
            raise SettingsError(f"{variable}: {text!r} is no IP address.") from None
    return addresses


def _sentence(message: str, known: Mapping[str, str]) -> str:
    """Puts the variable's name where msgspec names the field."""
    for key, name in known.items():
        if f"`$.{name}`" in message or f"`{name}`" in message:
            return f"{key}: {message.partition(' - at ')[0]}."
    return message
