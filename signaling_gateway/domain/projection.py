"""What clients are told: of an event, and of the whole room. What is not for them is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import fields

from contracts import log_events as log
from contracts import public_events as public
from contracts.broadcast_events import BroadcastChanged, BroadcastStarted, BroadcastStopped
from contracts.client_messages import NotesSnapshot, OwnVote, RoomEvents, RoomSnapshot
from contracts.ingress_events import IngressChanged, IngressStarted, IngressStopped
from contracts.public_events import AnyPublicEvent, PublicEvent
from contracts.rooms import BannedPerson, LobbyGuest, MeetingId, ParticipantId, RolePermissions, session_of
from signaling_gateway.domain import broadcast
from signaling_gateway.domain.chat import may_see, seen_by
from signaling_gateway.domain.room_state import RoomState, Stay

PUBLIC: dict[type, type[PublicEvent]] = {
    log.ParticipantJoined: public.ParticipantJoinedEvent,
    log.ParticipantDisconnected: public.ParticipantDisconnectedEvent,
    log.ParticipantResumed: public.ParticipantResumedEvent,
    log.ParticipantLeft: public.ParticipantLeftEvent,
    log.ParticipantRenamed: public.ParticipantRenamedEvent,
    log.RoleChanged: public.RoleChangedEvent,
    log.PermissionsChanged: public.PermissionsChangedEvent,
    log.RolePermissionsChanged: public.RolePermissionsChangedEvent,
    log.PolicyChanged: public.PolicyChangedEvent,
    log.SpotlightChanged: public.SpotlightChangedEvent,
    log.PersonUnbanned: public.PersonUnbannedEvent,
    log.LobbyJoined: public.LobbyJoinedEvent,
    log.LobbyLeft: public.LobbyLeftEvent,
    log.TrackPublished: public.TrackPublishedEvent,
    log.TrackUnpublished: public.TrackUnpublishedEvent,
    log.TrackMuted: public.TrackMutedEvent,
    log.TrackUnmuted: public.TrackUnmutedEvent,
    log.UnmuteAsked: public.UnmuteAskedEvent,
    log.HandRaised: public.HandRaisedEvent,
    log.HandLowered: public.HandLoweredEvent,
    log.ReactionSent: public.ReactionSentEvent,
    log.ChatSent: public.ChatSentEvent,
    log.ChatEdited: public.ChatEditedEvent,
    log.ChatRemoved: public.ChatRemovedEvent,
    log.DataSent: public.DataSentEvent,
    log.PollCreated: public.PollCreatedEvent,
    log.PollVoted: public.PollVotedEvent,
    log.PollClosed: public.PollClosedEvent,
    log.NotesEdited: public.NotesEditedEvent,
    log.BreakoutsOpened: public.BreakoutsOpenedEvent,
    log.BreakoutsChanged: public.BreakoutsChangedEvent,
    log.BreakoutsClosed: public.BreakoutsClosedEvent,
    log.ParticipantsMoved: public.ParticipantsMovedEvent,
    log.PeerSignalled: public.PeerSignalledEvent,
    log.RecordingStarted: public.RecordingStartedEvent,
    log.RecordingStopped: public.RecordingStoppedEvent,
    BroadcastStarted: public.BroadcastStartedEvent,
    BroadcastChanged: public.BroadcastChangedEvent,
    BroadcastStopped: public.BroadcastStoppedEvent,
    IngressStarted: public.IngressStartedEvent,
    IngressChanged: public.IngressChangedEvent,
    IngressStopped: public.IngressStoppedEvent,
    log.MeetingEnded: public.MeetingEndedEvent,
}
"""What clients get of each event: the fields that both have."""
PRIVATE = frozenset(
    {
        log.MeetingStarted,
        log.NodePlaced,
        log.ParticipantPlaced,
        log.HostChanged,
        log.PermissionsGranted,
        log.LobbyMessageSent,
        log.NotesKept,
    }
)
"""Events that concern the services alone, or that reach those whom they concern in another way."""

_FIELDS = {
    source: tuple(each.name for each in fields(target) if each.name in {own.name for own in fields(source)})
    for source, target in PUBLIC.items()
}


def _moderates(state: RoomState, stay: Stay, event: Any) -> bool:  # noqa: ARG001  (every entry of the table takes all)
    return stay.info.permissions.moderate


def _is_asked(state: RoomState, stay: Stay, event: log.UnmuteAsked) -> bool:  # noqa: ARG001
    return stay.info.id == event.participant_id


def _is_signalled(state: RoomState, stay: Stay, event: log.PeerSignalled) -> bool:  # noqa: ARG001
    return stay.info.id == event.to


def _is_there(state: RoomState, stay: Stay, event: log.ReactionSent) -> bool:  # noqa: ARG001
    return stay.info.breakout == event.breakout


def _may_see_chat(state: RoomState, stay: Stay, event: Any) -> bool:
    return may_see(
        state, stay, author=event.author, to=event.to, to_identity=event.to_identity, breakout=event.breakout
    )


def _is_given_data(state: RoomState, stay: Stay, event: log.DataSent) -> bool:  # noqa: ARG001
    if event.to is not None:
        return stay.info.id in event.to
    return event.participant_id is None or stay.info.breakout == event.breakout


AUDIENCE: dict[type, Callable[[RoomState, Stay, Any], bool]] = {
    log.LobbyJoined: _moderates,
    log.LobbyLeft: _moderates,
    log.PersonUnbanned: _moderates,
    BroadcastChanged: _moderates,
    IngressStarted: _moderates,
    IngressChanged: _moderates,
    IngressStopped: _moderates,
    log.UnmuteAsked: _is_asked,
    log.PeerSignalled: _is_signalled,
    log.ReactionSent: _is_there,
    log.ChatSent: _may_see_chat,
    log.ChatEdited: _may_see_chat,
    log.ChatRemoved: _may_see_chat,
    log.DataSent: _is_given_data,
}
"""Events that not everybody is told of, and who is."""


def public_event(version: int, event: log.LogEvent) -> AnyPublicEvent | None:
    """What clients are told of the event at ``version``; None if it does not concern them."""
    target: Any = PUBLIC.get(type(event))
    if target is None:
        return None
    told = {name: getattr(event, name) for name in _FIELDS[type(event)]}
    if isinstance(event, log.LobbyJoined):
        told["guest"] = _guest(event.participant)
    made: AnyPublicEvent = target(version=version, **told)
    return made


def public_events(after: int, events: Sequence[log.LogEvent], state: RoomState, stay: Stay | None = None) -> RoomEvents:
    """The message about the ``events`` that follow version ``after``, for ``stay``; None: for everybody."""
    told: list[AnyPublicEvent] = []
    for version, event in enumerate(events, start=after + 1):
        may_hear = AUDIENCE.get(type(event))
        if may_hear is None or _is_for_all(state, event) or (stay is not None and may_hear(state, stay, event)):
            made = public_event(version, event)
            if made is not None:
                told.append(made)
    return RoomEvents(after=after, version=after + len(events), events=tuple(told))


def lasting(events: Sequence[AnyPublicEvent]) -> tuple[AnyPublicEvent, ...]:
    """Without the losses of connections that were made good: after the loss of a gateway, they are nearly all."""
    lost: dict[ParticipantId, int] = {}
    left_out: set[int] = set()
    for place, event in enumerate(events):
        if isinstance(event, public.ParticipantDisconnectedEvent):
            lost[event.participant_id] = place
        elif isinstance(event, public.ParticipantResumedEvent) and event.participant_id in lost:
            left_out |= {lost.pop(event.participant_id), place}
    return tuple(event for place, event in enumerate(events) if place not in left_out)


def addressed(
    after: int, events: Sequence[log.LogEvent], state: RoomState, to: Iterable[ParticipantId]
) -> Iterator[tuple[list[ParticipantId], RoomEvents]]:
    """One message for each group of participants who are told the same. Nearly always that is one for all."""
    restricted = [event for event in events if type(event) in AUDIENCE and not _is_for_all(state, event)]
    groups: dict[tuple[bool, ...], list[ParticipantId]] = {}
    for participant_id in to:
        stay = state.stays.get(participant_id)
        heard = tuple(stay is not None and AUDIENCE[type(event)](state, stay, event) for event in restricted)
        groups.setdefault(heard, []).append(participant_id)
    for group in groups.values():
        yield group, public_events(after, events, state, state.stays.get(group[0]))


def snapshot(state: RoomState, meeting_id: MeetingId, stay: Stay) -> RoomSnapshot:
    """The room as a participant gets it who joins or resumes, or who sees more of it from now on."""
    moderates = stay.info.permissions.moderate
    return RoomSnapshot(
        meeting_id=session_of(meeting_id)[0],
        started_at=state.started_at,
        participants=tuple(each.info for each in state.stays.values()),
        tracks=tuple(track.info for track in state.tracks.values()),
        chat=seen_by(state, stay),
        policy=state.policy,
        ends_at=state.ends_at,
        mute_on_entry=state.rules.mute_on_entry,
        role_permissions=role_limits(state),
        spotlight=state.spotlight,
        polls=tuple(poll.info for poll in state.polls.values()),
        my_votes=tuple(
            OwnVote(poll_id=poll_id, options=vote)
            for poll_id, poll in state.polls.items()
            if (vote := poll.votes.get(stay.info.identity)) is not None
        ),
        notes=NotesSnapshot(
            text=state.notes.text, revision=state.notes.revision, my_edit=state.notes.latest.get(stay.info.id)
        ),
        breakouts=state.breakouts,
        lobby=lobby_guests(state) if moderates else (),
        banned=banned_people(state) if moderates else (),
        recording=state.recording,
        broadcast=broadcast.seen_by(state.broadcast, stay),
        ingresses=tuple(state.ingresses.values()) if moderates else (),
        recording_kind=state.rules.recording_kind,
    )


def role_limits(state: RoomState) -> tuple[RolePermissions, ...]:
    """What everybody in a role may do at most, for the roles that are limited."""
    limits = state.role_permissions.items()
    return tuple(RolePermissions(role=role, permissions=permissions) for role, permissions in limits)


def lobby_guests(state: RoomState) -> tuple[LobbyGuest, ...]:
    """Who waits, in the order of coming."""
    return tuple(_guest(each.info) for each in state.lobby.values())


def banned_people(state: RoomState) -> tuple[BannedPerson, ...]:
    """Who may not come back."""
    return tuple(BannedPerson(identity=identity, name=name) for identity, name in state.banned.items())


def _is_for_all(state: RoomState, event: Any) -> bool:
    """Whether nobody needs to be asked: in the main room, with no other rooms open."""
    if not isinstance(event, log.ReactionSent | log.ChatSent | log.ChatEdited | log.ChatRemoved | log.DataSent):
        return False
    return state.breakouts is None and event.breakout is None and getattr(event, "to", None) is None


def _guest(info: Any) -> LobbyGuest:
    return LobbyGuest(id=info.id, identity=info.identity, name=info.name, since=info.joined_at)
