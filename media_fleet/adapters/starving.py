"""Which subscriptions their subscribers' paths do not carry at the moment."""

from __future__ import annotations

from collections.abc import Mapping

from packet_core import SubscriptionStarved

from contracts.rooms import MeetingId, ParticipantId
from media_fleet.adapters.held_media import HeldSubscription
from media_fleet.adapters.transport_listener import TransportListener


class Starving:
    """``subscriptions``, by the packet core's ids, is kept by the plane."""

    def __init__(self, subscriptions: Mapping[int, HeldSubscription], listener: TransportListener) -> None:
        self._subscriptions = subscriptions
        self._listener = listener
        self._starving: set[int] = set()

    @property
    def count(self) -> int:
        """Of all paths together."""
        self._starving &= self._subscriptions.keys()
        return len(self._starving)

    def happened(self, event: SubscriptionStarved) -> None:
        """Tells the listener, unless the subscription is gone."""
        known = self._subscriptions.get(event.subscription)
        if known is None:
            return
        if event.starved:
            self._starving.add(event.subscription)
        else:
            self._starving.discard(event.subscription)
        self._listener.subscription_starved(known.meeting_id, known.key, starved=event.starved)

    def repeat(self, meeting_id: MeetingId, participant_id: ParticipantId) -> None:
        """Tells again what a participant's path does not carry."""
        self._starving &= self._subscriptions.keys()
        for known in [self._subscriptions[core_id] for core_id in self._starving]:
            if (known.meeting_id, known.key.transport.participant_id) == (meeting_id, participant_id):
                self._listener.subscription_starved(meeting_id, known.key, starved=True)
