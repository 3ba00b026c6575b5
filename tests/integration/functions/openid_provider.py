"""Starts the real OpenID provider of `tests/doubles/oidc_provider.mjs`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.integration.functions.lambda_events import ROOT

SCRIPT = ROOT / "tests" / "doubles" / "oidc_provider.mjs"


@contextmanager
def openid_provider(clients: Sequence[object]) -> Iterator[str]:
    """Its issuer."""
    command = ["node", str(SCRIPT), json.dumps(clients)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        issuer = process.stdout.readline().strip()
        assert issuer, "the OpenID provider has not started"
        yield issuer
