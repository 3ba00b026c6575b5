"""Facts that are set aside: known again, kept whole if they are not too long, and shown without what people wrote."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from meetings_service.domain.set_aside import MAX_BYTES, set_aside, shown

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def named(version: Any, **event: Any) -> dict[str, Any]:
    return {"meeting_id": "abcd-efgh-jkmn", "version": version, "event": event}


@given(ANYTHING)
def test_anything_is_kept_and_known_again(entry: Any) -> None:
    kept = set_aside(entry, "why", now=5)
    assert kept.whole
    assert msgspec.json.decode(kept.fact) == entry
    assert kept.id == set_aside(entry, "otherwise", now=6).id


def test_fact_is_known_by_meeting_and_version() -> None:
    first, second = set_aside(named(7, type="x"), "a", now=1), set_aside(named(7, type="y"), "b", now=2)
    assert first.id == second.id
    assert first.id != set_aside(named(8, type="x"), "a", now=1).id
    assert (first.meeting_id, first.version, first.event_type) == ("abcd-efgh-jkmn", 7, "x")


@pytest.mark.parametrize("version", [0, -1, 10**12, "7", 1.5, None, True])
def test_version_that_is_none_names_nothing(version: Any) -> None:
    kept = set_aside(named(version, type=5), "a", now=1)
    assert (kept.meeting_id, kept.version, kept.event_type) == ("", 0, None)


def test_what_people_wrote_is_kept_and_not_shown() -> None:
    kept = set_aside(
        named(7, type="chat_sent", message={"text": "psst", "name": "Ada"}, extra=[{"data": "x"}]), "a", now=1
    )
    assert "psst" in kept.fact
    event = shown(kept)["event"]
    assert event == {
        "type": "chat_sent",
        "message": {"text": "(not shown)", "name": "Ada"},
        "extra": [{"data": "(not shown)"}],
    }


def test_voter_is_not_even_kept() -> None:
    kept = set_aside(named(7, type="poll_voted", identity="u_secret", options=[1], votes=[0, 1], voters=1), "a", now=1)
    assert "u_secret" not in kept.fact
    assert shown(kept)["event"] == {
        "type": "poll_voted",
        "identity": "",
        "options": "(not shown)",
        "votes": [0, 1],
        "voters": 1,
    }


def test_what_is_too_long_is_cut_off_and_not_shown() -> None:
    kept = set_aside(named(7, type="chat_sent", text="\u00e4" * MAX_BYTES), "a", now=1)
    assert not kept.whole
    assert len(kept.fact.encode()) <= MAX_BYTES
    assert shown(kept) is None
