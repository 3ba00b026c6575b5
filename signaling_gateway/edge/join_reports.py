"""What coming in took a client, told to the collector of traces in the client's name: it has no way to that one."""

from __future__ import annotations

from contracts.join_reports import ReportJoin
from telemetry import spans
from telemetry.logs import bound

_MS = 1_000_000


def tell_join(report: ReportJoin, *, trace_id: str, now_ns: int) -> None:
    """The root of a trace, under which the meeting service has put the request for the token, and its phases."""
    began_ms, ended_ms = max(each.began_ms for each in report.phases), min(each.ended_ms for each in report.phases)

    def at(ms_ago: int) -> int:
        return now_ns - ms_ago * _MS

    with bound(trace_id=trace_id, span_id=""):
        join = spans.tell("join", spans.Kind.CLIENT, at(began_ms), at(ended_ms), span_id=report.span_id)
        with bound(**join.ids):
            for phase in report.phases:
                name = f"join: {phase.step}"
                spans.tell(name, spans.Kind.INTERNAL, at(phase.began_ms), at(phase.ended_ms))
