"""The official socket.io-client for JavaScript talks to a gateway, without anything of ours in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.doubles.asyncapi_messages import fault
from tests.doubles.signaling_client import TIMEOUT_S

Platform = Any
SCRIPT = Path(__file__).parents[2] / "doubles" / "socket_io_client.mjs"


class JavaScriptClient:
    """One client in a Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin, process.stdout

    async def received(self, name: str) -> Any:
        """The next message of that name; others are passed over, but must be of the right form."""
        async with asyncio.timeout(TIMEOUT_S):
            while line := await self._output.readline():
                came, body = json.loads(line)
                if came not in {"acknowledged", "disconnect"}:
                    assert fault(came, body) is None
                if came == name:
                    return body
        raise AssertionError(f"the client ended before {name!r} came")

    async def ask(self, command: str, body: Any) -> Any:
        """The acknowledgement of a command."""
        self._write({"ask": [command, body]})
        return await self.received("acknowledged")

    def drop(self) -> None:
        """Loses the connection."""
        self._write({"drop": True})

    def _write(self, line: Any) -> None:
        self._input.write(json.dumps(line).encode() + b"\n")


@contextlib.asynccontextmanager
async def javascript_client(url: str, auth: Any) -> AsyncIterator[JavaScriptClient]:
    """A client that connects at once, and is disconnected at the end."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(SCRIPT),
        json.dumps({"url": url, "auth": auth}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        yield JavaScriptClient(process)
    finally:
        process.terminate()
        await process.wait()


def auth_of(platform: Platform, who: str) -> dict[str, str]:
    return {"token": platform.service.token(platform.meeting_id, who), "meeting_id": platform.meeting_id}


async def test_it_joins_asks_and_is_told(platform: Platform) -> None:
    gateway = await platform.gateway()
    async with javascript_client(gateway.url, auth_of(platform, "u_eve")) as eve:
        welcome = await eve.received("welcome")
        bob = await platform.join(gateway, "u_bob")
        joined = await eve.received("events")
        assert [event["type"] for event in joined["events"]] == ["participant_joined"]
        assert set(await eve.ask("send_chat", {"text": "héllo 👋"})) == {"message_id"}
        assert (await bob.happened("chat_sent"))["message"]["text"] == "héllo 👋"
        assert (await bob.happened("chat_sent"))["message"]["participant_id"] == welcome["participant_id"]
        assert (await eve.ask("send_chat", {"text": 1}))["error"]["code"] == "validation_failed"
        assert (await eve.ask("no_such_command", {}))["error"]["code"] == "unknown_command"
        assert (await eve.ask("remove_participant", {"participant_id": bob.id}))["error"]["code"] == "permission_denied"
    await bob.happened("participant_disconnected")


async def test_its_own_reconnection_resumes_with_what_it_missed(platform: Platform) -> None:
    gateway = await platform.gateway()
    bob = await platform.join(gateway, "u_bob")
    async with javascript_client(gateway.url, auth_of(platform, "u_eve")) as eve:
        first = await eve.received("welcome")
        eve.drop()
        await bob.happened("participant_disconnected")
        back = await eve.received("welcome")
        assert (back["participant_id"], back["resumed"]) == (first["participant_id"], True)
        await bob.ask("send_chat", {"text": "still there?"})
        told = await eve.received("events")
        assert [event["type"] for event in told["events"]] == ["chat_sent"]


async def test_a_refusal_has_a_code_and_a_sentence(platform: Platform) -> None:
    gateway = await platform.gateway()
    async with javascript_client(gateway.url, {"token": "none", "meeting_id": platform.meeting_id}) as eve:
        refused = await eve.received("connect_error")
    assert refused["code"] == "token_malformed"
    assert refused["message"].endswith(".")
