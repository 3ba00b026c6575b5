"""Which cameras are sent to whom, where somebody is to see so many at the most (last N).

First what they have pinned and who is in the spotlight, then who speaks in the steady order of the packet core, then
who has spoken last, then who published first. A camera that is off takes no place, and neither does a screen. What is
left out stays negotiated and is paused, so that it is back at its next key frame.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from contracts.rooms import ParticipantId, TrackSource
from media_fleet.domain.effects import AdjustSubscription, Effect, ShowCameras, TrackKey
from media_fleet.domain.participant import Participant
from media_fleet.domain.subscribing import RoomTrack

_REMEMBERED = 1_000
"""Of so many who have spoken the order is known."""

Placed = tuple[RoomTrack, str | None]
"""A track, with the breakout room that it is in."""


class Seeing:
    """The cameras of a room. ``limit``: so many for each subscriber at the most; 0: any number."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._turns: dict[ParticipantId, None] = {}
        """Who has spoken, the latest last."""

    def heard(self, speakers: Sequence[ParticipantId]) -> None:
        """These speak now, the loudest first."""
        for speaker in reversed(speakers):
            self._turns.pop(speaker, None)
            self._turns[speaker] = None
        for oldest in list(self._turns)[: max(0, len(self._turns) - _REMEMBERED)]:
            del self._turns[oldest]

    @staticmethod
    def shows(
        speakers: Collection[ParticipantId], participants: Iterable[Participant], tracks: Iterable[Placed]
    ) -> bool:
        """Whether all speakers are seen by all who could see them: then nothing follows from their speaking."""
        cameras = [(each, where) for each, where in tracks if each.participant_id in speakers and _is_on(each)]
        return not any(
            camera.key not in participant.shown
            and camera.participant_id != participant.id
            and where == participant.breakout
            for participant in participants
            if participant.shown is not None
            for camera, where in cameras
        )

    def follow(self, participants: Iterable[Participant], tracks: Iterable[Placed]) -> Iterator[Effect]:
        """What brings the participants to the cameras that they are to see now, of all that there are."""
        limits = {each: limit for each in participants if (limit := self._limit_of(each)) or each.shown is not None}
        if not limits:
            return
        known = list(tracks)
        ranked = self._ranked(known)
        for participant, limit in limits.items():
            shown = _choose(participant, limit, ranked.get(participant.breakout, ())) if limit else None
            if shown != participant.shown:
                yield from _show(participant, shown, (track for track, _ in known))

    def _limit_of(self, participant: Participant) -> int:
        if not participant.subscribe or participant.viewing is not None:
            return 0
        return min((limit for limit in (self._limit, participant.max_cameras) if limit), default=0)

    def _ranked(self, tracks: Iterable[Placed]) -> dict[str | None, list[RoomTrack]]:
        """The cameras of each breakout room that are on: whose owner spoke last comes first."""
        turns = {who: len(self._turns) - turn for turn, who in enumerate(self._turns)}
        ranked: dict[str | None, list[RoomTrack]] = {}
        for track, where in tracks:
            if _is_on(track):
                ranked.setdefault(where, []).append(track)
        for cameras in ranked.values():
            cameras.sort(key=lambda camera: turns.get(camera.participant_id, _REMEMBERED + 1))
        return ranked


def _is_on(track: RoomTrack) -> bool:
    return track.source is TrackSource.CAMERA and not track.muted


def _choose(participant: Participant, limit: int, ranked: Sequence[RoomTrack]) -> frozenset[TrackKey] | None:
    """The first so many of those that they want; None: that is all of them."""
    first = [each for each in ranked if participant.is_chosen(each)]
    chosen: dict[TrackKey, None] = {}
    for camera in (*first, *ranked):
        is_wanted = camera.participant_id != participant.id and participant.wish(camera.key.track_id).enabled
        if not is_wanted or camera.key in chosen:
            continue
        if len(chosen) == limit:
            return frozenset(chosen)
        chosen[camera.key] = None
    return None


def _show(participant: Participant, shown: frozenset[TrackKey] | None, tracks: Iterable[RoomTrack]) -> Iterator[Effect]:
    flowing = [track for track in tracks if track.key in participant.flowing]
    before = [participant.leaves_out(track) for track in flowing]
    participant.shown = shown
    for track, was_left_out in zip(flowing, before, strict=True):
        if participant.leaves_out(track) != was_left_out:
            yield AdjustSubscription(
                subscription=participant.subscription(track.key), share=participant.share_of(track)
            )
    yield _told(participant)


def told_again(participant: Participant) -> Iterator[Effect]:
    """What somebody who connects again does not know: which cameras they are sent, if that is not all."""
    if participant.shown is not None:
        yield _told(participant)


def _told(participant: Participant) -> ShowCameras:
    shown = participant.shown
    track_ids = None if shown is None else tuple(sorted(key.track_id for key in shown))
    return ShowCameras(participant_id=participant.id, track_ids=track_ids)
