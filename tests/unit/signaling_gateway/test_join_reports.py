"""What coming in took a client, as the collector of traces is told of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.join_reports import JoinPhase, JoinStep, ReportJoin
from signaling_gateway.edge.join_reports import tell_join
from telemetry import spans
from telemetry.tracing import traced
from tests.doubles.trace_collector import Collector, collecting_from

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NOW_NS = 1_700_000_000_000_000_000
REPORT = ReportJoin(
    span_id=SPAN,
    phases=(
        JoinPhase(step=JoinStep.TICKET, began_ms=500, ended_ms=300),
        JoinPhase(step=JoinStep.MEDIA, began_ms=300, ended_ms=20),
    ),
)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting_from("signaling", monkeypatch) as collector:
        yield collector


def test_it_is_the_root_of_the_trace_with_its_steps_under_it(collector: Collector) -> None:
    # The request that it was told with lies elsewhere in the trace.
    with traced(TRACE, "1111111111111111"):
        tell_join(REPORT, trace_id=TRACE, now_ns=NOW_NS)
    spans.close()
    told = [(each.name, each.parent_id, NOW_NS - each.started_at, NOW_NS - each.ended_at) for each in collector.spans]
    ms = 1_000_000
    assert told == [
        ("join", "", 500 * ms, 20 * ms),
        ("join: ticket", SPAN, 500 * ms, 300 * ms),
        ("join: media", SPAN, 300 * ms, 20 * ms),
    ]
    assert collector.spans[0].span_id == SPAN
    assert {each.trace_id for each in collector.spans} == {TRACE}


def test_without_a_collector_nothing_is_told() -> None:
    spans.configure("signaling", {})
    tell_join(REPORT, trace_id=TRACE, now_ns=NOW_NS)
