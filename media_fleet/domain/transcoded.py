"""A track that somebody receives in another codec than it is sent in."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from media_fleet.domain.effects import AddSubscription, Share, SubscriptionKey, TrackKey
from media_fleet.domain.media_formats import MediaCodec


class Transcoded(Struct, frozen=True, kw_only=True):
    """What a subscriber has room for on a line, before and while there is a transcoder that makes it."""

    codec: MediaCodec
    subscription: AddSubscription
    """As it is to begin, but for its track."""
    made: TrackKey | None = None
    """What the transcoder makes; None: there is none yet."""

    def begun(self, made: TrackKey, share: Share) -> AddSubscription:
        """The subscription to what is made."""
        key = SubscriptionKey(transport=self.subscription.subscription.transport, track=made)
        return replace(self.subscription, subscription=key, share=share)
