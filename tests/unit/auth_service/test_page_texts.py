"""The administrators' pages have words for whatever the service names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from auth_service.domain.security_events import SecurityEventName

from contracts.access_control import NOT_FOR_SERVICE_ACCOUNTS, Permission

MESSAGES = Path(__file__).resolve().parents[3] / "web/app/src/messages"


def _keys(language: str, group: str) -> set[str]:
    """The names in one group of a catalogue."""
    text = (MESSAGES / f"admin.{language}.ts").read_text()
    begin = text.index(f"\n  {group}: {{\n")
    block = text[begin : text.index("\n  }", begin + 1)]
    return set(re.findall(r'^    "?([a-z_:]+)"?: \{', block, re.MULTILINE))


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_event_has_a_sentence(language: str) -> None:
    assert {name.value for name in SecurityEventName} <= _keys(language, "events")


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_permission_of_programs_has_a_name(language: str) -> None:
    assert {permission.value for permission in set(Permission) - NOT_FOR_SERVICE_ACCOUNTS} == _keys(
        language, "permissions"
    )
