"""Spans: what each part of a trace took, told to a collector by OTLP over HTTP (OpenTelemetry).

Where the environment names a collector (``OTEL_EXPORTER_OTLP_ENDPOINT``, or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``),
`configure` begins to tell it; the exporter and the sampler take the rest of OpenTelemetry's variables from there, too.
Where none is named nothing is imported, and `span` does nothing.

A span's parent is what is `telemetry.logs.bound` as ``trace_id`` and ``span_id``, from whichever service: the ids go
along with tokens and requests (`telemetry.tracing`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING

from telemetry.logs import bound
from telemetry.tracing import current_span_id, current_trace_id

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_OFF = "OTEL_SDK_DISABLED"
_ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
_TOLD_WITHIN_MS = 1_000

Attribute = str | int | float | bool


class Kind(StrEnum):
    """The end of a request at which a span is."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    INTERNAL = "INTERNAL"
    """At neither."""


class Begun:
    """A span that is going on. Without a collector it is none, and its methods do nothing."""

    def __init__(self, span: Span | None) -> None:
        self._span = span

    @property
    def ids(self) -> dict[str, str]:
        """What log lines and requests within it carry: ``trace_id`` and ``span_id``."""
        if self._span is None:
            return {}
        context = self._span.get_span_context()
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def say(self, name: str, value: Attribute) -> None:
        """Adds an attribute, named as OpenTelemetry's semantic conventions have it."""
        if self._span is not None:
            self._span.set_attribute(name, value)

    def fail(self, code: str) -> None:
        """It has not come to what was asked for; ``code`` says why (``error.type``)."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

            self._span.set_attribute("error.type", code)
            self._span.set_status(Status(StatusCode.ERROR))

    def end(self, at_ns: int | None = None) -> None:
        """``at_ns``: nanoseconds since the epoch; None: now."""
        if self._span is not None:
            self._span.end(at_ns)


_provider: TracerProvider | None = None
_tracer: Tracer | None = None
_freezes = False
_root_of: ContextVar[str] = ContextVar("the trace that a span without a parent begins", default="")
_id_of: ContextVar[str] = ContextVar("the id of a span that has one already", default="")


def configure(service: str, environment: Mapping[str, str] = os.environ) -> None:
    """Begins to tell the collector that the environment names, if it does; what has gone before is forgotten."""
    global _provider, _tracer, _freezes  # noqa: PLW0603  (one for a process, as its logging)
    close()
    if environment.get(_OFF, "").lower() == "true" or not any(environment.get(name) for name in ENDPOINTS):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

    class Ids(RandomIdGenerator):
        """A trace that has begun elsewhere, without a span, is gone on with."""

        def generate_trace_id(self) -> int:
            return int(_root_of.get(), 16) if _root_of.get() else super().generate_trace_id()

        def generate_span_id(self) -> int:
            return int(_id_of.get(), 16) if _id_of.get() else super().generate_span_id()

    resource = Resource.create({"service.name": f"parley-{service}"})
    _provider = TracerProvider(resource=resource, id_generator=Ids(), shutdown_on_exit=True)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("parley")
    _freezes = _ON_LAMBDA in environment


def before_answering() -> None:
    """To be called once a request's span has ended: on Lambda, where the process is frozen when it has answered, the
    collector is told at once."""
    if _provider is not None and _freezes:
        _provider.force_flush(_TOLD_WITHIN_MS)


def close() -> None:
    """The last is told, and nothing more."""
    global _provider, _tracer  # noqa: PLW0603
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


def is_told() -> bool:
    """Whether there is a collector."""
    return _tracer is not None


def tell(name: str, kind: Kind, began_ns: int, ended_ns: int, *, span_id: str = "") -> Begun:
    """A span that is over, whose times somebody else has measured; ``span_id``: the id that it has already."""
    if _tracer is None:
        return Begun(None)
    mine = _id_of.set(span_id)
    try:
        span = begin(name, kind, began_ns=began_ns)
    finally:
        _id_of.reset(mine)
    span.end(ended_ns)
    return span


def begin(
    name: str, kind: Kind, attributes: Mapping[str, Attribute] | None = None, *, began_ns: int | None = None
) -> Begun:
    """A span that the caller ends. ``began_ns``: nanoseconds since the epoch; None: now."""
    if _tracer is None:
        return Begun(None)
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    root = _root_of.set("" if current_span_id() else current_trace_id())
    try:
        return Begun(
            _tracer.start_span(name, context=_parent(), kind=SpanKind[kind], attributes=attributes, start_time=began_ns)
        )
    finally:
        _root_of.reset(root)


@contextlib.contextmanager
def span(name: str, kind: Kind, attributes: Mapping[str, Attribute] | None = None) -> Iterator[Begun]:
    """A span of what is done within. An exception that comes out of it says why it has failed, by its ``code``."""
    begun = begin(name, kind, attributes)
    try:
        with bound(**begun.ids):
            yield begun
    except BaseException as error:
        begun.fail(str(getattr(error, "code", None) or type(error).__name__))
        raise
    finally:
        begun.end()


def _parent() -> Context:
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import (  # noqa: PLC0415
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    trace_id, span_id = current_trace_id(), current_span_id()
    if not trace_id or not span_id:
        return Context()
    remote = SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return set_span_in_context(NonRecordingSpan(remote), Context())
