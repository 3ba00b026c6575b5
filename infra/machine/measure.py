"""``python -m infra.machine.measure URL``: what a service tells for Prometheus, once a minute as metrics of CloudWatch.

A few only, those that a fleet is scaled by and people are woken for (infra/alarms.yaml): each metric costs money.
Gauges are told as they are; counters as what they grew by since the minute before.
"""

from __future__ import annotations

import os
import re
import sys
import time
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

NAMESPACE: Final = "Parley"
EVERY_S: Final = 60.0
_SAMPLE: Final = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>[^}]*)\})?\s+(?P<value>\S+)")
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Samples = dict[str, float]
"""By the name of the metric in CloudWatch."""

GAUGES: Final[Mapping[str, str]] = {
    "parley_node_load": "NodeLoad",
    "parley_node_participants": "NodeParticipants",
    "parley_node_uploads_waiting": "UploadsWaiting",
    "parley_gateway_connections": "GatewayConnections",
    "parley_gateway_facts_waiting": "FactsWaiting",
}
COUNTERS: Final[Mapping[tuple[str, str], str]] = {
    ("parley_node_bytes_sent_total", ""): "ForwardedBytes",
    ("parley_node_lease_failures_total", ""): "LeaseFailures",
    ("parley_node_recordings_failed_total", ""): "RecordingsFailed",
    ("parley_gateway_placements_total", "outcome=none"): "PlacementsWithoutNode",
    ("parley_gateway_placements_total", "outcome=placed"): "Placements",
    ("parley_gateway_log_append_seconds_count", "outcome=unavailable"): "LogUnavailable",
    ("parley_gateway_log_append_seconds_count", "outcome=lost"): "LogLost",
    ("parley_gateway_log_append_seconds_count", "outcome=stands"): "LogAppends",
    ("parley_gateway_facts_total", "outcome=dead"): "FactsSetAside",
    ("parley_gateway_loop_lag_seconds_count", ""): "LoopLagLooks",
    ("parley_gateway_loop_lag_seconds_bucket", "le=0.05"): "LoopLagGood",
}


def read(text: str) -> tuple[Samples, Samples]:
    """Gauges and counters that are wanted, of a page in Prometheus' text format."""
    gauges: Samples = {}
    counters: Samples = {}
    for line in text.splitlines():
        found = _SAMPLE.match(line)
        if found is None:
            continue
        if found["name"] in GAUGES:
            gauges[GAUGES[found["name"]]] = float(found["value"])
        labels = {f"{name}={value}" for name, value in _LABEL.findall(found["labels"] or "")}
        for (name, label), metric in COUNTERS.items():
            if name == found["name"] and (not label or label in labels):
                counters[metric] = counters.get(metric, 0.0) + float(found["value"])
    return gauges, counters


def growth(before: Samples, now: Samples) -> Samples:
    """What counters grew by; one that is smaller than before is of a service that started again."""
    return {
        name: value - before[name] if value >= before[name] else value for name, value in now.items() if name in before
    }


def data(values: Samples, *, stage: str) -> list[dict[str, Any]]:
    """As CloudWatch takes it: one dimension, so that a fleet's machines are one metric whose average and sum make
    sense."""
    return [
        {"MetricName": name, "Dimensions": [{"Name": "Stage", "Value": stage}], "Value": value, "StorageResolution": 60}
        for name, value in sorted(values.items())
    ]


def main() -> None:
    import boto3  # noqa: PLC0415

    cloudwatch = boto3.client("cloudwatch")
    before: Samples = {}
    while True:
        try:
            with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:  # noqa: S310  (this machine's own)
                gauges, counters = read(answer.read().decode())
        except OSError:  # it starts, or drains
            before = {}
        else:
            told = data({**gauges, **growth(before, counters)}, stage=os.environ["PARLEY_MACHINE_STAGE"])
            before = counters
            cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=told)
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
