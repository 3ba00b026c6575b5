"""What a media node tells of one client's media, in the words in which the client hears it."""

from __future__ import annotations

from typing import TypeAlias

from contracts import client_messages as wire
from contracts import node_rpc
from contracts.sound_work import SoundChanged

Told: TypeAlias = node_rpc.LayersWanted | node_rpc.CamerasShown | SoundChanged | node_rpc.TrackStarved
Message: TypeAlias = wire.LayersWanted | wire.CamerasShown | wire.SoundChanged | wire.TrackStarved


def told(report: Told) -> tuple[str, Message]:
    """The message's name, and what is in it."""
    match report:
        case node_rpc.LayersWanted():
            return "layers_wanted", wire.LayersWanted(track_id=report.track_id, layers=report.layers)
        case node_rpc.CamerasShown():
            return "cameras_shown", wire.CamerasShown(track_ids=report.track_ids)
        case SoundChanged():
            return "sound_changed", wire.SoundChanged(form=report.form, reason=report.reason)
        case node_rpc.TrackStarved():
            message = wire.TrackStarved(track_id=report.track_id, starved=report.starved, reason=report.reason)
            return "track_starved", message
