"""docs/configuration.md has every setting of every service with its default, and no other."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from auth_service.settings import AuthSettings
from meetings_service.settings import MeetingsSettings

from infra.local.settings import ROOT, LocalSettings
from media_fleet.settings import Settings as NodeSettings
from signaling_gateway.settings import GatewaySettings

REFERENCE = (ROOT / "docs" / "configuration.md").read_text()
ROWS = dict(re.findall(r"^\| `(PARLEY_[A-Z0-9_]+)` \| ([^|]+) \|", REFERENCE, re.MULTILINE))
SECTIONS: list[tuple[str, type[msgspec.Struct]]] = [
    ("PARLEY_", LocalSettings),
    ("PARLEY_AUTH_", AuthSettings),
    ("PARLEY_MEETINGS_", MeetingsSettings),
    ("PARLEY_GATEWAY_", GatewaySettings),
    ("PARLEY_NODE_", NodeSettings),
]


def shown(default: Any) -> set[str]:
    """How a default may be written in the reference."""
    if default is msgspec.NODEFAULT:
        return {"required"}
    if default is None:
        return {"none", "AWS"}
    if default in ((), ""):
        return {"empty", "`[]`"}
    if isinstance(default, tuple):
        return {f"`{','.join(default)}`"}
    return {f"`{default}`"}


@pytest.mark.parametrize(("prefix", "kind"), SECTIONS)
def test_every_setting_is_described_with_its_default(prefix: str, kind: Any) -> None:
    for field in msgspec.structs.fields(kind):
        variable = f"{prefix}{field.name.upper()}"
        assert variable in ROWS, f"{variable} is not described"
        assert ROWS[variable].strip() in shown(field.default), f"{variable} has the default {field.default!r}"


def test_nothing_is_described_that_is_no_setting() -> None:
    known = {f"{prefix}{field.name.upper()}" for prefix, kind in SECTIONS for field in msgspec.structs.fields(kind)}
    assert set(ROWS) == known
