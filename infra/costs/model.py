"""The model: how many machines, bytes and requests so many participants at once are, and what AWS asks for that.

Measured values come from the README's table (`make bench`); what is assumed of how people meet, and AWS's list prices,
stand beside them by name. Change them here; docs/operations/costs.md is written by ``python -m infra.costs --write``.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct

HOURS: Final = 730
"""In a month."""
SECONDS: Final = HOURS * 3600
PIECE_S: Final = 10
"""Pieces that recordings are brought to the bucket in (`PARLEY_NODE_RECORDINGS_PIECE_S`)."""


class Measured(Struct, frozen=True, kw_only=True):
    """By ``make bench`` on two shared virtual cores; an instance's own cores are faster, and not shared."""

    node_cpu_us_per_packet: float = 2.8
    """A whole node at 30 viewers; with more viewers of one picture it is less."""
    composer_cores: float = 0.96
    """Of one film at 1080p (``BENCH=recording``: 57.5 s of CPU for each minute of it)."""
    broadcaster_cores: float = 0.53
    """Of a meeting that is streamed out at 720p: the same work, 31.9 s a minute."""
    gateway_cpu_us_per_delivery: float = 0.9
    gateway_memory_kib_per_connection: float = 34
    join_read_units: float = 4
    join_cpu_ms: float = 2.2
    login_cpu_ms: float = 27


class Assumed(Struct, frozen=True, kw_only=True):
    """How people meet: a working day's meetings, most of them small."""

    meeting_size: int = 5
    received_kbit_s: int = 1_600
    """Four others at about 360 kbit/s each (small tiles, one of them larger), sound, and what is sent again."""
    packet_bytes: int = 1_000
    events_a_minute: float = 2.0
    """What one participant does that the others are told: mute, chat, hands, who speaks."""
    minutes_a_stay: float = 40
    busy_share: float = 0.25
    """The month's average, as a share of the peak: nights and weekends are empty."""
    requests_a_stay: float = 25
    """To the functions: the page's lists, joining, renewing tokens."""
    invitations_a_stay: float = 0.3
    facts_a_stay: float = 6
    joins_peak_factor: float = 10
    """At the full hour so many times as many join as on average."""
    recorded_share: float = 0.02
    """Of the meetings, each as one film."""
    film_kbit_s: int = 2_000
    """Where mostly heads are seen; a film never has more than `media_fleet.composer.film.most_bits`."""
    broadcast_share: float = 0.0005
    """Of the meetings, streamed out for all of their time."""
    viewers: int = 50
    """Of each broadcast on average, by the page, through CloudFront."""
    broadcast_kbit_s: int = 1_500
    requests_a_viewer_s: float = 4
    """A part and a playlist each half second."""
    log_bytes_a_stay: int = 4_000
    """That gateways and nodes write while somebody is there."""
    fill: float = 0.5
    """Fleets are scaled to this share of what they bear."""


class Prices(Struct, frozen=True, kw_only=True):
    """US dollars, list prices of us-east-1 as they were when this was written; none is promised."""

    out_gb: tuple[tuple[float, float], ...] = ((10_240, 0.09), (51_200, 0.085), (153_600, 0.07), (math.inf, 0.05))
    """Up to so many GB a month, each."""
    cdn_gb: tuple[tuple[float, float], ...] = (
        (10_240, 0.085),
        (51_200, 0.08),
        (153_600, 0.06),
        (524_288, 0.04),
        (1_048_576, 0.03),
        (math.inf, 0.025),
    )
    cdn_request_million: float = 1.0
    node_hour: float = 0.2496
    """c7gn.xlarge: four cores, 10 Gbit/s steadily."""
    node_cores: int = 4
    node_gbit_s: float = 10
    gateway_hour: float = 0.145
    """c7g.xlarge."""
    gateway_cores: int = 4
    broker_hour: float = 0.6992
    """cache.r7g.2xlarge for Valkey, each member."""
    small_broker_hour: float = 0.0256
    nat_hour: float = 0.045
    load_balancer_hour: float = 0.0225
    lcu_hour: float = 0.008
    """3,000 active connections, among others."""
    api_million: float = 3.5
    lambda_million: float = 0.2
    lambda_gb_s: float = 0.0000133334
    read_million: float = 0.125
    write_million: float = 0.625
    mail_thousand: float = 0.10
    stored_gb: float = 0.023
    put_million: float = 5.0
    address_hour: float = 0.005
    logs_gb: float = 0.5


class Bill(Struct, frozen=True, kw_only=True):
    """For ``participants`` at once at the peak; costs in dollars a month."""

    participants: int
    nodes: int
    gateways: int
    egress_gbit_s: float
    films: float
    """Recordings and broadcasts at once."""
    broadcast_requests_a_second: float
    packets_a_second: float
    joins_a_second: float
    requests_a_second: float
    commands_a_second: float
    participant_hours: float
    """That people are in meetings, a month."""
    costs: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.costs.values())

    @property
    def a_participant_hour(self) -> float:
        """Dollars for each hour that somebody is in a meeting."""
        return self.total / self.participant_hours


def tiered(amount: float, tiers: tuple[tuple[float, float], ...]) -> float:
    """What an amount costs whose parts have prices of their own."""
    cost = before = 0.0
    for up_to, price in tiers:
        part = min(amount, up_to) - before
        if part <= 0:
            break
        cost += part * price
        before += part
    return cost


AS_MEASURED: Final = Measured()
AS_ASSUMED: Final = Assumed()
LIST_PRICES: Final = Prices()


def bill(
    participants: int, measured: Measured = AS_MEASURED, assumed: Assumed = AS_ASSUMED, prices: Prices = LIST_PRICES
) -> Bill:
    """One installation's month."""
    packets = participants * assumed.received_kbit_s * 125 / assumed.packet_bytes
    egress = participants * assumed.received_kbit_s / 1e6
    meetings = participants / assumed.meeting_size
    composing = meetings * (
        assumed.recorded_share * measured.composer_cores + assumed.broadcast_share * measured.broadcaster_cores
    )
    forwarding = packets * measured.node_cpu_us_per_packet / 1e6
    by_cpu = (forwarding + composing) / (prices.node_cores * assumed.fill)
    by_network = egress / (prices.node_gbit_s * assumed.fill)
    nodes = max(2, math.ceil(max(by_cpu, by_network)))
    deliveries = participants * assumed.events_a_minute / 60 * assumed.meeting_size
    memory = participants * measured.gateway_memory_kib_per_connection / 2**20 / 4
    by_cpu = deliveries * measured.gateway_cpu_us_per_delivery / 1e6 / (prices.gateway_cores * assumed.fill)
    gateways = max(2, math.ceil(max(by_cpu, memory, participants / 20_000)))
    average = participants * assumed.busy_share
    stays = average * HOURS * 60 / assumed.minutes_a_stay
    joins = average / (assumed.minutes_a_stay * 60) * assumed.joins_peak_factor / assumed.busy_share
    commands = participants * assumed.events_a_minute / 60 * 4 + nodes * 4
    return Bill(
        participants=participants,
        nodes=nodes,
        gateways=gateways,
        egress_gbit_s=egress,
        films=meetings * (assumed.recorded_share + assumed.broadcast_share),
        broadcast_requests_a_second=meetings * assumed.broadcast_share * assumed.viewers * assumed.requests_a_viewer_s,
        packets_a_second=packets,
        joins_a_second=joins,
        requests_a_second=joins * assumed.requests_a_stay / 5,
        commands_a_second=commands,
        participant_hours=average * HOURS,
        costs=_costs(
            participants, nodes=nodes, gateways=gateways, stays=stays, assumed=assumed, prices=prices, measured=measured
        ),
    )


def _costs(
    participants: int,
    *,
    nodes: int,
    gateways: int,
    stays: float,
    assumed: Assumed,
    prices: Prices,
    measured: Measured,
) -> dict[str, float]:
    average_machines = max(assumed.busy_share, 2 / nodes)
    sent_gb = participants * assumed.busy_share * assumed.received_kbit_s * SECONDS / 8 / 1e6
    requests = stays * assumed.requests_a_stay
    seconds = requests * 0.06 + stays * measured.login_cpu_ms / 1000 * 0.2
    broker = prices.broker_hour * 3 if participants > 2_000 else prices.small_broker_hour * 2
    meeting_s = stays / assumed.meeting_size * assumed.minutes_a_stay * 60
    recorded_s = meeting_s * assumed.recorded_share
    watched_s = meeting_s * assumed.broadcast_share * assumed.viewers
    return {
        "traffic to participants": tiered(sent_gb, prices.out_gb),
        "media nodes": nodes * average_machines * (prices.node_hour + prices.address_hour) * HOURS,
        "gateways and load balancer": gateways * prices.gateway_hour * HOURS
        + (prices.load_balancer_hour + participants * assumed.busy_share / 3_000 * prices.lcu_hour) * HOURS,
        "broker": broker * HOURS,
        "functions and their API": requests / 1e6 * (prices.api_million + prices.lambda_million)
        + seconds * prices.lambda_gb_s,
        "tables": (requests * measured.join_read_units * prices.read_million + stays * 12 * prices.write_million) / 1e6,
        "mail": stays * assumed.invitations_a_stay / 1000 * prices.mail_thousand,
        "recordings, a month of them": recorded_s * assumed.film_kbit_s / 8e6 * prices.stored_gb
        + recorded_s / PIECE_S / 1e6 * prices.put_million,
        "streams out, by CloudFront": tiered(watched_s * assumed.broadcast_kbit_s / 8e6, prices.cdn_gb)
        + watched_s * assumed.requests_a_viewer_s / 1e6 * prices.cdn_request_million,
        "network of one's own, logs": (3 if participants > 500 else 1) * prices.nat_hour * HOURS
        + (requests * 1_200 + stays * assumed.log_bytes_a_stay) / 1e9 * prices.logs_gb,
    }
