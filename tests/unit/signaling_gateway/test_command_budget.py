"""How often one connection may ask for something."""

from __future__ import annotations

import pytest

from contracts.client_commands import COMMANDS
from contracts.command_limits import COMMAND_LIMIT, LIMITS, NOTES_CHARACTERS, RateLimit
from signaling_gateway.domain.command_budget import CommandBudget


def test_any_command_known_or_not_draws_on_the_whole() -> None:
    budget = CommandBudget(0)
    taken = [budget.take(name, 0) for name in ("mute_track", "no_such_command", None) * COMMAND_LIMIT.at_once]
    assert sum(taken) == COMMAND_LIMIT.at_once
    assert not budget.take("leave_meeting", 0)
    assert budget.take("leave_meeting", 1)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_costly_command_has_a_limit_of_its_own_which_leaves_room_for_others(limit: RateLimit) -> None:
    budget = CommandBudget(0)
    name = min(limit.commands)
    assert sum(budget.take(name, 0) for _ in range(2 * limit.at_once)) == limit.at_once
    assert budget.take("mute_track", 0)
    assert budget.take(name, 1 / limit.per_s)


def test_broadcasts_are_not_started_in_a_loop_and_who_may_start_may_stop() -> None:
    budget = CommandBudget(0)
    turns = [budget.take(name, 0) for _ in range(7) for name in ("start_broadcast", "stop_broadcast")]
    assert turns == [True] * 10 + [False] * 4
    assert not budget.take("start_broadcast", 9)
    assert budget.take("start_broadcast", 10)


def test_what_is_put_into_notes_draws_on_a_number_of_characters() -> None:
    budget = CommandBudget(0)
    half = NOTES_CHARACTERS.at_once // 2
    assert [budget.take("edit_notes", 0, characters=half) for _ in range(3)] == [True, True, False]
    assert budget.take("edit_notes", 0), "what takes out costs none"
    assert budget.take("send_chat", 0, characters=half), "they are of the notes"
    assert not budget.take("edit_notes", 1, characters=half)
    assert budget.take("edit_notes", half / NOTES_CHARACTERS.per_s, characters=half)
    assert CommandBudget(0).take("edit_notes", 0, characters=10 * NOTES_CHARACTERS.at_once), "refused for what it is"


def test_limits_name_commands_that_exist() -> None:
    for limit in LIMITS:
        assert limit.commands <= COMMANDS.keys()
        assert limit.at_once < COMMAND_LIMIT.at_once
