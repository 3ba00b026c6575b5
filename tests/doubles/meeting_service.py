"""The meeting service as a gateway sees it: published keys, signed tokens, and two of its functions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from contracts.facts import Fact, FactBatch, FactsAccepted, RefusedFact
from contracts.meeting_token import MeetingClaims, encode_meeting_token
from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, MeetingId, Role
from contracts.stream_keys import (
    STREAM_KEYS_FUNCTION,
    StreamKeyAnswer,
    StreamKeyOpens,
    StreamKeyRefused,
    StreamKeyShown,
)

ISSUER = "https://meetings.test"


class MeetingService:
    """The meeting service as a gateway sees it: a JWKS document, and a function that takes facts."""

    def __init__(self) -> None:
        self.keys = {"k1": ec.generate_private_key(ec.SECP256R1())}
        self.published = ["k1"]
        self.jwks_status = 200
        self.fetches = 0
        self.batches: list[FactBatch] = []
        self.failures: list[str] = []
        self.takes_bytes = 6 * 1024 * 1024
        """The largest payload that is taken: as AWS Lambda has it."""
        self.largest = 0
        """The largest payload that was sent, bytes."""
        self.stream_keys: dict[str, MeetingClaims] = {}
        """Whom each key lets in."""
        self.key_failures: list[str] = []
        self.refuse: Callable[[Fact], str | None] = lambda fact: None
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=2**30)
        app.router.add_get("/jwks.json", self._jwks)
        app.router.add_post("/2015-03-31/functions/{name}/invocations", self._invoke)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def token(self, meeting_id: str, who: str = "u_1", *, kid: str = "k1", **changes: Any) -> str:
        """A meeting token; ``changes`` to its claims, ``permissions`` and ``role`` among them."""
        now = int(time.time())
        role = changes.pop("role", Role.PARTICIPANT)
        claims = MeetingClaims(
            iss=changes.pop("iss", ISSUER),
            sub=Identity(who),
            meeting=MeetingId(meeting_id),
            name=changes.pop("name", who.upper()),
            role=role,
            permissions=changes.pop("permissions", PERMISSIONS_OF_ROLE[role]),
            iat=changes.pop("iat", now),
            exp=changes.pop("exp", now + 600),
            jti="j",
            aud=changes.pop("aud", "parley-gateway"),
            host_id=changes.pop("host_id", None),
            session=changes.pop("session", None),
            account_name=changes.pop("account_name", False),
        )
        assert not changes
        return encode_meeting_token(claims, key=self.keys[kid], kid=kid)

    @property
    def facts(self) -> list[Fact]:
        return [fact for batch in self.batches for fact in batch.facts]

    async def _jwks(self, request: web.Request) -> web.Response:
        self.fetches += 1
        if self.jwks_status in {301, 302}:
            raise web.HTTPFound("/elsewhere.json")
        keys = []
        for kid in self.published:
            jwk = json.loads(ECAlgorithm.to_jwk(self.keys[kid].public_key()))
            keys.append({**jwk, "kid": kid, "use": "sig", "alg": "ES256"})
        return web.json_response({"keys": keys}, status=self.jwks_status)

    async def _invoke(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.largest = max(self.largest, len(body))
        if len(body) > self.takes_bytes:
            too_large = {"Type": "User", "Message": f"{len(body)} bytes"}
            return web.json_response(too_large, status=413, headers={"X-Amzn-Errortype": "RequestTooLargeException"})
        is_key = request.match_info["name"] == STREAM_KEYS_FUNCTION
        failures = self.key_failures if is_key else self.failures
        if failures:
            failure = failures.pop(0)
            if failure == "unreachable":
                return web.Response(status=503)
            return web.json_response(
                {"errorMessage": failure, "errorType": "Exception"}, headers={"X-Amz-Function-Error": "Unhandled"}
            )
        if is_key:
            return web.Response(body=msgspec.json.encode(self._opened(msgspec.json.decode(body, type=StreamKeyShown))))
        batch = msgspec.json.decode(body, type=FactBatch)
        self.batches.append(batch)
        refused = tuple(
            RefusedFact(meeting_id=fact.meeting_id, version=fact.version, reason=reason)
            for fact in batch.facts
            if (reason := self.refuse(fact)) is not None
        )
        return web.Response(body=msgspec.json.encode(FactsAccepted(refused=refused)))

    def _opened(self, shown: StreamKeyShown) -> StreamKeyAnswer:
        claims = self.stream_keys.get(shown.key)
        if claims is None:
            return StreamKeyRefused(code="token_revoked", message="This stream key is not known.")
        return StreamKeyOpens(claims=claims)
