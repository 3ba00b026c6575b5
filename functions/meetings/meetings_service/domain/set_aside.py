"""Facts that cannot be taken: how they are kept for somebody to look at, and what of them is shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

MAX_BYTES: Final = 300_000
"""So much of a fact is kept: an item of the table has an end. One that is longer cannot be tried again."""
_PRIVATE: Final = frozenset(
    {"text", "change", "data", "question", "options", "banned", "sdp", "resume_hash", "session"}
)
"""Fields that are not shown: what people wrote, and what opens something."""


class SetAsideFact(Struct, frozen=True, kw_only=True):
    """A fact that was set aside. Times in milliseconds since the epoch.

    ``meeting_id`` (of the room) and ``version`` are as it has them, empty and 0 where it has none that can be used;
    ``fact`` is its JSON, which is cut off at its end unless ``whole``; ``tries``: how often it was tried again.
    """

    id: str
    meeting_id: str
    version: int
    event_type: str | None = None
    reason: str
    set_aside_at: int
    tries: int = 0
    whole: bool
    fact: str


def set_aside(entry: Any, reason: str, *, now: int) -> SetAsideFact:
    """What is kept of an entry of a batch. The same fact always has the same id."""
    known: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    meeting_id, version = known.get("meeting_id"), known.get("version")
    named = isinstance(meeting_id, str) and len(meeting_id) <= 64 and type(version) is int and 0 < version < 10**12
    written = msgspec.json.encode(_without_voter(entry))
    name = f"{meeting_id}#{version}".encode() if named else written
    event = known.get("event")
    event_type = event.get("type") if isinstance(event, dict) else None
    return SetAsideFact(
        id=hashlib.sha256(name).hexdigest()[:32],
        meeting_id=str(meeting_id) if named else "",
        version=int(version or 0) if named else 0,
        event_type=event_type if isinstance(event_type, str) and re.fullmatch(r"\w{1,64}", event_type) else None,
        reason=reason[:500],
        set_aside_at=now,
        whole=len(written) <= MAX_BYTES,
        fact=written[:MAX_BYTES].decode(errors="ignore"),
    )


def shown(fact: SetAsideFact) -> Any:
    """The fact for people's eyes; what cannot be read is nothing."""
    return _hidden(msgspec.json.decode(fact.fact)) if fact.whole else None


def _without_voter(entry: Any) -> Any:
    """Who voted what is kept nowhere. The sums, which are what counts, stay."""
    event = entry.get("event") if isinstance(entry, dict) else None
    if not isinstance(event, dict) or event.get("type") != "poll_voted":
        return entry
    return {**entry, "event": {**event, "identity": "", "options": []}}


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "(not shown)" if name in _PRIVATE else _hidden(each) for name, each in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list) else value
