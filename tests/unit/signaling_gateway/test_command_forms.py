"""Whatever a client sends as a command: a command of the contract, or a refusal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.client_commands import COMMANDS
from contracts.command import Command
from contracts.jwks import TokenError
from contracts.meeting_token import MeetingClaims
from contracts.rooms import MeetingId
from signaling_gateway.edge.commands import parse
from signaling_gateway.edge.connecting import authenticate
from signaling_gateway.errors import Refusal

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
fields = st.sampled_from(
    sorted({name for command in COMMANDS.values() for name in command.__struct_fields__} | {"mid", "source"})
)
bodies = st.dictionaries(fields, json_values | st.lists(st.dictionaries(fields, json_values, max_size=4), max_size=3))


@given(st.sampled_from(sorted(COMMANDS)) | json_values, st.lists(json_values | bodies, max_size=3))
def test_any_event_is_a_command_or_a_refusal(name: Any, arguments: list[Any]) -> None:
    outcome = _outcome(name, tuple(arguments))
    if isinstance(outcome, Refusal):
        assert outcome.code in {"unknown_command", "validation_failed"}
        assert outcome.message
    else:
        assert isinstance(outcome, COMMANDS[name])


def _outcome(name: Any, arguments: tuple[Any, ...]) -> Command | Refusal:
    try:
        return parse(name, arguments)
    except Refusal as refusal:
        return refusal


def test_no_step_of_coming_in_ends_before_it_begins() -> None:
    phase = {"step": "media", "began_ms": 20, "ended_ms": 20}
    report = {"span_id": "ab" * 8, "phases": [phase]}
    assert parse("report_join", (report,))
    with pytest.raises(Refusal, match="before it begins") as refused:
        parse("report_join", (report | {"phases": [phase, phase | {"ended_ms": 21}]},))
    assert refused.value.code == "validation_failed"


class NoKeys:
    async def verify(self, token: str, meeting_id: MeetingId | None) -> MeetingClaims:
        raise TokenError("token_malformed", "No.")  # type: ignore[arg-type]


@given(auth=json_values | st.dictionaries(st.sampled_from(["token", "meeting_id", "resume"]), json_values | bodies))
async def test_any_auth_without_a_good_token_is_refused(auth: Any) -> None:
    with pytest.raises(Refusal) as refused:
        await authenticate(auth, NoKeys())
    assert refused.value.code in {"token_missing", "token_malformed", "validation_failed"}
