"""What the meeting service's record lets people read of a chat is what the room itself has shown them."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st
from meetings_service.domain.chat_history import Reader, may_read
from meetings_service.domain.record import Changes, changes_by_meeting

from contracts.facts import Fact
from contracts.log_events import (
    ChatEdited,
    ChatRemoved,
    HandRaised,
    LogEvent,
    ParticipantRenamed,
    ParticipantsMoved,
    ReactionSent,
    RoleChanged,
)
from contracts.rooms import ADMINISTRATOR, Identity, MeetingId, ParticipantId, Role
from signaling_gateway.domain import commands
from signaling_gateway.domain.chat import seen_by
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve, evolve_all
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal
from tests.unit.signaling_gateway.room_steps import ADA, BOB, HOST, after, join

MEETING = MeetingId("abcd-efgh-jkmn")
PEOPLE = ("host", "ada", "bob", "eve")
STAYS = tuple(ParticipantId(f"p_{who}_{number}") for who in PEOPLE for number in range(2))

Step = tuple[int, ParticipantId, ParticipantId, int, None]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from(STAYS), st.sampled_from(STAYS), st.integers(0, 30), st.none()),
    max_size=30,
)


class Room:
    """A room, with all that it has ever shown to whom."""

    def __init__(self) -> None:
        self.state = RoomState()
        self.events: list[LogEvent] = []
        self.shown: dict[Identity, set[str]] = defaultdict(set)

    def does(self, command: commands.RoomCommand) -> None:
        try:
            events = decide(self.state, command, 1000 + len(self.events))
        except Refusal:
            return
        for event in events:
            self.state = evolve(self.state, event)
            self.events.append(event)
        # People are told once all that was decided together has happened.
        for stay in self.state.stays.values():
            self.shown[stay.info.identity] |= {message.id for message in seen_by(self.state, stay)}

    def record(self) -> Changes:
        facts = [Fact(meeting_id=MEETING, version=n, event=event) for n, event in enumerate(self.events, 1)]
        return changes_by_meeting(facts)[MEETING]


def comes(stay: ParticipantId) -> commands.Join:
    who = stay.split("_")[1]
    return join(stay, role=Role.HOST if who == "host" else Role.PARTICIPANT, identity=f"u_{who}")


def command_of(step: Step, number: int) -> commands.RoomCommand:
    """What somebody does: ``number`` makes the ids of messages."""
    choice, who, other, earlier, breakout = step
    message = f"m_{earlier % max(1, number)}"
    made: list[commands.RoomCommand] = [
        comes(who),
        comes(other),
        commands.Leave(participant_id=who),
        commands.Remove(participant_id=STAYS[0], target=other, ban=False),
        commands.SetRole(participant_id=STAYS[0], target=other, role=Role.COHOST),
        commands.SetRole(participant_id=STAYS[0], target=other, role=Role.PARTICIPANT),
        *(
            commands.SendChat(participant_id=who, message_id=f"m_{number}", text="hi", to=to)
            for to in (None, None, "hosts", "everyone", other)
        ),
        commands.EditChat(participant_id=who, message_id=message, text=f"edited {number}"),
        commands.RemoveChat(participant_id=who, message_id=message),
        commands.OpenBreakouts(
            participant_id=STAYS[0],
            rooms=(
                commands.NewBreakout(id=f"b_1_{number}", name="One", participant_ids=(who,)),
                commands.NewBreakout(id=f"b_2_{number}", name="Two", participant_ids=()),
            ),
            free_choice=True,
            close_after_ms=None,
        ),
        commands.EnterBreakout(participant_id=who, breakout_id=breakout),
    ]
    return made[choice % len(made)]


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_history_shows_those_who_are_there_what_the_room_has_shown_them(steps: list[Step]) -> None:
    room = Room()
    room.does(comes(STAYS[0]))
    room.does(comes(STAYS[2]))
    for number, step in enumerate(steps):
        open_rooms = () if room.state.breakouts is None else room.state.breakouts.rooms
        command = command_of(step, number)
        if isinstance(command, commands.EnterBreakout) and open_rooms and step[3] % 3:
            command = commands.EnterBreakout(participant_id=step[1], breakout_id=open_rooms[step[3] % 2].id)
        room.does(command)
    # At the end of breakout rooms everybody sees the chat of those where they have been, and so it stays.
    room.does(commands.CloseBreakouts(participant_id=ADMINISTRATOR))
    record = room.record()
    removed = {event.message_id for event in room.events if isinstance(event, ChatRemoved)}
    for identity in {stay.info.identity for stay in room.state.stays.values()}:
        reader = Reader(identity=identity, person=record.people[identity])
        read = {line.message_id for line in record.chat.values() if may_read(reader, line)}
        assert read - removed == room.shown[identity] - removed, identity
    texts = {sent.message.id: sent.message.text for sent in room.state.chat}
    assert {line.message_id: line.last_text for line in record.chat.values() if line.removed_at is None} == texts


def test_events_say_whose_they_are_and_of_which_message() -> None:
    room = after(RoomState(), join(HOST, role=Role.HOST), join(ADA), join(BOB))
    sent = commands.SendChat(participant_id=ADA, message_id="m", text="hi")
    version = room.version + 1
    room = after(room, sent)
    opening = commands.OpenBreakouts(
        participant_id=HOST,
        rooms=(commands.NewBreakout(id="b_1", name="One", participant_ids=(ADA, BOB)),),
        free_choice=False,
        close_after_ms=None,
    )
    done: tuple[commands.RoomCommand, ...] = (
        commands.EditChat(participant_id=ADA, message_id="m", text="ho"),
        commands.RaiseHand(participant_id=ADA),
        commands.SendReaction(participant_id=ADA, emoji="\N{THUMBS UP SIGN}"),
        commands.Rename(participant_id=HOST, target=ADA, name="Countess"),
        commands.SetRole(participant_id=HOST, target=ADA, role=Role.COHOST),
        commands.RemoveChat(participant_id=HOST, message_id="m"),
        opening,
    )
    told: dict[type, LogEvent] = {}
    for command in done:
        events = decide(room, command, 2000)
        room = evolve_all(room, events)
        told |= {type(event): event for event in events}
    ada = Identity(f"u_{ADA}")
    for kind in (HandRaised, ReactionSent, ParticipantRenamed, RoleChanged):
        event = told[kind]
        assert isinstance(event, kind)
        assert event.identity == ada
    edited, removed, moved = told[ChatEdited], told[ChatRemoved], told[ParticipantsMoved]
    assert isinstance(edited, ChatEdited)
    assert isinstance(removed, ChatRemoved)
    assert isinstance(moved, ParticipantsMoved)
    assert edited.sent_version == removed.sent_version == version
    assert removed.by_identity == f"u_{HOST}"
    assert dict(zip((move.participant_id for move in moved.moves), moved.identities, strict=True)) == {
        who: f"u_{who}" for who in (ADA, BOB)
    }
