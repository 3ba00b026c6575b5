"""What recorders of a node are told: where its core is, where their files go, and how composites are made."""

from __future__ import annotations

import secrets
import time

from msgspec import Struct

from contracts.recording_manifest import COMPOSITE_PART
from contracts.recording_order import RecordingOrder
from contracts.rooms import MeetingId, NodeId, RecordingKind
from media_fleet.adapters.recorders import RecorderStore
from media_fleet.domain.effects import RecorderRole
from media_fleet.domain.session_description import IceCredentials
from media_fleet.dtls_border import SrtpKeys
from media_fleet.recorder import protocol

_PROFILE_KEY, _PROFILE_SALT = 16, 12
"""Octets, for AEAD_AES_128_GCM (RFC 7714, 12)."""


class CompositeQuality(Struct, frozen=True, kw_only=True):
    """How composites are made: pixels, pictures a second, threads of the encoder, and a font's file for names."""

    height: int
    frame_rate: int
    threads: int
    font: str | None = None

    def order(self, order: RecordingOrder) -> protocol.CompositeOrder:
        """A composer's order."""
        return protocol.CompositeOrder(
            audio_only=order.kind is RecordingKind.AUDIO,
            layout=order.layout,
            width=self.height * 16 // 9,
            height=self.height,
            frame_rate=self.frame_rate,
            threads=self.threads,
            font=self.font,
        )


class RecorderSite(Struct, frozen=True, kw_only=True):
    """Where recorders find this node's core, and where they put their files."""

    node_id: NodeId
    address: str
    port: int
    store: RecorderStore
    quality: CompositeQuality
    most_composites: int
    """Recordings with a picture that are made at once; sound alone costs little."""
    memory_bytes: int | None = None
    """The most of a recorder's address space."""

    def new_part(self) -> str:
        """The name of a part that begins now: a node begins no two of one recording in the same millisecond."""
        return f"{time.time_ns() // 1_000_000}-{self.node_id}"

    def begin(
        self,
        meeting_id: MeetingId,
        recording_id: str,
        part: str,
        role: RecorderRole,
        order: RecordingOrder,
        *,
        ice: IceCredentials,
        keys: SrtpKeys,
    ) -> protocol.Begin:
        """What a recorder is told first. ``part``: as of the tracks'."""
        is_tracks = role is RecorderRole.TRACKS
        folder = self.store.path / meeting_id / recording_id / (part if is_tracks else part + COMPOSITE_PART)
        return protocol.Begin(
            meeting_id=meeting_id,
            recording_id=recording_id,
            folder=str(folder),
            address=self.address,
            port=self.port,
            ufrag=ice.ufrag,
            pwd=ice.pwd,
            receive_key=keys.send_key + keys.send_salt,
            send_key=keys.receive_key + keys.receive_salt,
            composite=None if is_tracks else self.quality.order(order),
            memory_bytes=self.memory_bytes,
        )


def new_keys() -> SrtpKeys:
    """Of a recorder's transport, as the node has them."""
    return SrtpKeys(
        profile="AEAD_AES_128_GCM",
        receive_key=secrets.token_bytes(_PROFILE_KEY),
        receive_salt=secrets.token_bytes(_PROFILE_SALT),
        send_key=secrets.token_bytes(_PROFILE_KEY),
        send_salt=secrets.token_bytes(_PROFILE_SALT),
    )
