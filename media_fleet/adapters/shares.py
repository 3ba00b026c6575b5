"""What a subscriber wants of a track, in the packet core's terms."""

from __future__ import annotations

from packet_core import PacketCore

from media_fleet.domain.effects import Share


def give(core: PacketCore, core_id: int, share: Share) -> None:
    """Has a subscription get what is wanted from now on."""
    # A wish that is never in force must wake no layer.
    if share.paused:
        core.set_paused(core_id, paused=True)
    core.set_wanted_layer(core_id, share.layer)
    core.set_wanted_height(core_id, share.height)
    core.set_wanted_frame_rate(core_id, share.frame_rate)
    core.set_priority(core_id, share.priority)
    if not share.paused:
        core.set_paused(core_id, paused=False)
