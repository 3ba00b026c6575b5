"""What a subscriber wants of a track, in the packet core's terms."""

from __future__ import annotations

from packet_core import PacketCore

from media_fleet.domain.effects import Share


def give(core: PacketCore, core_id: int, share: Share, former: Share | None = None) -> None:
    """Has a subscription get what is wanted from now on. ``former``: what it gets, which is not said again."""
    # A wish that is never in force must wake no layer.
    if share.paused and (former is None or not former.paused):
        core.set_paused(core_id, paused=True)
    if former is None or share.layer != former.layer:
        core.set_wanted_layer(core_id, share.layer)
    if former is None or share.height != former.height:
        core.set_wanted_height(core_id, share.height)
    if former is None or share.frame_rate != former.frame_rate:
        core.set_wanted_frame_rate(core_id, share.frame_rate)
    if former is None or share.priority != former.priority:
        core.set_priority(core_id, share.priority)
    if not share.paused and (former is None or former.paused):
        core.set_paused(core_id, paused=False)
