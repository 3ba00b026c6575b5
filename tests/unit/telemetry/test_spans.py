"""Spans, as a collector is told of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from telemetry import spans
from telemetry.logs import bound_value
from telemetry.spans import Kind
from telemetry.tracing import current_span_id, traced
from tests.doubles.trace_collector import Collector, collecting_from

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


class RefusedError(Exception):
    code = "not_found"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting_from("tested", monkeypatch) as collector:
        yield collector


def told(collector: Collector) -> dict[str, object]:
    """All spans by name, once the collector was told of them."""
    spans.close()
    return {each.name: each for each in collector.spans}


def test_spans_lie_in_each_other_and_under_their_caller(collector: Collector) -> None:
    asked = {"parley.node_id": "n_1"}
    with traced(TRACE, CALLER), spans.span("GET /v1/x", Kind.SERVER), spans.span("ask", Kind.CLIENT, asked):
        inner_id = current_span_id()
    spans.close()
    outer, inner = sorted(collector.spans, key=lambda each: each.kind, reverse=True)
    assert (outer.service, outer.name, outer.kind) == ("parley-tested", "GET /v1/x", "SERVER")
    assert (outer.trace_id, outer.parent_id) == (TRACE, CALLER)
    assert (inner.trace_id, inner.parent_id, inner.span_id) == (TRACE, outer.span_id, inner_id)
    assert inner.attributes == asked
    assert outer.started_at <= inner.started_at <= inner.ended_at <= outer.ended_at


def test_a_trace_that_began_without_a_span_goes_on(collector: Collector) -> None:
    with traced(TRACE), spans.span("first", Kind.SERVER):
        pass
    spans.close()
    [span] = collector.spans
    assert (span.trace_id, span.parent_id) == (TRACE, "")


def test_two_traces_of_their_own(collector: Collector) -> None:
    for name in ("one", "other"):
        with spans.span(name, Kind.SERVER):
            pass
    assert len(told(collector)) == len({each.trace_id for each in collector.spans}) == 2


def test_what_failed_says_why_and_nothing_more(collector: Collector) -> None:
    with pytest.raises(RefusedError), spans.span("refused", Kind.SERVER):
        raise RefusedError("a secret")
    with pytest.raises(ValueError, match="secret"), spans.span("broken", Kind.SERVER):
        raise ValueError("a secret")
    spans.close()
    assert [(each.failed, each.attributes) for each in collector.spans] == [
        (True, {"error.type": "not_found"}),
        (True, {"error.type": "ValueError"}),
    ]


def test_log_lines_have_the_span(collector: Collector) -> None:
    with traced(TRACE), spans.span("first", Kind.SERVER) as span:
        assert bound_value("span_id") == span.ids["span_id"] == current_span_id()
    assert current_span_id() == ""


def test_on_lambda_the_collector_is_told_before_the_answer(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "parley-auth")
    spans.configure("auth")
    with spans.span("GET /v1/x", Kind.SERVER):
        pass
    spans.before_answering()
    assert [each.name for each in collector.spans] == ["GET /v1/x"]


def test_a_sampler_of_the_environment_is_heeded(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    spans.configure("tested")
    with traced(TRACE, CALLER), spans.span("not told", Kind.SERVER):
        pass
    spans.close()
    assert collector.spans == []


@pytest.mark.parametrize("disabled", [False, True])
def test_without_a_collector_there_is_nothing(*, disabled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if disabled:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    spans.configure("tested")
    with traced(TRACE, CALLER), spans.span("nothing", Kind.SERVER) as span:
        assert current_span_id() == CALLER
        assert span.ids == {}
        span.say("a", 1)
        span.fail("x")
    spans.before_answering()


def test_without_a_collector_nothing_is_imported() -> None:
    script = "import sys; from telemetry import spans; spans.configure('x', {}); print('opentelemetry' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
