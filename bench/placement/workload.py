"""What the simulation plays: nodes in regions, meetings of realistic sizes, when they start, who comes when."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from contracts.rooms import MeetingId, NodeId

REGIONS = {"eu-central": 100, "eu-west": 60, "us-east": 40}
"""How many nodes each has. Meetings come from them in the same proportion."""
GATEWAYS_PER_REGION = {"eu-central": 10, "eu-west": 6, "us-east": 4}
SIZES = ((0.965, 2, 6), (0.03, 7, 20), (0.005, 50, 50))
"""Share of the meetings, least and greatest size."""
CAPACITY_PACKETS = 200_000
"""Packets a second that are a node's full load: the default of ``PARLEY_NODE_CAPACITY_PACKETS``."""
SENT, RECEIVED, SEEN = 200, 100, 9
"""Packets a second that each participant publishes, receives from each one that it sees; and how many it sees."""

FIRST_MS = 5_000
"""By now the nodes are up, and every gateway has seen them."""
HOUR_MS = 300_000
"""When the full hour strikes: until a minute after it, more than half of all meetings start."""
QUIET_SHARE = 0.4
"""Of the meetings, those that start at any time before the hour."""
COMING_S = 25.0
"""The mean time from a meeting's start until one of its people comes."""
LATEST_MS = 120_000
SETTLED_MS = HOUR_MS + 200_000
"""From now on everybody is there, and nodes begin to fail."""
END_MS = SETTLED_MS + 150_000


def meeting_load(people: int) -> float:
    """The share of a node that a meeting of so many takes."""
    return people * (SENT + RECEIVED * min(people - 1, SEEN)) / CAPACITY_PACKETS if people > 1 else 0.0


@dataclass(frozen=True)
class MeetingPlan:
    """One meeting. Times in milliseconds from the beginning."""

    id: MeetingId
    region: str
    gateways: tuple[int, ...]
    """Which gateways of the region its people come to; the first of them has the first one."""
    arrivals: tuple[int, ...]
    ends_at: int


@dataclass(frozen=True)
class NodePlan:
    """One node; None: it does not."""

    id: NodeId
    region: str
    starts_at: int
    dies_at: int | None = None
    stops_at: int | None = None
    """Told to stop: it drains for ten seconds, and gives its lease up."""


@dataclass(frozen=True)
class Workload:
    meetings: tuple[MeetingPlan, ...]
    nodes: tuple[NodePlan, ...]


def make(meetings: int, *, seed: int) -> Workload:
    """A workload of so many meetings; the same for the same seed."""
    random = Random(seed)
    return Workload(
        meetings=tuple(_meeting(MeetingId(f"m{number}"), random) for number in range(meetings)),
        nodes=tuple(_nodes(random)),
    )


def scarce(workload: Workload) -> Workload:
    """The same with half the nodes in the smallest region, which then cannot take all its meetings."""
    smallest = min(REGIONS, key=REGIONS.__getitem__)
    there = [node for node in workload.nodes if node.region == smallest]
    gone = set(there[len(there) // 2 :])
    return Workload(workload.meetings, tuple(node for node in workload.nodes if node not in gone))


def _meeting(meeting_id: MeetingId, random: Random) -> MeetingPlan:
    region = random.choices(list(REGIONS), weights=list(REGIONS.values()))[0]
    _, least, greatest = random.choices(SIZES, weights=[share for share, _, _ in SIZES])[0]
    if random.random() < QUIET_SHARE:
        starts_at = random.randrange(FIRST_MS, HOUR_MS)
        ends_at = starts_at + int(random.expovariate(1 / 900_000)) + LATEST_MS
    else:
        starts_at, ends_at = HOUR_MS + int(random.triangular(-20_000, 60_000, 0)), END_MS
    size = random.randint(least, greatest)
    later = (min(LATEST_MS, int(random.expovariate(1 / COMING_S) * 1000)) for _ in range(size - 1))
    count = GATEWAYS_PER_REGION[region]
    return MeetingPlan(
        id=meeting_id,
        region=region,
        gateways=tuple(random.sample(range(count), min(count, size, 4))),
        arrivals=(starts_at, *sorted(starts_at + after for after in later)),
        ends_at=ends_at,
    )


def _nodes(random: Random) -> list[NodePlan]:
    """Of each ten nodes one comes up empty just before the hour. Later ten die one by one, ten at once, ten drain."""
    names = [(NodeId(f"{region}-{number}"), region) for region, count in REGIONS.items() for number in range(count)]
    fates = random.sample(names, 30)
    one_by_one = {node_id: SETTLED_MS + 5_000 * at for at, (node_id, _) in enumerate(fates[:10])}
    at_once = {node_id: SETTLED_MS + 70_000 for node_id, _ in fates[10:20]}
    drained = {node_id: SETTLED_MS + 90_000 + 3_000 * at for at, (node_id, _) in enumerate(fates[20:])}
    dying = {**one_by_one, **at_once}
    return [
        NodePlan(
            id=node_id,
            region=region,
            starts_at=HOUR_MS - 10_000 if number % 10 == 0 else 0,
            dies_at=dying.get(node_id),
            stops_at=drained.get(node_id),
        )
        for number, (node_id, region) in enumerate(names)
    ]
