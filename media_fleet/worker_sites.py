"""What the settings say of a node's recorders, broadcasters, ingesters and transcoders."""

from __future__ import annotations

import os
from collections.abc import Callable

from contracts.rooms import NodeId
from media_fleet.adapters.recorders import RecorderStore, may_write
from media_fleet.broadcast_site import BroadcastSite
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.ingress_site import IngressSite
from media_fleet.recorder_site import CompositeQuality, RecorderSite
from media_fleet.settings import PREFIX, Settings, SettingsError
from media_fleet.transcoders import TranscoderSite

_OWN_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def recorder_site(settings: Settings, port: int) -> RecorderSite | None:
    """Where recorders find this node; None: it has none.

    Raises:
        SettingsError: recordings cannot be written.
    """
    if settings.recordings_path is None or settings.recordings_bucket is None:
        return None
    if not may_write(settings.recordings_path):
        raise SettingsError(f"{PREFIX}RECORDINGS_PATH: {str(settings.recordings_path)!r} cannot be written to.")
    return RecorderSite(
        node_id=NodeId(settings.id),
        address=_own_address(settings),
        port=port,
        store=RecorderStore(
            path=settings.recordings_path,
            bucket=settings.recordings_bucket,
            endpoint_url=settings.recordings_endpoint_url,
            min_free_bytes=settings.recordings_min_free_mb * 1_000_000,
            piece_s=settings.recordings_piece_s,
        ),
        quality=_quality(settings, settings.composite_height),
        memory_bytes=settings.recorder_memory_mb * 1_000_000 or None,
        most_composites=_most_composites(settings),
    )


def broadcast_site(settings: Settings, port: int) -> BroadcastSite:
    """Where broadcasters find this node."""
    return BroadcastSite(
        node_id=NodeId(settings.id),
        address=_own_address(settings),
        port=port,
        origin_address=settings.broadcast_address,
        first_port=settings.broadcast_port,
        quality=_quality(settings, settings.broadcast_height),
        held_ms=settings.broadcast_held_ms,
        may_reach_any=settings.broadcast_private_targets == "on",
        memory_bytes=settings.recorder_memory_mb * 1_000_000 or None,
        most_composites=_most_composites(settings),
    )


def ingress_site(settings: Settings, port: int) -> IngressSite:
    """Where ingesters find this node, and where people send RTMP to."""
    told = settings.advertised_addresses[0]
    host = f"[{told}]" if ":" in told else told
    return IngressSite(
        node_id=NodeId(settings.id),
        address=_own_address(settings),
        port=port,
        rtmp_address=settings.bind_addresses[0],
        rtmp_port=settings.rtmp_port,
        rtmp_url=settings.rtmp_url or f"rtmp://{host}:{settings.rtmp_port}/live",
        may_reach_any=settings.ingress_private_sources == "on",
        height=settings.ingress_height,
        most=processors() if settings.max_ingresses is None else settings.max_ingresses,
        memory_bytes=settings.ingress_memory_mb * 1_000_000 or None,
    )


def transcoder_site(settings: Settings, port: int, *, composites: Callable[[], int]) -> TranscoderSite:
    """Where transcoders and mixers find this node. ``composites``: how many pictures of meetings are being made."""
    most = settings.max_video_transcoders
    return TranscoderSite(
        address=_own_address(settings),
        port=port,
        memory_bytes=settings.transcoder_memory_mb * 1_000_000 or None,
        places=TranscoderPlaces(
            video=processors() if most is None else most,
            sound=settings.max_sound_transcoders,
            mixers=settings.max_mixers,
            composites=composites,
        ),
    )


def _own_address(settings: Settings) -> str:
    """At which processes of this machine reach the core."""
    return _OWN_ADDRESS.get(settings.bind_addresses[0], settings.bind_addresses[0])


def _quality(settings: Settings, height: int) -> CompositeQuality:
    return CompositeQuality(
        height=height,
        frame_rate=settings.composite_frame_rate,
        threads=settings.composite_threads,
        font=None if settings.composite_font is None else str(settings.composite_font),
    )


def _most_composites(settings: Settings) -> int:
    return processors() if settings.max_composites is None else settings.max_composites
