"""What a machine tells CloudWatch of its service's page for Prometheus."""

from __future__ import annotations

import boto3
from moto import mock_aws
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from infra.machine.measure import NAMESPACE, data, growth, read


def page(load: float, sent: int, lag: list[float]) -> str:
    """As the services write it."""
    registry = CollectorRegistry()
    Gauge("parley_node_load", "busy", registry=registry).set(load)
    Counter("parley_node_bytes_sent", "bytes", registry=registry).inc(sent)
    placements = Counter("parley_gateway_placements", "searches", ["outcome"], registry=registry)
    placements.labels("placed").inc(3)
    placements.labels("none").inc(1)
    histogram = Histogram("parley_gateway_loop_lag_seconds", "late", buckets=(0.05, 1), registry=registry)
    for value in lag:
        histogram.observe(value)
    Gauge("parley_node_else", "not wanted", registry=registry).set(1)
    return generate_latest(registry).decode()


def test_wanted_samples_are_read_and_no_others() -> None:
    gauges, counters = read(page(0.25, 1000, [0.01, 0.5]))
    assert gauges == {"NodeLoad": 0.25}
    assert counters == {
        "ForwardedBytes": 1000,
        "Placements": 3,
        "PlacementsWithoutNode": 1,
        "LoopLagLooks": 2,
        "LoopLagGood": 1,
    }


def test_counters_are_told_by_what_they_grew() -> None:
    assert growth({"ForwardedBytes": 100}, {"ForwardedBytes": 160, "Placements": 3}) == {"ForwardedBytes": 60}


def test_a_service_that_began_again_is_told_from_its_beginning() -> None:
    assert growth({"ForwardedBytes": 100}, {"ForwardedBytes": 7}) == {"ForwardedBytes": 7}


def test_cloudwatch_takes_it() -> None:
    with mock_aws():
        cloudwatch = boto3.client(
            "cloudwatch", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data({"NodeLoad": 0.5}, stage="prod"))
        [metric] = cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]
        assert (metric["MetricName"], metric["Dimensions"]) == ("NodeLoad", [{"Name": "Stage", "Value": "prod"}])
