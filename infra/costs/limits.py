"""Which limits of AWS so many participants meet, and the way past each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from infra.costs.model import Bill


class Limit(Struct, frozen=True, kw_only=True):
    """``allowed``: by default, in a new account or by nature; ``wanted``: what a bill's participants ask for."""

    name: str
    allowed: float
    wanted: Callable[[Bill], float]
    plan: str


LIMITS: Final = (
    Limit(
        name="Lambda: concurrent executions of an account",
        allowed=1_000,
        wanted=lambda bill: bill.requests_a_second * 0.06,
        plan="ask for more (quota L-B99A9384; tens of thousands are given)",
    ),
    Limit(
        name="API Gateway: requests a second of an account in a region",
        allowed=10_000,
        wanted=lambda bill: bill.requests_a_second,
        plan="ask for more; beyond, several stages (organisations) in accounts of their own",
    ),
    Limit(
        name="EC2: virtual cores of standard instances on demand",
        allowed=256,
        wanted=lambda bill: (bill.nodes + bill.gateways) * 4,
        plan="ask for more (quota L-1216C47A), by zone and type ahead of time; spot above the base",
    ),
    Limit(
        name="Auto-scaling: instances of a group that one load balancer's target group takes",
        allowed=1_000,
        wanted=lambda bill: bill.gateways,
        plan="larger gateways, then a second load balancer by weighted DNS",
    ),
    Limit(
        name="Broker: commands a second of Valkey's one thread",
        allowed=150_000,
        wanted=lambda bill: bill.commands_a_second,
        plan="cluster mode (a meeting's log and channel share a slot already); until then several installations",
    ),
    Limit(
        name="Media nodes whose leases a gateway reads twice a second",
        allowed=2_000,
        wanted=lambda bill: bill.nodes,
        plan="larger nodes (c7gn.4xlarge), then regions of nodes with gateways of their own",
    ),
    Limit(
        name="DynamoDB: write units a second of a table on demand",
        allowed=40_000,
        wanted=lambda bill: bill.joins_a_second * 12,
        plan="ask for more; facts are batched by the gateways",
    ),
    Limit(
        name="SES: mails a second of an account out of the sandbox",
        allowed=14,
        wanted=lambda bill: bill.joins_a_second * 0.3 / 10,
        plan="it grows by itself with a good reputation, or by asking; jobs wait and try again",
    ),
    Limit(
        name="CloudFront: WebSockets and requests a second of a distribution",
        allowed=250_000,
        wanted=lambda bill: bill.requests_a_second + bill.joins_a_second + bill.broadcast_requests_a_second,
        plan="ask for more; or Socket.IO straight to gateway.<Domain>",
    ),
    Limit(
        name="One installation: gigabits a second out of a region before AWS wants to be asked",
        allowed=100,
        wanted=lambda bill: bill.egress_gbit_s,
        plan="several regions, each near its people; a private price for traffic",
    ),
)
