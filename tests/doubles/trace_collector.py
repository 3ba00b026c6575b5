"""A collector of traces: takes OTLP over HTTP, in protobuf as exporters send it, and keeps the spans."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Told
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from telemetry import spans


@dataclass(frozen=True)
class Span:
    """One span. ``started_at`` and ``ended_at``: nanoseconds since the epoch."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    started_at: int
    ended_at: int
    failed: bool
    attributes: Mapping[str, str]


class Collector(http.server.ThreadingHTTPServer):
    """Listens on the loopback interface."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._came = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def endpoint(self) -> str:
        """For ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, request: ExportTraceServiceRequest) -> None:
        told = [
            _span(str(_text(resource.resource.attributes)["service.name"]), span)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._came:
            self.spans += told
            self._came.notify_all()

    def wait_for(self, trace_id: str, service: str, name: str, parent_id: str, *, within_s: float = 30.0) -> Span:
        """The span of a trace under another one, once it has come."""

        def found() -> Span | None:
            wanted = (trace_id, service, name, parent_id)
            return next((e for e in self.spans if (e.trace_id, e.service, e.name, e.parent_id) == wanted), None)

        with self._came:
            span = self._came.wait_for(found, within_s)
            assert span is not None, f"no {name} of {service} under {parent_id}, but {self.spans}"
            return span


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces"
        assert isinstance(self.server, Collector)
        self.server.take(ExportTraceServiceRequest.FromString(body))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Tests print what they need."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the end of the block."""
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


@contextmanager
def collecting_from(service: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that this process tells of its spans, as a service."""
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        spans.configure(service)
        yield collector
        spans.close()


def _span(service: str, told: Told) -> Span:
    return Span(
        service=service,
        name=told.name,
        kind=Told.SpanKind.Name(told.kind).removeprefix("SPAN_KIND_"),
        trace_id=told.trace_id.hex(),
        span_id=told.span_id.hex(),
        parent_id=told.parent_span_id.hex(),
        started_at=told.start_time_unix_nano,
        ended_at=told.end_time_unix_nano,
        failed=told.status.code == Status.STATUS_CODE_ERROR,
        attributes=_text(told.attributes),
    )


def _text(attributes: object) -> dict[str, str]:
    values: dict[str, str] = {}
    for each in attributes:  # type: ignore[attr-defined]
        kind = each.value.WhichOneof("value")
        values[each.key] = str(getattr(each.value, kind))
    return values
