"""Which microphones are heard together: those of one breakout room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.rooms import TrackSource
from media_fleet.domain.effects import PlaceVoice, TrackKey
from media_fleet.domain.subscribing import RoomTrack


class Voices:
    """Where each microphone was heard last. What a screen plays is no voice."""

    def __init__(self) -> None:
        self._places: dict[TrackKey, str | None] = {}

    def follow(self, tracks: Iterable[tuple[RoomTrack, str | None]]) -> Iterator[PlaceVoice]:
        """What has changed. ``tracks``: all that is published, each with the breakout room that it is in."""
        places = {track.key: (track, where) for track, where in tracks if track.source is TrackSource.MICROPHONE}
        before, self._places = self._places, {key: where for key, (_, where) in places.items()}
        for key, (track, where) in places.items():
            if key not in before or before[key] != where:
                yield PlaceVoice(track=key, participant_id=track.participant_id, breakout=where)
