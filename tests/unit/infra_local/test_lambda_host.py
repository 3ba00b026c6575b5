"""What a Lambda host makes of a Chalice application, and how it names functions."""

from __future__ import annotations

import time

import pytest
from aiohttp.test_utils import TestClient, TestServer
from chalice.app import Chalice, Cron, Rate

from infra.local.lambda_host import Host, LambdaContext, describe, function_name, rate_seconds


@pytest.mark.parametrize(
    "reference",
    [
        "parley-auth",
        "parley-auth:7",
        "arn:aws:lambda:us-east-1:123456789012:function:parley-auth",
        "arn:aws:lambda:us-east-1:123456789012:function:parley-auth:$LATEST",
        "123456789012:function:parley-auth",
    ],
)
def test_a_function_is_found_by_every_kind_of_reference(reference: str) -> None:
    assert function_name(reference) == "parley-auth"


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [(Rate(1, unit=Rate.HOURS), 3_600), (Rate(5, unit=Rate.MINUTES), 300), ("rate(2 days)", 172_800)],
)
def test_a_rate_is_read(expression: Rate | str, seconds: int) -> None:
    assert rate_seconds(expression) == seconds


def test_a_schedule_that_the_platform_cannot_keep_is_refused() -> None:
    with pytest.raises(ValueError, match="cron"):
        rate_seconds(Cron(0, 1, "?", "*", "*", "*"))


def test_an_application_is_described_by_what_it_registered() -> None:
    app = Chalice("shop")

    @app.route("/v1/things/{id}", methods=["GET", "PUT"])
    def thing() -> None: ...

    @app.lambda_function(name="take")
    def take(event: object, context: object) -> None: ...

    @app.schedule(Rate(2, unit=Rate.HOURS), name="tidy")
    def tidy(event: object) -> None: ...

    described = describe(app)
    assert described.rest_function == "shop"
    assert described.functions == ("shop-take", "shop-tidy")
    assert described.routes == {"/v1/things/{id}": ("GET", "PUT")}
    assert [(schedule.function, schedule.every_s) for schedule in described.schedules] == [("shop-tidy", 7_200)]


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
async def test_no_page_invokes_a_function(header: str) -> None:
    invoked: list[object] = []
    host = Host({"shop": lambda event, _: invoked.append(event)}, describe(Chalice("shop")))
    async with TestClient(TestServer(host.application())) as client:
        path = "/2015-03-31/functions/shop/invocations"
        async with client.post(path, data=b"{}", headers={header: "https://evil.example"}) as answer:
            assert answer.status == 403
        assert invoked == []
        async with client.post(path, data=b"{}") as answer:
            assert answer.status == 200
        assert invoked == [{}]


def test_a_function_can_see_how_long_it_has() -> None:
    context = LambdaContext(
        function_name="f", aws_request_id="r", invoked_function_arn="arn", deadline=time.monotonic() + 10
    )
    assert 9_000 < context.get_remaining_time_in_millis() <= 10_000
