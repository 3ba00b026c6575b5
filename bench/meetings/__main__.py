"""What lists and joins cost with 1,000 and with 100,000 meetings in the table:
`python -m bench.meetings [--meetings N] [--requests N] [--rounds N]`.

- The meeting function answers proxy events in this process, with production's settings but for its limits, and counts
  requests in Redis. moto stands in for DynamoDB and runs, as Valkey does, in a process of its own: what is told is the
  CPU time of the function's process, over plain connections that stay open; TLS comes on top.
- Ten people with ten meetings each are made by requests and facts; all others (10,000 people with 100,000 meetings) are
  what the function has written for these, under other names (`bench.meetings.population`).
- Calls are counted, and read units reckoned by AWS's rules from what is read. **It fails** if a request has other calls
  or more units with the whole table than with the hundredth part of it.
- **It fails**, too, if a request takes more CPU time than `CPU_MS`, the least of the rounds counting. On a machine that
  does other things at the same time that is told, and not judged.

Prints tables and writes ``artefacts/meetings.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from typing import Any

import msgspec

from bench.function_cost import Ledger, World, cpu_of
from bench.meetings.population import MEETINGS, Likenesses, likenesses, make_group
from bench.meetings.requests import Cost, Tokens, cost_of, function, requests_of
from bench.meetings.table_process import Order
from tests.platform_process import ROOT

_FEW = 1_000
CPU_MS = 5.0
"""So much of a processor a request may take."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, default=100_000, help="in the table at last")
    parser.add_argument("--requests", type=int, default=100, help="of each kind, in each round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    is_quiet = os.getloadavg()[0] < (os.cpu_count() or 1)
    if arguments.meetings < 2 * _FEW:
        parser.error(f"fewer than {2 * _FEW} meetings show nothing")
    tokens = Tokens()
    with function(tokens) as (meetings, around):
        dynamodb = meetings.module.aws.dynamodb_client()
        group = make_group(meetings, tokens.sign)
        others = likenesses(group, dynamodb, around.outputs["MeetingsTableName"])
        costs: dict[str, dict[int, Cost]] = {}
        known = 1
        for size in (_FEW, arguments.meetings):
            started = time.perf_counter()
            count = _write(around, others, known, known := size // MEETINGS)
            print(f"{size:,} meetings: {count:,} items written in {time.perf_counter() - started:.0f} s", flush=True)
            requests = requests_of(meetings, group, tokens)
            for name, request in requests.items():
                request()  # what is done for somebody's first request only
                costs.setdefault(name, {})[size] = cost_of(meetings, request)
        ledger = Ledger()
        ledger.watch_calls(meetings.module.limits)
        measured = {
            name: cpu_of(request, ledger, requests=arguments.requests, rounds=arguments.rounds, labels=("aws", "redis"))
            for name, request in requests.items()
        }
    _print(costs, measured)
    target = ROOT / "artefacts" / "meetings.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"costs": msgspec.to_builtins(costs, str_keys=True), "cpu": measured}, indent=2))
    grown = [name for name, by_size in costs.items() if by_size[_FEW] != by_size[arguments.meetings]]
    if grown:
        raise SystemExit(f"cost more with {arguments.meetings:,} meetings than with {_FEW:,}: {', '.join(grown)}")
    slow = [name for name, figures in measured.items() if figures["cpu_ms"] > CPU_MS]
    if slow and is_quiet:
        raise SystemExit(f"more than {CPU_MS:g} ms of CPU time: {', '.join(slow)}")
    if slow:
        print(f"\nmore than {CPU_MS:g} ms of CPU time, on a machine that was busy: {', '.join(slow)}")


def _write(around: World, others: Likenesses, first: int, end: int) -> int:
    """Has groups written into the table, and says how many items they are."""
    order = Order(
        region=os.environ["AWS_DEFAULT_REGION"],
        table=around.outputs["MeetingsTableName"],
        likenesses=others,
        first=first,
        end=end,
    )
    assert around.moto.stdin is not None
    assert around.moto.stdout is not None
    around.moto.stdin.write(msgspec.json.encode(order).decode() + "\n")
    around.moto.stdin.flush()
    return int(around.moto.stdout.readline())


def _print(costs: dict[str, dict[int, Cost]], measured: dict[str, dict[str, Any]]) -> None:
    sizes = list(next(iter(costs.values())))
    print(f"\n{'DynamoDB, of one request':32}" + "".join(f"{f'units at {size:,}':>18}" for size in sizes) + "  calls")
    for name, by_size in costs.items():
        units = "".join(f"{by_size[size].read_units:>18.1f}" for size in sizes)
        counts = [", ".join(f"{n} {call}" for call, n in Counter(by_size[size].calls).items()) for size in sizes]
        print(f"{name:32}{units}  {' / '.join(dict.fromkeys(counts))}")
    print(f"\n{'CPU ms of a request':32}{'in all':>10}{'own code':>10}{'DynamoDB':>10}{'Redis':>10}{'requests/s':>12}")
    for name, figures in measured.items():
        columns = ("cpu_ms", "own_ms", "aws_ms", "redis_ms", "requests_per_second")
        widths = (10, 10, 10, 10, 12)
        print(f"{name:32}" + "".join(f"{figures[c]:>{w}.2f}" for c, w in zip(columns, widths, strict=True)))


if __name__ == "__main__":
    main()
