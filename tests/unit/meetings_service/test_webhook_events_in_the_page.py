"""Whatever webhooks are told of has its name on the administrators' page."""

from __future__ import annotations

import re

import pytest
from meetings_service.domain.webhook_events import TEST, EventType

from infra.local.settings import ROOT


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_event_has_a_name(language: str) -> None:
    texts = (ROOT / f"web/app/src/messages/webhooks.{language}.ts").read_text()
    names = texts.partition("  eventNames: {\n")[2].partition("\n  }")[0]
    named = re.findall(r'^    "([a-z.]+)": ".+",$', names, re.MULTILINE)
    assert sorted(named) == sorted([*EventType, TEST])
