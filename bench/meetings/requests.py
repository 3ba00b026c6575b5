"""What a request costs the meeting service: calls and read units of DynamoDB, and CPU time of its process."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from msgspec import Struct

from bench.function_cost import World, world
from bench.meetings.population import Group
from contracts.access_control import PlatformRole
from contracts.access_token import AccessClaims, encode_access_token
from contracts.key_ring import new_ring
from contracts.rooms import Identity
from tests.integration.functions.counted_calls import counted_calls
from tests.integration.functions.lambda_events import Client, HttpAnswer, load_app
from tests.platform_process import ROOT

_MAKERS = (Identity(f"u_maker{number:021d}") for number in itertools.count())
"""People who have made no meeting yet."""
_ISSUER = "http://meet.test/v1/auth"
_PAGE = 20


class Tokens:
    """Signs access tokens as the authentication service does, and publishes the key."""

    def __init__(self) -> None:
        self._ring = new_ring(generate_private_key(SECP256R1()), now=time.time())

    def sign(self, user_id: Identity, address: str) -> str:
        """A token for a person whose address is proven."""
        now = int(time.time())
        claims = AccessClaims(
            iss=_ISSUER,
            sub=user_id,
            name="Ada Lovelace",
            email=address,
            email_verified=True,
            sid=f"s_{user_id}",
            roles=(PlatformRole.ORGANISER,),
            iat=now,
            exp=now + 3_600,
            jti="1",
        )
        key = self._ring.signing_key(now)
        return encode_access_token(claims, key=key.private_key(), kid=key.kid)

    @contextmanager
    def published(self) -> Iterator[str]:
        """The address of the JWKS."""
        document = msgspec.json.encode(self._ring.jwks())

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def function(tokens: Tokens) -> Iterator[tuple[Client, World]]:
    """The meeting function in this process, with production's settings but for limits; moto and Valkey in others."""
    with world(moto_module="bench.meetings.table_process") as around, tokens.published() as keys_url:
        os.environ.update(
            PARLEY_MEETINGS_TABLE=around.outputs["MeetingsTableName"],
            PARLEY_MEETINGS_RECORDINGS_BUCKET=around.outputs["RecordingsBucketName"],
            PARLEY_MEETINGS_SIGNING_SECRET="parley/meetings/signing-keys",
            PARLEY_MEETINGS_SEALING_SECRET="parley/meetings/sealing-keys",
            PARLEY_MEETINGS_ISSUER="http://meet.test/v1/meetings",
            PARLEY_MEETINGS_AUTH_ISSUER=_ISSUER,
            PARLEY_MEETINGS_AUTH_JWKS_URL=keys_url,
            PARLEY_MEETINGS_PUBLIC_URL="http://meet.test",
            PARLEY_MEETINGS_GATEWAY_URL="http://meet.test",
            PARLEY_MEETINGS_REDIS_URL=around.valkey_url,
            **{f"PARLEY_MEETINGS_LIMIT_{name}": "900000/60" for name in ("ADDRESS", "JOIN", "CREATE", "BEARER")},
        )
        sys.path.append(str(ROOT / "functions" / "meetings"))
        yield Client(load_app("meetings", "meetings_app")), around


class Cost(Struct, frozen=True, kw_only=True):
    """What one request asks of DynamoDB."""

    calls: tuple[str, ...]
    read_units: float


def requests_of(meetings: Client, group: Group, tokens: Tokens) -> dict[str, Callable[[], object]]:
    """What is measured, by name; each makes one request. All but those that make meetings are of one person."""
    ada = group.people[0]
    hosted, to_come = group.meetings[0], group.meetings[0][1]
    of_another = group.meetings[9][1]
    """Which Ada is invited to."""

    def asking(method: str, path: str, body: Any = None, *, token: str | None = ada.token, least: int = 0) -> Any:
        def ask() -> HttpAnswer:
            answer = meetings.request(method, f"/v1/meetings{path}", body, token=token)
            assert answer.status < 300, answer.text
            return answer

        assert not least or len(ask().json()["items"]) >= least, path
        return ask

    def listing(name: str, least: int, more: str = "") -> Any:
        return asking("GET", f"?list={name}&limit={_PAGE}{more}", least=least)

    second = listing("upcoming", _PAGE)().json()["next_cursor"]

    def make_scheduled() -> None:
        """By somebody new each time, whose agenda is empty."""
        maker = next(_MAKERS)
        schedule = {"start": "2035-01-01T10:00:00", "time_zone": "Europe/Berlin", "duration_minutes": 45}
        asking("POST", "", {"title": "Planning", "schedule": schedule}, token=tokens.sign(maker, "m@example.org"))()

    return {
        "list: mine": listing("hosted", 10),
        "list: mine, kind and title": listing("hosted", 3, "&kind=once&title=planning"),
        "list: invited": listing("invited", 10),
        "list: upcoming": listing("upcoming", _PAGE),
        "list: upcoming, kind": listing("upcoming", 1, "&kind=recurring"),
        "list: upcoming, second page": listing("upcoming", _PAGE, f"&cursor={second}"),
        "list: past": listing("past", 4),
        "read, as host": asking("GET", f"/{to_come}"),
        "preview by code, anybody": asking("GET", f"/{to_come}", token=None),
        "join, as host": asking("POST", f"/{to_come}/join", {}),
        "join, invited": asking("POST", f"/{of_another}/join", {}),
        "join, guest": asking("POST", f"/{hosted[2]}/join", {"display_name": "Bob"}, token=None),
        "create, for now": asking("POST", "", {"title": "Now"}, token=tokens.sign(next(_MAKERS), "n@example.org")),
        "create, scheduled": make_scheduled,
    }


def cost_of(meetings: Client, request: Callable[[], object]) -> Cost:
    """Of one request."""
    with counted_calls(meetings.module.aws.dynamodb_client()) as calls:
        request()
    return Cost(calls=tuple(sorted(calls)), read_units=calls.read_units)
