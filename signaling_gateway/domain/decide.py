"""``decide(state, command, now) -> events``: whether a room does what it is asked, and what happens then.

The rules stand by subject in modules of their own; here is the table that leads to them, and the two rules that hold
for all: nothing is accepted after the end, and time does not run backwards in a log. No events means that what was
asked for is already so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent
from signaling_gateway.domain import (
    access,
    attention,
    breakouts,
    broadcast,
    broadcast_commands,
    chat,
    commands,
    direct,
    ingress,
    ingress_commands,
    lobby,
    moderation,
    notes,
    people,
    placement,
    polls,
    presence,
    recording,
    rules,
    spanning,
    tracks,
)
from signaling_gateway.domain.access_loss import HeedAccount
from signaling_gateway.domain.commands import RoomCommand
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.service_commands import ChangeHost, EndByService, ShutOut
from signaling_gateway.errors import Refusal

Decision = Callable[[RoomState, Any, int], tuple[LogEvent, ...]]

_DECIDE: dict[type, Decision] = {
    commands.Join: presence.join,
    commands.Resume: presence.resume,
    commands.LoseConnection: presence.lose_connection,
    commands.ReclaimConnection: presence.reclaim_connection,
    commands.AdoptParticipants: presence.adopt_participants,
    commands.EndGrace: presence.end_grace,
    commands.Leave: presence.leave,
    commands.Remove: moderation.remove,
    commands.Unban: lobby.unban,
    commands.Admit: lobby.admit,
    commands.RefuseEntry: lobby.refuse_entry,
    commands.SendLobbyMessage: lobby.send_message,
    commands.SetPolicy: people.set_policy,
    commands.SetRole: people.set_role,
    commands.SetPermissions: people.set_permissions,
    commands.SetRolePermissions: people.set_role_permissions,
    commands.SetSpotlight: people.set_spotlight,
    commands.Rename: people.rename,
    commands.RaiseHand: attention.raise_hand,
    commands.LowerHand: attention.lower_hand,
    commands.LowerAllHands: attention.lower_all_hands,
    commands.SendReaction: attention.react,
    commands.PublishTracks: tracks.publish,
    commands.Mute: tracks.mute,
    commands.Unmute: tracks.unmute,
    commands.StopTrack: tracks.stop,
    commands.MuteAll: tracks.mute_all,
    commands.AskToUnmute: tracks.ask_to_unmute,
    commands.SendChat: chat.send,
    commands.EditChat: chat.edit,
    commands.RemoveChat: chat.remove,
    commands.SendData: chat.send_data,
    commands.CreatePoll: polls.create,
    commands.Vote: polls.vote,
    commands.ClosePoll: polls.close,
    notes.EditNotes: notes.edit,
    notes.KeepNotes: notes.keep_if_due,
    commands.OpenBreakouts: breakouts.open_breakouts,
    commands.ChangeBreakouts: breakouts.change,
    commands.CloseBreakouts: breakouts.close,
    commands.EndBreakouts: breakouts.end_when_due,
    rules.EndIfDue: rules.end_if_due,
    commands.MoveToBreakout: breakouts.move,
    commands.EnterBreakout: breakouts.enter,
    commands.SignalPeer: direct.signal_peer,
    commands.StartRecording: recording.start,
    commands.StopRecording: recording.stop,
    commands.FailRecording: recording.fail,
    broadcast_commands.StartBroadcast: broadcast.start,
    broadcast_commands.ChangeBroadcast: broadcast.change,
    broadcast_commands.StopBroadcast: broadcast.stop,
    broadcast_commands.FailBroadcast: broadcast.fail,
    ingress_commands.OpenIngress: ingress.open_ingress,
    ingress_commands.ChangeIngress: ingress.change,
    ingress_commands.CloseIngress: ingress.close,
    ingress_commands.EndIngress: ingress.end,
    commands.EndMeeting: moderation.end_meeting,
    EndByService: moderation.end_by_service,
    ShutOut: moderation.shut_out,
    ChangeHost: people.change_host,
    HeedAccount: access.heed,
    commands.PlaceNode: placement.place_node,
    commands.PlaceParticipant: spanning.place_participant,
}

_HOUSEKEEPING = (
    commands.LoseConnection,
    commands.ReclaimConnection,
    commands.AdoptParticipants,
    commands.EndGrace,
    commands.Leave,
    commands.EndBreakouts,
    notes.KeepNotes,
    rules.EndIfDue,
    commands.FailRecording,
    broadcast_commands.ChangeBroadcast,
    broadcast_commands.FailBroadcast,
    ingress_commands.ChangeIngress,
    ingress_commands.EndIngress,
    EndByService,
    ShutOut,
    ChangeHost,
    HeedAccount,
    commands.PlaceNode,
    commands.PlaceParticipant,
)
"""Commands for which an ended meeting is no news: what they ask for is already so."""


def decide(state: RoomState, command: RoomCommand, now: int) -> tuple[LogEvent, ...]:
    """The events that follow from ``command`` at ``now`` (milliseconds since the epoch), in order.

    Raises:
        Refusal: the room does not do it; the code says why.
    """
    if state.ended:
        if isinstance(command, _HOUSEKEEPING):
            return ()
        raise Refusal(ErrorCode.MEETING_ENDED, "This meeting has ended.")
    at = max(now, state.updated_at)
    events = ingress.over_with(state, _DECIDE[type(command)](state, command, at), at)
    events = recording.over_with(state, events, at)
    events = broadcast.over_with(state, events, at)
    return notes.kept_with(state, events, at)
