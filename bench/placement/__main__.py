"""10,000 meetings on 200 nodes that come, die and stop: `python -m bench.placement [--meetings N] [--seed N]`.

A simulation of ten minutes around a full hour, with the real decisions (see `bench.placement.simulation`): 20 gateways
in three regions, 20 nodes that come up empty just before the hour, then ten that die one by one, ten at once, and ten
that are told to stop. Compared are a random choice, the rule before this one (the least loaded of all), this one, and
one that knows at every moment what is on every node and who is still to come. Then the same with too few nodes in one
region, and the Redis commands of placements, counted by a real Valkey. Prints the tables and writes
``artefacts/placement.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Callable
from random import Random
from typing import Any

from bench.placement import redis_cost
from bench.placement.rules import AnyNode, LeastLoaded, Omniscient, Rule
from bench.placement.simulation import Simulation
from bench.placement.workload import END_MS, HOUR_MS, SETTLED_MS, Workload, make, meeting_load, scarce
from signaling_gateway.service.node_placement import NodePlacement
from tests.platform_process import ROOT

NEAREST = {
    "eu-central": ("eu-central", "eu-west"),
    "eu-west": ("eu-west", "eu-central"),
    "us-east": ("us-east", "eu-west"),
}
MOMENTS = {
    "before the hour": HOUR_MS - 20_000,
    "people coming": HOUR_MS + 60_000,
    "all there": SETTLED_MS - 1_000,
    "after the losses": END_MS - 1_000,
}
MakeRule = Callable[[Simulation, str, Random], Rule]
RULES: dict[str, MakeRule] = {
    "random": AnyNode,
    "before: least loaded": lambda simulation, region, _: LeastLoaded(simulation, region),
    "now": lambda simulation, region, random: NodePlacement(
        simulation, regions=NEAREST[region], steady=simulation.clock, draw=random.randrange
    ),
    "all-knowing": lambda simulation, region, _: Omniscient(simulation, region, simulation.final_load),
}


class Record:
    """What is written down each second."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.evenness: dict[str, dict[str, float]] = {}
        self.overloaded_node_seconds = 0
        self.ideal: dict[str, dict[str, float]] = {}

    def take(self) -> None:
        nodes = [node for node in self._simulation.nodes.values() if node.alive]
        self.overloaded_node_seconds += sum(node.load > 1 for node in nodes)
        for moment, at in MOMENTS.items():
            if at == self._simulation.now:
                self.evenness[moment] = evenness([node.load for node in nodes if not node.draining])
                self.ideal[moment] = evenness(self._packed())

    def _packed(self) -> list[float]:
        """The loads, were the meetings of this moment laid out anew: the largest first, each on the least loaded."""
        loads: list[float] = []
        for region in NEAREST:
            nodes = [node for node in self._simulation.nodes.values() if node.plan.region == region and node.alive]
            meetings = (meeting_load(meeting.people) for node in nodes for meeting in node.meetings)
            packed = [0.0] * sum(not node.draining for node in nodes)
            for load in sorted(meetings, reverse=True):
                least = min(range(len(packed)), key=packed.__getitem__)
                packed[least] += load
            loads += packed
        return loads


def evenness(loads: list[float]) -> dict[str, float]:
    """The mean, the greatest by the mean, and the standard deviation by the mean."""
    mean = statistics.fmean(loads)
    return {"mean": mean, "greatest": max(loads) / mean, "deviation": statistics.pstdev(loads) / mean}


async def play(workload: Workload, rule: MakeRule, *, seed: int) -> dict[str, Any]:
    """One rule's outcome."""
    simulation, random = Simulation(workload, seed=seed), Random(seed)
    record = Record(simulation)
    await simulation.run(lambda region: rule(simulation, region, random), each_second=record.take)
    losses = simulation.losses.values()
    return {
        "evenness": record.evenness,
        "ideal": record.ideal,
        "overloaded_node_seconds": record.overloaded_node_seconds,
        "lost_nodes": len(losses),
        "meetings_on_lost_nodes": sum(loss.meetings - loss.ended for loss in losses),
        "moves": simulation.moves,
        "moves_from_living_nodes": simulation.strays,
        "away_from_their_region": sum(
            meeting.plan.region != node.plan.region for node in simulation.nodes.values() for meeting in node.meetings
        ),
        "most_to_one_heir": max(max(loss.heirs.values(), default=0) for loss in losses),
        "decision_us": simulation.seconds_deciding / simulation.placements * 1e6,
    }


async def measure(meetings: int, seed: int) -> dict[str, Any]:
    """All that is shown; see `play`, `evenness` and `redis_cost.measure` for its parts."""
    workload = make(meetings, seed=seed)
    return {
        "meetings": meetings,
        "nodes": len(workload.nodes),
        "rules": {name: await play(workload, rule, seed=seed) for name, rule in RULES.items()},
        "scarce": {name: await play(scarce(workload), rule, seed=seed) for name, rule in RULES.items()},
        "redis": await redis_cost.measure(workload.nodes, placements=1_000),
    }


def show(result: dict[str, Any]) -> None:
    """The tables. ``laid out anew``: a bound that no rule reaches which leaves meetings where they are."""
    print(f"{result['meetings']} meetings, {result['nodes']} nodes. Load of a node: greatest / mean, deviation / mean")
    print(f"{'':22}" + "".join(f"{moment:>20}" for moment in MOMENTS))
    for name, row in [*result["rules"].items(), ("laid out anew", {"evenness": result["rules"]["now"]["ideal"]})]:
        cells = (row["evenness"][moment] for moment in MOMENTS)
        print(f"{name:22}" + "".join(f"{cell['greatest']:>14.2f}{cell['deviation']:>6.2f}" for cell in cells))
    means = (result["rules"]["now"]["evenness"][moment]["mean"] for moment in MOMENTS)
    print(f"{'mean load':22}" + "".join(f"{mean:>20.2f}" for mean in means))
    print(f"\n{'':22}{'overloaded':>12}{'meetings on':>13}{'':>7}{'from living':>13}{'most to':>10}{'time for a':>12}")
    print(f"{'':22}{'node-seconds':>12}{'lost nodes':>13}{'moves':>7}{'nodes':>13}{'one heir':>10}{'decision':>12}")
    for name, row in result["rules"].items():
        print(
            f"{name:22}{row['overloaded_node_seconds']:>12}{row['meetings_on_lost_nodes']:>13}{row['moves']:>7}"
            f"{row['moves_from_living_nodes']:>13}{row['most_to_one_heir']:>10}{row['decision_us']:>9.0f} us"
        )
    print(f"\n{'half of a region gone':22}{'overloaded':>12}{'meetings in':>20}")
    print(f"{'':22}{'node-seconds':>12}{'another region':>20}")
    for name, row in result["scarce"].items():
        print(f"{name:22}{row['overloaded_node_seconds']:>12}{row['away_from_their_region']:>20}")
    print(f"\n{'Redis':38}{'commands':>10}{'bytes':>10}{'time':>12}")
    for key, label in _COSTS.items():
        cost = result["redis"][key]
        print(f"{label:38}{cost['commands']:>10.2f}{cost['bytes']:>10.0f}{cost['ms']:>9.2f} ms")


_COSTS = {
    "before": "choosing, before",
    "now": "choosing, now",
    "append": "appending the choice",
    "watch": "one gateway's watch, each second",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    result = asyncio.run(measure(arguments.meetings, arguments.seed))
    show(result)
    target = ROOT / "artefacts" / "placement.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
