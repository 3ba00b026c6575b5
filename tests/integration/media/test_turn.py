"""Media through a real TURN server (coturn), with the credentials that gateways give."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aioice.stun
import pytest

from contracts.rooms import Identity
from contracts.turn_credentials import turn_credentials
from tests.integration.media.coturn import SECRET, allocate, coturn
from tests.integration.media.page_client import Join, until_frames_grow

ADA = Identity("u_ada")
UNAUTHORIZED = 401


@pytest.fixture
async def turn_server(tmp_path: Path) -> AsyncIterator[tuple[str, int]]:
    async with coturn(tmp_path) as server:
        yield server


async def test_coturn_takes_credentials_of_the_service_until_they_end_and_no_others(
    turn_server: tuple[str, int],
) -> None:
    good = turn_credentials(SECRET, ADA, now=time.time(), lifetime_s=60)
    assert (await allocate(turn_server, good.username, good.credential))[0] == "127.0.0.1"
    expired = turn_credentials(SECRET, ADA, now=time.time() - 120, lifetime_s=60)
    forged = turn_credentials("another-secret-altogether", ADA, now=time.time(), lifetime_s=60)
    prolonged = (turn_credentials(SECRET, ADA, now=time.time(), lifetime_s=6000).username, good.credential)
    for username, password in [
        (expired.username, expired.credential),
        (forged.username, forged.credential),
        prolonged,
    ]:
        with pytest.raises(aioice.stun.TransactionFailed) as refused:
            await allocate(turn_server, username, password)
        assert refused.value.response.attributes["ERROR-CODE"][0] == UNAUTHORIZED


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_browsers_that_may_only_use_the_relay_send_and_see_the_picture(
    join: Join, eventually: Any, turn_server: tuple[str, int], transport: str
) -> None:
    made = turn_credentials(SECRET, ADA, now=time.time(), lifetime_s=60)
    host, port = turn_server
    url = f"turn:{host}:{port}?transport={transport}"
    relayed = {
        "iceTransportPolicy": "relay",
        "iceServers": [{"urls": url, "username": made.username, "credential": made.credential}],
    }
    alice, bob = await join("alice", relayed), await join("bob", relayed)
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    assert await bob.run("localCandidateTypes(client.sub)") == ["relay"]
    assert await alice.run("localCandidateTypes(client.pub)") == ["relay"]
