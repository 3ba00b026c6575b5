"""Publishing and muting tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts.client_commands import MAX_TRACKS_PER_PARTICIPANT
from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent, TrackMuted, TrackPublished, TrackUnmuted, TrackUnpublished, UnmuteAsked
from contracts.node_rpc import AssignedTrack
from contracts.rooms import ADMINISTRATOR, TrackInfo, TrackKind, TrackSource
from signaling_gateway.domain.commands import (
    AskToUnmute,
    Mute,
    MuteAll,
    PublishTracks,
    StopTrack,
    TrackToPublish,
    Unmute,
)
from signaling_gateway.domain.permissions import Action, publishing, require
from signaling_gateway.domain.room_state import PublishedTrack, RoomState, Stay
from signaling_gateway.errors import Refusal


def assign(state: RoomState, command: PublishTracks) -> tuple[AssignedTrack, ...]:
    """The tracks that the media node is asked to take: an m-line that is already published keeps its track's id.

    Whether a published track is muted is the room's knowledge: an offer does not change it (`mute`, `unmute`).

    Raises:
        Refusal: a permission is missing, there are too many tracks, or an m-line is named twice.
    """
    stay = state.stay_of(command.participant_id)
    _check(stay, command.tracks)
    known = {(track.mid, track.info.source): track for track in state.tracks_of(command.participant_id)}

    def assigned() -> Iterator[AssignedTrack]:
        for wanted in command.tracks:
            track = known.get((wanted.mid, wanted.source))
            yield AssignedTrack(
                mid=wanted.mid,
                track_id=track.info.id if track else wanted.track_id,
                source=wanted.source,
                muted=track.info.muted if track else wanted.muted or not _may_unmute(state, stay, wanted.source),
            )

    return tuple(assigned())


def publish(state: RoomState, command: PublishTracks, now: int) -> tuple[LogEvent, ...]:
    """What comes and goes, once the media node has accepted the offer. Gone tracks first."""
    assigned = assign(state, command)
    current = {track.track_id for track in assigned}
    gone = tuple(
        TrackUnpublished(at=now, track_id=track.info.id, participant_id=command.participant_id)
        for track in state.tracks_of(command.participant_id)
        if track.info.id not in current
    )
    new = tuple(_published(command, track, now) for track in assigned if track.track_id not in state.tracks)
    return (*gone, *new)


def mute(state: RoomState, command: Mute, now: int) -> tuple[LogEvent, ...]:
    """One's own track, or with the permission to moderate anyone's."""
    track = _changeable(state, command)
    if track.info.participant_id != command.participant_id:
        require(state.actor(command.participant_id).info.permissions, Action.MUTE_OTHERS)
    if track.info.muted:
        return ()
    return (
        TrackMuted(
            at=now,
            track_id=command.track_id,
            participant_id=track.info.participant_id,
            by=command.participant_id,
        ),
    )


def unmute(state: RoomState, command: Unmute, now: int) -> tuple[LogEvent, ...]:
    """One's own track only: nobody is heard or seen again by somebody else's doing."""
    track = _changeable(state, command)
    if track.info.participant_id != command.participant_id:
        raise Refusal(ErrorCode.PERMISSION_DENIED, "Only its publisher can unmute a track.")
    if not track.info.muted:
        return ()
    if not _may_unmute(state, state.stay_of(command.participant_id), track.info.source):
        raise Refusal(ErrorCode.PERMISSION_DENIED, "Participants cannot unmute themselves here. Raise your hand.")
    return (TrackUnmuted(at=now, track_id=command.track_id, participant_id=command.participant_id),)


def mute_all(state: RoomState, command: MuteAll, now: int) -> tuple[LogEvent, ...]:
    """All unmuted tracks of the source in the same room, for the administrator in all, save those of moderators."""
    moderator = state.actor(command.participant_id).info
    require(moderator.permissions, Action.MUTE_OTHERS)
    return tuple(
        TrackMuted(at=now, track_id=track.info.id, participant_id=track.info.participant_id, by=command.participant_id)
        for track in state.tracks.values()
        if track.info.source is command.source
        and not track.info.muted
        and not (publisher := state.stay_of(track.info.participant_id).info).permissions.moderate
        and (moderator.id == ADMINISTRATOR or publisher.breakout == moderator.breakout)
    )


def ask_to_unmute(state: RoomState, command: AskToUnmute, now: int) -> tuple[LogEvent, ...]:
    """Nobody is unmuted by others: they are asked, and may."""
    require(state.actor(command.participant_id).info.permissions, Action.MUTE_OTHERS)
    state.stay_of(command.target)
    return (UnmuteAsked(at=now, participant_id=command.target, source=command.source, by=command.participant_id),)


def stop(state: RoomState, command: StopTrack, now: int) -> tuple[LogEvent, ...]:
    """Somebody's track is unpublished. They may publish again, unless their permissions are changed."""
    require(state.actor(command.participant_id).info.permissions, Action.STOP_OTHERS)
    track = state.track_of(command.track_id)
    stopped = TrackUnpublished(
        at=now, track_id=track.info.id, participant_id=track.info.participant_id, by=command.participant_id
    )
    return (stopped,)


def _may_unmute(state: RoomState, stay: Stay, source: TrackSource) -> bool:
    return (
        state.policy.unmute
        or source.kind is not TrackKind.AUDIO
        or stay.info.permissions.moderate
        or source in stay.asked_to_unmute
    )


def _check(stay: Stay, tracks: Sequence[TrackToPublish]) -> None:
    if len(tracks) > MAX_TRACKS_PER_PARTICIPANT:
        raise Refusal(
            ErrorCode.TOO_MANY_TRACKS, f"A participant can publish {MAX_TRACKS_PER_PARTICIPANT} tracks at once."
        )
    if len({track.mid for track in tracks}) != len(tracks):
        raise Refusal(ErrorCode.BAD_REQUEST, "An m-line is named twice in tracks.")
    for track in tracks:
        require(stay.info.permissions, publishing(track.source))


def _changeable(state: RoomState, command: Mute | Unmute) -> PublishedTrack:
    state.actor(command.participant_id)
    return state.track_of(command.track_id)


def _published(command: PublishTracks, track: AssignedTrack, now: int) -> TrackPublished:
    info = TrackInfo(
        id=track.track_id,
        participant_id=command.participant_id,
        source=track.source,
        kind=track.source.kind,
        muted=track.muted,
    )
    return TrackPublished(at=now, track=info, mid=track.mid)
