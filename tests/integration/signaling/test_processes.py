"""Gateways as processes of their own: started, told to stop, killed."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from tests.doubles.gateway_process import start_gateway

Platform = Any


async def test_sigterm_sends_clients_on_and_ends_cleanly(platform: Platform, start: Any) -> None:
    one, two = await start(DRAIN_MS="300"), await start()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    one.process.send_signal(signal.SIGTERM)
    assert (await ada.received("reconnect"))["within_ms"] == 300
    closing = await ada.received("closing")
    assert (closing["code"], closing["retry"]) == ("gateway_closing", True)
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.welcome["resumed"] is True
    _, errors = await asyncio.wait_for(one.process.communicate(), 20)
    assert one.process.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()
    assert "participant_left" not in {event["type"] for event in bob.events}


async def test_kill_9_loses_nothing(platform: Platform, start: Any) -> None:
    one, two = await start(GRACE_MS="500"), await start(GRACE_MS="500")
    ada, eve = await platform.join(one, "u_ada"), await platform.join(one, "u_eve")
    bob = await platform.join(two, "u_bob")
    for number in range(10):
        assert "message_id" in await ada.ask("send_chat", {"text": f"{number}"})
    one.process.kill()
    await ada.gone()
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.chat == [f"{number}" for number in range(10)]
    # Who does not come back has left once the dead gateway's lease is over.
    left = await bob.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (eve.id, "connection_lost")
    await platform.eventually(
        lambda: {fact.version for fact in platform.service.facts} >= set(range(1, bob.version + 1))
    )


async def test_a_bad_setting_stops_the_start_with_one_clear_line() -> None:
    process = await start_gateway({"PARLEY_GATEWAY_PORT": "many"})
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert errors.decode().startswith("signaling_gateway: PARLEY_GATEWAY_")
    assert "Traceback" not in errors.decode()
