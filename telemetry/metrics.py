"""Metrics over HTTP, in the text format that Prometheus and OpenTelemetry collectors read; their reference."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    make_wsgi_app,
    start_http_server,
)
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_Kind = TypeVar("_Kind", bound=MetricWrapperBase)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""The buckets of what a person waits for."""
REFERENCE = Path(__file__).parent.parent / "docs" / "metrics.md"

Answer = tuple[int, bytes]
"""The status and the body, JSON."""
Page = Callable[[], Answer]

Row = tuple[str, str, str, str]
"""Name, kind, labels and meaning of a metric, as the reference has them."""


class Metrics:
    """The metrics of one kind of process. Names begin with ``prefix``; units are those of Prometheus (seconds, bytes).

    Metrics are counted in the process, not in an instance: as Prometheus's own libraries do.
    """

    def __init__(self, prefix: str) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._prefix = prefix
        self._own: list[MetricWrapperBase] = []

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """What only grows. Its samples end in ``_total``."""
        return self._kept(Counter(f"{self._prefix}_{name}", text, labels, registry=self.registry))

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """What goes up and down."""
        return self._kept(Gauge(f"{self._prefix}_{name}", text, labels, registry=self.registry))

    def histogram(self, name: str, text: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
        """How often what was measured was at most as much as each bucket says."""
        return self._kept(Histogram(f"{self._prefix}_{name}", text, labels, registry=self.registry, buckets=buckets))

    @contextlib.contextmanager
    def collected(self, collector: Collector) -> Iterator[None]:
        """Has more metrics read from elsewhere, for as long as that is there."""
        self.registry.register(collector)
        try:
            yield
        finally:
            self.registry.unregister(collector)

    @contextlib.contextmanager
    def served(self, address: str, port: int, *, pages: Mapping[str, Page] = MappingProxyType({})) -> Iterator[None]:
        """Answers requests at that address, in threads of their own; at port 0, nothing is served.

        ``pages`` are answered at their paths. They may be asked for several times at once.

        Raises:
            OSError: the port cannot be bound.
        """
        if port == 0:
            yield
            return
        server, thread = start_http_server(port, address, self.registry)
        server.set_app(_with_pages(make_wsgi_app(self.registry), pages))
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def rows(self) -> Iterator[Row]:
        """Every metric of its own."""
        for metric in self._own:
            [described] = metric.describe()
            ending = "_total" if described.type == "counter" else ""
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001  (there is no other way)
            yield f"{described.name}{ending}", described.type, labels, described.documentation

    def _kept(self, metric: _Kind) -> _Kind:
        self._own.append(metric)
        return metric


def _with_pages(metrics: WSGIApplication, pages: Mapping[str, Page]) -> WSGIApplication:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page = pages.get(environ["PATH_INFO"])
        if page is None:
            return metrics(environ, start_response)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            status, body = 405, b'{"status":"method not allowed"}'
        else:
            status, body = page()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application


def with_table(page: str, prefix: str, rows: Iterable[Row]) -> str:
    """The reference with the table of one kind of process written anew."""
    begin, end = f"<!-- {prefix} -->", f"<!-- end of {prefix} -->"
    before, after = page.partition(begin)[0], page.partition(end)[2]
    lines = [f"| `{name}` | {kind} | {labels} | {text} |" for name, kind, labels, text in rows]
    table = "\n".join(["| Name | Kind | Labels | Meaning |", "|---|---|---|---|", *lines])
    return f"{before}{begin}\n{table}\n{end}{after}"


def write_table(prefix: str, rows: Iterable[Row]) -> None:
    """Writes that table into the reference."""
    REFERENCE.write_text(with_table(REFERENCE.read_text(encoding="utf-8"), prefix, rows), encoding="utf-8")
