"""The functions' cold start and size, and what logging in, refreshing and verifying cost:
`python -m bench.auth [--requests N] [--rounds N]`.

- The bundles are those of `make package`. One is imported in a fresh process, as by Lambda, several times; in CPU time.
  boto3 belongs to Lambda's runtime and is imported by the first request that needs AWS: told apart.
- The authentication function answers proxy events in this process, with production's Argon2 parameters and with limits
  counted in Redis. moto stands in for AWS and runs, as Valkey does, in a process of its own: what is told is the CPU
  time of the function's process. Calls of AWS go over plain connections that stay open; TLS comes on top.
- Requests a second are those of one instance, one after the other, and include waiting for moto (some ms a call).

Prints tables and writes ``artefacts/auth.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from bench.auth.cold import measure_bundle
from bench.auth.requests import measure_requests
from tests.platform_process import ROOT

FUNCTIONS = ("auth", "meetings")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100, help="of each kind, in each round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    subprocess.run(["make", "--silent", "package"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    bundles = {}
    for function in FUNCTIONS:
        with tempfile.TemporaryDirectory() as folder:
            bundles[function] = measure_bundle(function, Path(folder), rounds=2 * arguments.rounds + 1)
    print(f"{'bundle':12}{'zip':>10}{'import, best':>16}{'median':>10}{'boto3 and a client more, best':>32}")
    for function, figures in bundles.items():
        print(
            f"{function:12}{figures['zip_bytes'] / 1e6:>7.2f} MB{figures['import_best_ms']:>13} ms"
            f"{figures['import_median_ms']:>7} ms{figures['boto3_and_client_best_ms']:>29} ms"
        )
    for function, figures in bundles.items():
        print(f"{function}, ms in the modules of: {figures['import_largest_ms']}")
    requests = measure_requests(requests=arguments.requests, rounds=arguments.rounds)
    columns = ("but Argon2", "own code", "AWS", "Redis", "Argon2", "AWS calls", "requests/s")
    print(f"\n{'CPU ms of a request':22}" + "".join(f"{column:>12}" for column in columns))
    names = ("cpu_but_argon2_ms", "own_ms", "aws_ms", "redis_ms", "argon2_ms", "aws_calls", "requests_per_second")
    for step, figures in requests.items():
        print(f"{step:22}" + "".join(f"{figures[name]:>12.2f}" for name in names))
    target = ROOT / "artefacts" / "auth.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"bundles": bundles, "requests": requests}, indent=2))


if __name__ == "__main__":
    main()
