"""Tracks that take other ones' places, as the packet core is told of them."""

from __future__ import annotations

from msgspec.structs import replace
from packet_core import PacketCore

from contracts.rooms import MeetingId
from media_fleet.adapters.held_media import HeldMedia
from media_fleet.domain.effects import AddSubscription, SubscriptionKey, SucceedTrack, TrackKey


def succeed(core: PacketCore, held: HeldMedia, meeting_id: MeetingId, effect: SucceedTrack) -> None:
    """All subscriptions to the former track, and those that wait for keys, are to the new one from now on."""
    former, track = (meeting_id, effect.former), (meeting_id, effect.track)
    moved, held.subscriptions[former] = held.subscriptions[former], {}
    held.subscriptions[track] |= moved
    for core_id in moved.values():
        known = held.by_subscription[core_id]
        held.by_subscription[core_id] = replace(known, effect=_of(known.effect, effect.track))
    for (meeting, _), transport in held.by_transport.items():
        if meeting == meeting_id and (waiting := transport.waiting.pop(effect.former, None)) is not None:
            transport.waiting[effect.track] = _of(waiting, effect.track)
    core.succeed_track(held.tracks[former].core_id, held.tracks[track].core_id)


def _of(effect: AddSubscription, track: TrackKey) -> AddSubscription:
    return replace(effect, subscription=SubscriptionKey(transport=effect.subscription.transport, track=track))
