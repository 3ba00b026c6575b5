"""Trace ids of W3C Trace Context."""

from __future__ import annotations

import re

import pytest

from telemetry.logs import bound, bound_value
from telemetry.tracing import TRACE_ID, current_span_id, current_trace_id, new_trace_id, traced, traced_as

ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("traceparent", [f"00-{ID}-00f067aa0ba902b7-01", f"cc-{ID}-00f067aa0ba902b7-00-and-more"])
def test_the_callers_trace_goes_on(traceparent: str) -> None:
    with traced_as(traceparent):
        assert (current_trace_id(), current_span_id()) == (ID, "00f067aa0ba902b7")


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "x",
        f"00-{ID.upper()}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{ID}-{'0' * 16}-01",
        f"ff-{ID}-00f067aa0ba902b7-01",
        f"00-{ID}-00f067aa0ba902b7-01-more",
        f"00-{ID}-00f067aa0ba902b7-01\n",
    ],
)
def test_what_is_malformed_begins_a_trace(traceparent: str | None) -> None:
    with traced_as(traceparent):
        begun = current_trace_id()
        assert current_span_id() == ""
    assert re.fullmatch(TRACE_ID, begun)
    assert begun != ID
    assert begun != new_trace_id()


def test_the_current_trace_is_the_one_that_is_bound() -> None:
    assert current_trace_id() == ""
    with bound(trace_id=ID):
        assert current_trace_id() == ID


def test_ids_that_are_not_known_are_not_in_log_lines() -> None:
    with traced(ID), traced(""):
        assert (bound_value("trace_id"), bound_value("span_id")) == (ID, None)
