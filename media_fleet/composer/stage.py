"""Who and what is in the meeting as a composite recording has come to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from contracts.recording_manifest import MAX_PARTICIPANTS
from contracts.recording_order import RecordedPerson
from contracts.rooms import ParticipantId, TrackSource
from media_fleet.composer.chapters import Chapters
from media_fleet.composer.layout import Onlooker
from media_fleet.composer.mixing import RATE, Sound, loudness
from media_fleet.composer.speaker import Speaker
from media_fleet.composer.tracks import PictureTrack, Seat, SoundTrack

UNSEEN_MS = 10_000.0
"""So long a camera is decoded on that has no place: those who talk with each other come back before, and their picture
is there at once."""


class Stage:
    """Times are milliseconds since the recording began."""

    def __init__(self) -> None:
        self.speaker = Speaker()
        self.chapters = Chapters()
        self.seen: dict[ParticipantId, str] = {}
        """Those who have been there, in the order in which they came, and what they are or were called. Of many who
        are gone the first are forgotten, unless chapters name them."""
        self._first: dict[ParticipantId, None] = {}
        self.has_more_participants = False
        """Whether more than `participants` have been there."""
        self._there: frozenset[ParticipantId] = frozenset()
        self._pictures: dict[int, PictureTrack] = {}
        self._sounds: dict[int, SoundTrack] = {}

    # ---- what happens ----

    def people_are(self, people: Iterable[RecordedPerson]) -> None:
        """All who are in the main room."""
        names = {each.participant_id: each.name for each in people}
        self._see(names)
        before, self._there = self._there, frozenset(names)
        for gone in before - self._there:
            self.speaker.gone(gone)
        self._forget()

    def add(self, ssrc: int, track: PictureTrack | SoundTrack) -> None:
        """A track has begun."""
        who = track.received.participant_id
        self._see({who: self.name(who)})
        if isinstance(track, PictureTrack):
            self._pictures[ssrc] = track
        else:
            self._sounds[ssrc] = track

    def mute(self, ssrc: int, *, muted: bool) -> None:
        """A track that may not be there is muted, or no longer."""
        picture = self._pictures.get(ssrc)
        if picture is not None:
            picture.muted = muted
            picture.frame = None if muted else picture.frame

    def remove(self, ssrc: int) -> None:
        """A track is over."""
        self._pictures.pop(ssrc, None)
        self._sounds.pop(ssrc, None)

    def _see(self, names: Mapping[ParticipantId, str]) -> None:
        self.seen |= names
        for each in names:
            if each not in self._first and len(self._first) < MAX_PARTICIPANTS:
                self._first[each] = None
            elif each not in self._first:
                self.has_more_participants = True

    def _forget(self) -> None:
        too_many = len(self.seen) - MAX_PARTICIPANTS
        if too_many <= 0:
            return
        publishing = {each.received.participant_id for each in self._pictures.values()}
        publishing |= {each.received.participant_id for each in self._sounds.values()}
        kept = self._there | publishing | self.chapters.people
        for gone in [each for each in self.seen if each not in kept][:too_many]:
            del self.seen[gone]

    # ---- what is to be seen and heard ----

    @property
    def participants(self) -> tuple[ParticipantId, ...]:
        """The first of those who have been there, in the order in which they came: not more than a manifest names."""
        return tuple(self._first)

    def name(self, participant_id: ParticipantId) -> str:
        """What somebody is called; empty: nobody has told."""
        return self.seen.get(participant_id, "")

    def people(self, now: float) -> list[Onlooker]:
        """Everybody, in the order in which they came; whoever publishes is there, whether told of or not."""
        cameras = {each.received.participant_id for each in self._of(TrackSource.CAMERA) if each.is_on(now)}
        screens = {each.received.participant_id for each in self._of(TrackSource.SCREEN) if each.is_shown(now)}
        there = self._there | cameras | screens
        return [
            Onlooker(
                id=each,
                has_picture=each in cameras,
                shares_screen=each in screens,
                spoke_at=self.speaker.spoke_at.get(each, float("-inf")),
            )
            for each in self.seen
            if each in there
        ]

    def picture(self, participant_id: ParticipantId, source: TrackSource, now: float) -> PictureTrack | None:
        """The track that shows somebody, or their screen; None: there is no picture now."""
        found = (each for each in self._of(source) if each.received.participant_id == participant_id)
        return next((each for each in found if each.is_shown(now)), None)

    def decode_pictures(self, until: float, is_shown: Callable[[ParticipantId], bool]) -> None:
        """Brings the pictures up to a time. Cameras of those who have had no place for a while are not decoded."""
        for track in self._pictures.values():
            who = track.received.participant_id
            if track.received.source is TrackSource.SCREEN:
                track.decode(until, self._seat(who, TrackSource.SCREEN_AUDIO))
                continue
            if is_shown(who):
                track.seen_at = until
            if until - track.seen_at < UNSEEN_MS:
                track.decode(until, self._seat(who, TrackSource.MICROPHONE))
            else:
                track.rest()

    def skip_pictures(self) -> None:
        """There is no time for pictures: those that have come are not decoded, and the ones before stand."""
        for track in self._pictures.values():
            track.skip()

    def mixed(self, start: int, length: int) -> Sound:
        """What all say in ``length`` samples (20 ms) from ``start`` on, all voices equally loud, not limited yet."""
        mix = np.zeros((2, length), np.float32)
        voices: dict[ParticipantId, float] = {}
        until = (start + length) * 1000 / RATE
        for track in self._sounds.values():
            track.decode(until)
            heard = track.voice.take(start, length)
            if heard is not None:
                mix += track.levelled(heard)
                if track.received.source is TrackSource.MICROPHONE:
                    voices[track.received.participant_id] = loudness(heard)
        self.speaker.hear(until, voices)
        self.chapters.heard(until, self.speaker)
        return mix

    def _of(self, source: TrackSource) -> Iterator[PictureTrack]:
        return (each for each in self._pictures.values() if each.received.source is source)

    def _seat(self, participant_id: ParticipantId, source: TrackSource) -> Seat | None:
        found = (each for each in self._sounds.values() if each.received.participant_id == participant_id)
        return next((each.seat for each in found if each.received.source is source), None)
