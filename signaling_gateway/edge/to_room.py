"""From what a client says to what a room is asked: the wire's words, and the domain's with who asks.

Commands for media stand in `signaling_gateway.edge.commands`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from contracts import client_commands as wire
from contracts.command import Command
from contracts.command_answers import BreakoutsAnswer, ChatAccepted, PollCreated
from contracts.rooms import Identity, ParticipantId, PeerSignal, TrackId
from signaling_gateway.domain import commands as domain
from signaling_gateway.domain.commands import RoomCommand
from signaling_gateway.domain.notes import EditNotes


def _participant(given: str | None) -> ParticipantId | None:
    return None if given is None else ParticipantId(given)


def _participants(given: tuple[str, ...] | None) -> tuple[ParticipantId, ...] | None:
    return None if given is None else tuple(ParticipantId(each) for each in given)


def _milliseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


def _policy(who: ParticipantId, said: wire.SetPolicy) -> RoomCommand:
    return domain.SetPolicy(
        participant_id=who,
        locked=said.locked,
        lobby=said.lobby,
        unmute=said.unmute,
        rename=said.rename,
        private_chat=said.private_chat,
        notes=said.notes,
        direct=said.direct,
        e2ee=said.e2ee,
    )


_ASKED: dict[type[Command], Callable[[ParticipantId, Any], RoomCommand]] = {
    wire.MuteTrack: lambda who, said: domain.Mute(participant_id=who, track_id=TrackId(said.track_id)),
    wire.UnmuteTrack: lambda who, said: domain.Unmute(participant_id=who, track_id=TrackId(said.track_id)),
    wire.StopTrack: lambda who, said: domain.StopTrack(participant_id=who, track_id=TrackId(said.track_id)),
    wire.MuteAll: lambda who, said: domain.MuteAll(participant_id=who, source=said.source),
    wire.AskToUnmute: lambda who, said: domain.AskToUnmute(
        participant_id=who, target=ParticipantId(said.participant_id), source=said.source
    ),
    wire.RaiseHand: lambda who, _: domain.RaiseHand(participant_id=who),
    wire.LowerHand: lambda who, said: domain.LowerHand(participant_id=who, target=_participant(said.participant_id)),
    wire.LowerAllHands: lambda who, _: domain.LowerAllHands(participant_id=who),
    wire.SendReaction: lambda who, said: domain.SendReaction(participant_id=who, emoji=said.emoji),
    wire.EditChat: lambda who, said: domain.EditChat(participant_id=who, message_id=said.message_id, text=said.text),
    wire.RemoveChat: lambda who, said: domain.RemoveChat(participant_id=who, message_id=said.message_id),
    wire.SendData: lambda who, said: domain.SendData(
        participant_id=who, topic=said.topic, data=said.data, to=_participants(said.to), base64=said.base64
    ),
    wire.Rename: lambda who, said: domain.Rename(
        participant_id=who, target=_participant(said.participant_id), name=said.name
    ),
    wire.Admit: lambda who, said: domain.Admit(participant_id=who, targets=_participants(said.participant_ids)),
    wire.RefuseEntry: lambda who, said: domain.RefuseEntry(
        participant_id=who, target=ParticipantId(said.participant_id)
    ),
    wire.SendLobbyMessage: lambda who, said: domain.SendLobbyMessage(
        participant_id=who, text=said.text, target=_participant(said.participant_id)
    ),
    wire.RemoveParticipant: lambda who, said: domain.Remove(
        participant_id=who, target=ParticipantId(said.participant_id), ban=said.ban
    ),
    wire.Unban: lambda who, said: domain.Unban(participant_id=who, identity=Identity(said.identity)),
    wire.SetPolicy: _policy,
    wire.SetRole: lambda who, said: domain.SetRole(
        participant_id=who, target=ParticipantId(said.participant_id), role=said.role
    ),
    wire.SetPermissions: lambda who, said: domain.SetPermissions(
        participant_id=who, target=ParticipantId(said.participant_id), permissions=said.permissions
    ),
    wire.SetRolePermissions: lambda who, said: domain.SetRolePermissions(
        participant_id=who, role=said.role, permissions=said.permissions
    ),
    wire.SetSpotlight: lambda who, said: domain.SetSpotlight(
        participant_id=who, targets=_participants(said.participant_ids) or ()
    ),
    wire.Vote: lambda who, said: domain.Vote(participant_id=who, poll_id=said.poll_id, options=said.options),
    wire.ClosePoll: lambda who, said: domain.ClosePoll(participant_id=who, poll_id=said.poll_id),
    wire.EditNotes: lambda who, said: EditNotes(
        participant_id=who, edit_id=said.edit_id, revision=said.revision, change=said.change
    ),
    wire.ChangeBreakouts: lambda who, said: domain.ChangeBreakouts(
        participant_id=who, free_choice=said.free_choice, close_after_ms=_milliseconds(said.close_after_s)
    ),
    wire.CloseBreakouts: lambda who, _: domain.CloseBreakouts(participant_id=who),
    wire.MoveToBreakout: lambda who, said: domain.MoveToBreakout(
        participant_id=who, targets=_participants(said.participant_ids) or (), breakout_id=said.breakout_id
    ),
    wire.EnterBreakout: lambda who, said: domain.EnterBreakout(participant_id=who, breakout_id=said.breakout_id),
    wire.SignalPeer: lambda who, said: domain.SignalPeer(
        participant_id=who,
        target=ParticipantId(said.to),
        signal=PeerSignal(session=said.session, kind=said.kind, sdp=said.sdp),
    ),
    wire.LeaveMeeting: lambda who, _: domain.Leave(participant_id=who),
    wire.EndMeeting: lambda who, _: domain.EndMeeting(participant_id=who),
}


# ---- what makes something new, and answers with its id ----


def _chat(who: ParticipantId, said: wire.SendChat, new_id: Callable[[], str]) -> tuple[RoomCommand, Struct]:
    message_id = f"m_{new_id()}"
    command = domain.SendChat(participant_id=who, message_id=message_id, text=said.text, to=said.to)
    return command, ChatAccepted(message_id=message_id)


def _poll(who: ParticipantId, said: wire.CreatePoll, new_id: Callable[[], str]) -> tuple[RoomCommand, Struct]:
    poll_id = f"q_{new_id()}"
    command = domain.CreatePoll(
        participant_id=who,
        poll_id=poll_id,
        question=said.question,
        options=said.options,
        multiple=said.multiple,
        prepared_id=said.prepared_id,
    )
    return command, PollCreated(poll_id=poll_id)


def _breakouts(who: ParticipantId, said: wire.OpenBreakouts, new_id: Callable[[], str]) -> tuple[RoomCommand, Struct]:
    rooms = tuple(
        domain.NewBreakout(
            id=f"b_{new_id()}",
            name=room.name,
            participant_ids=_participants(room.participant_ids) or (),
            identities=tuple(Identity(each) for each in room.identities),
        )
        for room in said.rooms
    )
    command = domain.OpenBreakouts(
        participant_id=who,
        rooms=rooms,
        free_choice=said.free_choice,
        close_after_ms=_milliseconds(said.close_after_s),
    )
    return command, BreakoutsAnswer(breakout_ids=tuple(room.id for room in rooms))


_MAKING: dict[type[Command], Callable[[ParticipantId, Any, Callable[[], str]], tuple[RoomCommand, Struct]]] = {
    wire.SendChat: _chat,
    wire.CreatePoll: _poll,
    wire.OpenBreakouts: _breakouts,
}

FOR_ROOM = frozenset({*_ASKED, *_MAKING})
"""The commands that a room decides."""


def to_room(who: ParticipantId, said: Command, new_id: Callable[[], str]) -> tuple[RoomCommand, Struct | None]:
    """What a command that is `FOR_ROOM` asks of the room, and what acknowledges it; None: that it is done."""
    making = _MAKING.get(type(said))
    return (_ASKED[type(said)](who, said), None) if making is None else making(who, said, new_id)
