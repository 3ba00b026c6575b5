"""Whatever the meeting service audits has its words on the administrators' page."""

from __future__ import annotations

import re

import pytest
from meetings_service.audit import Audited

from infra.local.settings import ROOT


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_audited_event_has_a_name_and_a_sentence(language: str) -> None:
    texts = (ROOT / f"web/app/src/messages/meeting-admin.{language}.ts").read_text()
    told = re.findall(r"^    (\w+): \{\s*name: ", texts.partition("  events: {")[2], re.MULTILINE)
    assert sorted(told) == sorted(Audited)
