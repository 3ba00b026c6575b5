"""The event reference is what the models say."""

from __future__ import annotations

from contracts.client_commands import COMMANDS
from contracts.client_messages import SERVER_MESSAGES
from contracts.error_codes import ErrorCode
from signaling_gateway.event_reference import TARGET, render


def test_the_reference_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run: python -m signaling_gateway.event_reference"


def test_the_reference_names_every_command_message_and_code() -> None:
    text = render()
    for name in (*COMMANDS, *SERVER_MESSAGES):
        assert f"### `{name}`" in text
    for code in ErrorCode:
        assert f"- `{code}`" in text
