"""What a request costs the process of a function: CPU time, told apart by who spends it; and the world it runs in."""

from __future__ import annotations

import functools
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from msgspec import Struct

from functions.serverless import aws
from tests.integration.functions.lambda_events import Client
from tests.platform_process import ROOT
from tests.valkey_server import valkey_server


class Ledger:
    """CPU seconds of this process by who spent them. Whoever is called by another is not counted twice."""

    def __init__(self) -> None:
        self.seconds = defaultdict[str, float](float)
        self.calls = Counter[str]()
        self._inside = False

    def watch(self, owner: Any, name: str, label: str) -> None:
        """Counts what a function spends from now on."""
        original = getattr(owner, name)

        @functools.wraps(original)
        def counted(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return original(*arguments, **named)
            self._inside, started = True, time.process_time()
            try:
                return original(*arguments, **named)
            finally:
                self._inside = False
                self.seconds[label] += time.process_time() - started
                self.calls[label] += 1

        setattr(owner, name, counted)

    def watch_calls(self, limits: Any) -> None:
        """Counts what calls of AWS and of Redis spend (``aws``, ``redis``), and what stands for API Gateway."""
        from botocore.client import BaseClient  # noqa: PLC0415

        from functions.serverless.dynamodb import DynamoDB  # noqa: PLC0415

        self.watch(BaseClient, "_make_api_call", "aws")
        self.watch(DynamoDB, "_call", "aws")
        for name in ("count", "count_all", "attempt_all", "settle"):
            self.watch(type(limits), name, "redis")
        self.watch(Client, "event", "gateway")

    def clear(self) -> None:
        self.seconds.clear()
        self.calls.clear()


class World(Struct, frozen=True, kw_only=True):
    """What a function runs in: the outputs of the platform's data stack, and the other processes."""

    outputs: dict[str, str]
    valkey_url: str
    moto: subprocess.Popen[str]


@contextmanager
def world(*, moto_module: str = "tests.integration.functions.moto_process") -> Iterator[World]:
    """moto with the platform's data stack, and Valkey, each in a process of its own. The environment leads to moto."""
    command = [sys.executable, "-m", moto_module, "--keep-alive"]
    with (
        tempfile.TemporaryDirectory() as data,
        valkey_server(data_dir=Path(data)) as valkey,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as moto,
    ):
        assert moto.stdout is not None
        os.environ.update(
            AWS_ENDPOINT_URL=moto.stdout.readline().strip(),
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_DEFAULT_REGION="eu-central-1",
        )
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(StackName="data", TemplateBody=(ROOT / "infra" / "data.yaml").read_text())
        outputs = cloudformation.describe_stacks(StackName="data")["Stacks"][0]["Outputs"]
        aws._READ_S = 60  # noqa: SLF001  (moto on a busy machine)
        try:
            yield World(
                outputs={each["OutputKey"]: each["OutputValue"] for each in outputs},
                valkey_url=f"redis://127.0.0.1:{valkey.port}/0",
                moto=moto,
            )
        finally:
            moto.terminate()


def cpu_of(
    step: Callable[[], object], ledger: Ledger, *, requests: int, rounds: int, labels: Sequence[str]
) -> dict[str, Any]:
    """CPU milliseconds of one ``step`` (the round with the least), and of whom. The CPU of other processes is not in
    it, what it costs to ask them is; what stands for API Gateway in this one is left out."""
    step()  # the imports and connections of a route's first request
    found = [_round(step, ledger, requests, labels) for _ in range(rounds)]
    return min(found, key=lambda each: float(each["cpu_ms"]))


def _round(step: Callable[[], object], ledger: Ledger, requests: int, labels: Sequence[str]) -> dict[str, Any]:
    ledger.clear()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for _ in range(requests):
        step()
    after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - started
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    of_others = {label: ledger.seconds[label] * 1000 / requests for label in labels}
    cpu_ms = (cpu - ledger.seconds["gateway"]) * 1000 / requests
    return {
        "requests_per_second": round(requests / seconds, 1),
        "cpu_ms": cpu_ms,
        "own_ms": cpu_ms - sum(of_others.values()),
        **{f"{label}_ms": value for label, value in of_others.items()},
        **{f"{label}_calls": ledger.calls[label] / requests for label in labels},
    }
