"""Makes the facts of a meeting's log for tests: a valid history with people coming, talking and going."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import (
    BreakoutsClosed,
    BreakoutsOpened,
    ChatEdited,
    ChatRemoved,
    ChatSent,
    HandRaised,
    LogEvent,
    MeetingEnded,
    MeetingStarted,
    NodePlaced,
    NotesEdited,
    NotesKept,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRenamed,
    ParticipantsMoved,
    PollClosed,
    PollCreated,
    PollVoted,
    ReactionSent,
    RecordingStarted,
    RecordingStopped,
    RoleChanged,
    TrackPublished,
)
from contracts.rooms import (
    PERMISSIONS_OF_ROLE,
    Breakout,
    Breakouts,
    ChatMessage,
    GatewayId,
    Identity,
    MeetingId,
    Move,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    PollInfo,
    RecordingEnd,
    Role,
    TrackId,
    TrackInfo,
    TrackKind,
    TrackSource,
)

MEETING = MeetingId("abc-defg-hjk")
START = 1_800_000_000_000


def identity_of(number: int) -> Identity:
    return Identity(f"g_{number % 3}")


def stay_of(number: int) -> ParticipantId:
    return ParticipantId(f"p_{number}")


def joined(number: int, at: int) -> ParticipantJoined:
    person = ParticipantInfo(
        id=stay_of(number),
        identity=identity_of(number),
        name=f"Guest {number}",
        role=Role.GUEST,
        permissions=PERMISSIONS_OF_ROLE[Role.GUEST],
        joined_at=at,
        breakout="b_1" if number % 5 == 4 else None,
    )
    return ParticipantJoined(at=at, participant=person, gateway_id=GatewayId("gw"), resume_hash="00")


def said(number: int, at: int, to: str | None = None, text: str = "hi") -> ChatSent:
    message = ChatMessage(id=f"c_{at}", participant_id=stay_of(number), name=f"Guest {number}", text=text, at=at, to=to)
    return ChatSent(at=at, message=message, author=identity_of(number), to=to)


def whispered(number: int, at: int, to: int) -> ChatSent:
    """To one alone."""
    sent = said(number, at, to=stay_of(to), text="psst")
    return replace(sent, message=replace(sent.message, to_name=f"Guest {to}"), to_identity=identity_of(to))


def said_in(breakout: str, number: int, at: int) -> ChatSent:
    """In a breakout room."""
    sent = said(number, at)
    return replace(
        sent, breakout=breakout, message=replace(sent.message, breakout=Breakout(id=breakout, name=breakout.upper()))
    )


def edited(sent: ChatSent, version: int, at: int) -> ChatEdited:
    return ChatEdited(at=at, message_id=sent.message.id, text=f"edited {at}", sent_version=version, author=sent.author)


def removed(sent: ChatSent, version: int, at: int, by: int = 0) -> ChatRemoved:
    return ChatRemoved(
        at=at,
        message_id=sent.message.id,
        by=stay_of(by),
        by_identity=identity_of(by),
        sent_version=version,
        author=sent.author,
    )


def asked(number: int, at: int) -> PollCreated:
    poll = PollInfo(
        id=f"q_{at}",
        participant_id=stay_of(number),
        question="Tea?",
        options=("yes", "no"),
        multiple=False,
        votes=(0, 0),
        voters=0,
    )
    return PollCreated(at=at, poll=poll)


def voted(poll_id: str, number: int, at: int, votes: tuple[int, ...]) -> PollVoted:
    return PollVoted(at=at, poll_id=poll_id, identity=identity_of(number), options=(0,), votes=votes, voters=sum(votes))


def noted(number: int, at: int) -> NotesEdited:
    return NotesEdited(
        at=at, participant_id=stay_of(number), identity=identity_of(number), edit_id="e", change=("a",), revision=1
    )


def notes_kept(text: str, number: int, at: int) -> NotesKept:
    return NotesKept(at=at, text=text, revision=at % 1000, writers=(identity_of(number),))


def moved(number: int, at: int, breakout: str | None) -> ParticipantsMoved:
    move = Move(participant_id=stay_of(number), breakout=breakout, assigned_breakout=breakout)
    return ParticipantsMoved(at=at, moves=(move,), by=None, identities=(identity_of(number),))


def made(number: int, at: int, role: Role) -> RoleChanged:
    return RoleChanged(
        at=at,
        participant_id=stay_of(number),
        role=role,
        permissions=PERMISSIONS_OF_ROLE[role],
        by=stay_of(0),
        identity=identity_of(number),
    )


def renamed(number: int, at: int) -> ParticipantRenamed:
    stay = stay_of(number)
    return ParticipantRenamed(at=at, participant_id=stay, name=f"Name {at}", by=stay, identity=identity_of(number))


def raised(number: int, at: int) -> HandRaised:
    return HandRaised(at=at, participant_id=stay_of(number), identity=identity_of(number))


def reacted(number: int, at: int) -> ReactionSent:
    return ReactionSent(at=at, participant_id=stay_of(number), emoji="\N{THUMBS UP SIGN}", identity=identity_of(number))


def left(number: int, at: int, reason: LeaveReason = LeaveReason.LEFT) -> ParticipantLeft:
    return ParticipantLeft(at=at, participant_id=stay_of(number), identity=identity_of(number), reason=reason)


def published(number: int, at: int) -> TrackPublished:
    track = TrackInfo(
        id=TrackId(f"t_{at}"),
        participant_id=ParticipantId(f"p_{number}"),
        source=TrackSource.CAMERA,
        kind=TrackKind.VIDEO,
    )
    return TrackPublished(at=at, track=track)


def recorded(number: int, at: int) -> RecordingStarted:
    return RecordingStarted(at=at, recording_id=f"rec_{at}", by=ParticipantId(f"p_{number}"), prefix="m/")


def stopped(number: int, at: int) -> RecordingStopped:
    """Stops what began a second before."""
    by = ParticipantId(f"p_{number}")
    return RecordingStopped(at=at, recording_id=f"rec_{at - 1000}", reason=RecordingEnd.ASKED, by=by)


def opened(breakout: str, at: int, by: int = 0) -> BreakoutsOpened:
    """One breakout room."""
    rooms = (Breakout(id=breakout, name=breakout.upper()),)
    return BreakoutsOpened(at=at, breakouts=Breakouts(rooms=rooms, free_choice=False), by=stay_of(by))


def ended(by: Identity | None, at: int) -> MeetingEnded:
    return MeetingEnded(at=at, by=by)


Making = Callable[[int, int], LogEvent]
_MAKINGS: dict[str, Making] = {
    "say": said,
    "whisper": lambda who, at: whispered(who, at, to=0),
    "say in a breakout room": lambda who, at: said_in("b_1", who, at),
    "leave": left,
    "be removed": lambda who, at: left(who, at, LeaveReason.REMOVED),
    "publish": published,
    "record": recorded,
    "stop": stopped,
    "ask": asked,
    "note": noted,
    "keep": lambda who, at: notes_kept("notes " * (at // 1000 % 4), who, at),
    "move": lambda who, at: moved(who, at, "b_1"),
    "come back": lambda who, at: moved(who, at, None),
    "be made co-host": lambda who, at: made(who, at, Role.COHOST),
    "be unmade": lambda who, at: made(who, at, Role.PARTICIPANT),
    "be renamed": renamed,
    "raise": raised,
    "react": reacted,
    "open": lambda who, at: opened("b_1", at, by=who),
    "close": lambda _, at: BreakoutsClosed(at=at, by=None),
}
_ABOUT_EARLIER = ("edit", "remove", "vote", "close a poll")


def _about_earlier(draw: st.DrawFn, choice: str, events: list[LogEvent], at: int) -> LogEvent | None:
    """Something about a message or a poll that is there, if one is."""
    sent = {version: event for version, event in enumerate(events, 1) if isinstance(event, ChatSent)}
    removed_ids = {event.message_id for event in events if isinstance(event, ChatRemoved)}
    sent = {version: event for version, event in sent.items() if event.message.id not in removed_ids}
    polls = [event.poll.id for event in events if isinstance(event, PollCreated)]
    closed = {event.poll_id for event in events if isinstance(event, PollClosed)}
    polls = [each for each in polls if each not in closed]
    if choice in {"edit", "remove"}:
        if not sent:
            return None
        version = draw(st.sampled_from(sorted(sent)))
        return edited(sent[version], version, at) if choice == "edit" else removed(sent[version], version, at)
    if not polls:
        return None
    poll_id = draw(st.sampled_from(polls))
    votes = (draw(st.integers(0, 9)), draw(st.integers(0, 9)))
    return voted(poll_id, 1, at, votes) if choice == "vote" else PollClosed(at=at, poll_id=poll_id)


@st.composite
def histories(draw: st.DrawFn, meeting: MeetingId = MEETING, most: int = 16) -> tuple[Fact, ...]:
    """A whole log: versions from 1 without gaps, everybody joins before they speak or leave."""
    events: list[LogEvent] = [
        MeetingStarted(at=START, meeting_id=meeting),
        NodePlaced(at=START, node_id=NodeId("n_1")),
    ]
    present: list[int] = []
    for number in range(draw(st.integers(0, most))):
        at = START + 1000 * (number + 1)
        choice = draw(st.sampled_from(["join", *_MAKINGS, *_ABOUT_EARLIER])) if present else "join"
        if choice == "join":
            present.append(number)
            events.append(joined(number, at))
            continue
        if choice in _ABOUT_EARLIER:
            event = _about_earlier(draw, choice, events, at)
            events += [] if event is None else [event]
            continue
        who = draw(st.sampled_from(present))
        if choice in {"leave", "be removed"}:
            present.remove(who)
        events.append(_MAKINGS[choice](who, at))
    if draw(st.booleans()):
        events.append(MeetingEnded(at=START + 100_000, by=None))
    return tuple(Fact(meeting_id=meeting, version=index + 1, event=event) for index, event in enumerate(events))


@st.composite
def deliveries(draw: st.DrawFn, facts: tuple[Fact, ...]) -> list[list[Fact]]:
    """Batches that bring every fact at least once, in any order."""
    again = draw(st.lists(st.sampled_from(facts), max_size=10))
    shuffled = draw(st.permutations([*facts, *again]))
    batches: list[list[Fact]] = [[]]
    for fact in shuffled:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(fact)
    return batches
