"""What somebody who watches by WHEP is shown: the room's tracks in the order in which they are wanted.

The media node puts the first audio track on the first audio m-line, and so on; a client with one of each sees one
picture and hears one sound.
"""

from __future__ import annotations

from msgspec import Struct

from contracts.rooms import ParticipantId, TrackId, TrackSource
from signaling_gateway.domain.room_state import PublishedTrack, RoomState

MAX_CHOSEN = 64
"""More than any client has m-lines for."""


class View(Struct, frozen=True, kw_only=True):
    """Whom or what to watch, by id or, for a participant, by identity. None: whatever the room is about."""

    participant: str | None = None
    track: str | None = None


def chosen_tracks(state: RoomState, viewer: ParticipantId, view: View) -> tuple[TrackId, ...]:
    """The tracks of the viewer's room that are wanted, the most wanted first; muted ones are not.

    None at all are for a viewer who may not receive, whatever their token once said.

    Without a choice: who is in the spotlight, then shared screens, then everybody in the order of coming. Of one person
    the screen comes before the camera, and the microphone before the screen's sound.
    """
    watching = state.stays.get(viewer)
    if watching is None or not watching.info.permissions.subscribe:
        return ()
    place = {each: number for number, each in enumerate(state.stays)}
    spotlight = {each: number for number, each in enumerate(state.spotlight)}
    shown = [
        track
        for track in state.tracks.values()
        if not track.info.muted
        and state.stays[track.info.participant_id].info.breakout == watching.info.breakout
        and _is_wanted(state, track, view)
    ]
    sharing = {track.info.participant_id for track in shown if track.info.source is TrackSource.SCREEN}

    def rank(track: PublishedTrack) -> tuple[int, bool, int, bool]:
        who = track.info.participant_id
        second = track.info.source in (TrackSource.CAMERA, TrackSource.SCREEN_AUDIO)
        return spotlight.get(who, len(spotlight)), who not in sharing, place[who], second

    return tuple(track.info.id for track in sorted(shown, key=rank)[:MAX_CHOSEN])


def _is_wanted(state: RoomState, track: PublishedTrack, view: View) -> bool:
    who = state.stays[track.info.participant_id].info
    of_participant = view.participant in {None, who.id, who.identity}
    return of_participant and view.track in {None, track.info.id}
