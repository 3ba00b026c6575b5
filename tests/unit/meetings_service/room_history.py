"""Makes the facts of a meeting's log for tests: a valid history with people coming, talking and going."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from contracts.facts import Fact
from contracts.log_events import (
    ChatSent,
    LeaveReason,
    LogEvent,
    MeetingEnded,
    MeetingStarted,
    NodePlaced,
    ParticipantJoined,
    ParticipantLeft,
    RecordingStarted,
    RecordingStopped,
    TrackPublished,
)
from contracts.rooms import (
    PERMISSIONS_OF_ROLE,
    ChatMessage,
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    RecordingEnd,
    Role,
    TrackId,
    TrackInfo,
    TrackKind,
    TrackSource,
)

MEETING = MeetingId("abc-defg-hjk")
START = 1_800_000_000_000


def joined(number: int, at: int) -> ParticipantJoined:
    person = ParticipantInfo(
        id=ParticipantId(f"p_{number}"),
        identity=Identity(f"g_{number % 3}"),
        name=f"Guest {number}",
        role=Role.GUEST,
        permissions=PERMISSIONS_OF_ROLE[Role.GUEST],
        joined_at=at,
    )
    return ParticipantJoined(at=at, participant=person, gateway_id=GatewayId("gw"), resume_hash="00")


def said(number: int, at: int) -> ChatSent:
    message = ChatMessage(
        id=f"c_{at}", participant_id=ParticipantId(f"p_{number}"), name=f"Guest {number}", text="hi", at=at
    )
    return ChatSent(at=at, message=message)


def left(number: int, at: int) -> ParticipantLeft:
    return ParticipantLeft(
        at=at,
        participant_id=ParticipantId(f"p_{number}"),
        identity=Identity(f"g_{number % 3}"),
        reason=LeaveReason.LEFT,
    )


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


@st.composite
def histories(draw: st.DrawFn, meeting: MeetingId = MEETING) -> tuple[Fact, ...]:
    """A whole log: versions from 1 without gaps, everybody joins before they speak or leave."""
    events: list[LogEvent] = [
        MeetingStarted(at=START, meeting_id=meeting),
        NodePlaced(at=START, node_id=NodeId("n_1")),
    ]
    present: list[int] = []
    for number in range(draw(st.integers(0, 12))):
        at = START + 1000 * (number + 1)
        make: dict[str, Callable[[int, int], LogEvent]] = {
            "say": said,
            "leave": left,
            "publish": published,
            "record": recorded,
            "stop": stopped,
        }
        choice = draw(st.sampled_from(["join", *make])) if present else "join"
        if choice == "join":
            present.append(number)
            events.append(joined(number, at))
            continue
        who = draw(st.sampled_from(present))
        if choice == "leave":
            present.remove(who)
        events.append(make[choice](who, at))
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
