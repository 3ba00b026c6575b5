"""What a request costs the authentication function's process: CPU time, told apart by who spends it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.function_cost import Ledger, cpu_of, world
from tests.integration.functions.lambda_events import Client, load_app
from tests.platform_process import ROOT

_PASSWORD = "a long enough sentence for a bench"
_EMAIL = "ada@example.org"


@contextmanager
def function() -> Iterator[Client]:
    """The authentication function in this process, with production's settings; moto and Valkey in others."""
    with world() as around:
        os.environ.update(
            PARLEY_AUTH_TABLE=around.outputs["AuthTableName"],
            PARLEY_AUTH_SIGNING_SECRET="parley/auth/signing-keys",
            PARLEY_AUTH_SEALING_SECRET="parley/auth/sealing-keys",
            PARLEY_AUTH_ISSUER="http://meet.test/v1/auth",
            PARLEY_AUTH_REDIS_URL=around.valkey_url,
            **{f"PARLEY_AUTH_LIMIT_{name}": "900000/60" for name in ("LOGIN", "REGISTER", "REFRESH", "BEARER")},
        )
        sys.path.append(str(ROOT / "functions" / "auth"))
        yield Client(load_app("auth", "auth_app"))


def _steps(auth: Client) -> dict[str, Callable[[], None]]:
    """What is measured, by name; each does one request, or one verification."""
    registered = auth.request(
        "POST", "/v1/auth/register", {"email": _EMAIL, "password": _PASSWORD, "display_name": "Ada"}
    )
    assert registered.status == 201, registered.text
    token: str = registered.json()["access_token"]
    newest: str = registered.json()["refresh_token"]

    def login() -> None:
        answer = auth.request("POST", "/v1/auth/login", {"email": _EMAIL, "password": _PASSWORD})
        assert answer.status == 200, answer.text

    def refresh() -> None:
        nonlocal newest
        answer = auth.request("POST", "/v1/auth/refresh", {"refresh_token": newest})
        assert answer.status == 200, answer.text
        newest = answer.json()["refresh_token"]

    def who_am_i() -> None:
        answer = auth.request("GET", "/v1/auth/me", token=token)
        assert answer.status == 200, answer.text

    def keys() -> None:
        assert auth.request("GET", "/v1/auth/.well-known/jwks.json").status == 200

    ring = auth.module.signing_keys.ring()

    def verify() -> None:
        from contracts.access_token import decode_access_token  # noqa: PLC0415  (after the function's own start)

        decode_access_token(token, keys=ring.verification_keys(), issuer="http://meet.test/v1/auth", now=time.time())

    return {
        "login": login,
        "refresh": refresh,
        "/me": who_am_i,
        "keys (no storage)": keys,
        "verification alone": verify,
    }


def measure_requests(*, requests: int, rounds: int) -> dict[str, dict[str, Any]]:
    """By step, as `bench.function_cost.cpu_of` has it."""
    with function() as auth:
        ledger = Ledger()
        ledger.watch_calls(auth.module.limits)
        ledger.watch(type(auth.module.passwords), "matches", "argon2")
        measured = {}
        for name, step in _steps(auth).items():
            figures = cpu_of(step, ledger, requests=requests, rounds=rounds, labels=("aws", "argon2", "redis"))
            measured[name] = figures | {"cpu_but_argon2_ms": figures["cpu_ms"] - figures["argon2_ms"]}
        return measured
