"""Polls: asked by those who moderate, answered by everybody once (and once more, if they think again)."""

from __future__ import annotations

from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent, PollClosed, PollCreated, PollVoted
from contracts.polls import MAX_POLLS
from contracts.rooms import PollInfo
from signaling_gateway.domain.commands import ClosePoll, CreatePoll, Vote
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import Poll, RoomState
from signaling_gateway.errors import Refusal


def create(state: RoomState, command: CreatePoll, now: int) -> tuple[LogEvent, ...]:
    """A poll that is open at once. Of two who ask the same prepared one, one is refused until it is closed."""
    require(state.stay_of(command.participant_id).info.permissions, Action.POLL)
    if len(state.polls) >= MAX_POLLS:
        raise Refusal(ErrorCode.CONFLICT, f"A meeting has {MAX_POLLS} polls at most.")
    asked = {poll.info.prepared_id for poll in state.polls.values() if not poll.info.closed}
    if command.prepared_id is not None and command.prepared_id in asked:
        raise Refusal(ErrorCode.CONFLICT, "This poll is being asked already.")
    options = tuple(option.strip() for option in command.options)
    if not command.question.strip() or not all(options) or len(set(options)) < len(options):
        raise Refusal(ErrorCode.VALIDATION_FAILED, "A poll has a question, and options that differ.")
    poll = PollInfo(
        id=command.poll_id,
        participant_id=command.participant_id,
        question=command.question.strip(),
        options=options,
        multiple=command.multiple,
        votes=(0,) * len(options),
        voters=0,
        prepared_id=command.prepared_id,
    )
    return (PollCreated(at=now, poll=poll),)


def vote(state: RoomState, command: Vote, now: int) -> tuple[LogEvent, ...]:
    """One vote for each person, whichever stay it comes from. An empty one takes the earlier one back."""
    voter = state.stay_of(command.participant_id).info
    poll = _open_poll(state, command.poll_id)
    chosen = tuple(sorted(set(command.options)))
    if any(option >= len(poll.info.options) for option in chosen):
        raise Refusal(ErrorCode.VALIDATION_FAILED, "The poll does not have this option.")
    if len(chosen) > 1 and not poll.info.multiple:
        raise Refusal(ErrorCode.VALIDATION_FAILED, "This poll takes one option.")
    if chosen == poll.votes.get(voter.identity, ()):
        return ()
    votes = [*(each for identity, each in poll.votes.items() if identity != voter.identity), chosen]
    voted = PollVoted(
        at=now,
        poll_id=command.poll_id,
        identity=voter.identity,
        options=chosen,
        votes=tuple(sum(option in each for each in votes) for option in range(len(poll.info.options))),
        voters=sum(bool(each) for each in votes),
    )
    return (voted,)


def close(state: RoomState, command: ClosePoll, now: int) -> tuple[LogEvent, ...]:
    """No more votes."""
    require(state.stay_of(command.participant_id).info.permissions, Action.POLL)
    if _poll(state, command.poll_id).info.closed:
        return ()
    return (PollClosed(at=now, poll_id=command.poll_id),)


def _open_poll(state: RoomState, poll_id: str) -> Poll:
    poll = _poll(state, poll_id)
    if poll.info.closed:
        raise Refusal(ErrorCode.POLL_CLOSED, "This poll is closed.")
    return poll


def _poll(state: RoomState, poll_id: str) -> Poll:
    poll = state.polls.get(poll_id)
    if poll is None:
        raise Refusal(ErrorCode.POLL_NOT_FOUND, "There is no such poll.")
    return poll
