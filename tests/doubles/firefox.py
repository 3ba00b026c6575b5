"""Firefox with a made-up camera and microphone, driven by WebDriver BiDi over one WebSocket, without another program.

    async with firefox(tmp_path) as browser:
        page = await browser.new_page()
        await page.goto(url)
        await page.evaluate("(number) => number + 1", 41)

A page takes what `tests.integration.media.page_client.DrivenPage` names, as Playwright's does.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import websockets

from infra.local.ports import own_address

TIMEOUT_S: Final = 60
PREFERENCES: Final = {
    # A picture that changes its colour and a tone, permitted without a question.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    # The H.264 codec is a download; without a network there is none to wait for.
    "media.gmp-manager.updateEnabled": False,
    "network.proxy.type": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "remote.active-protocols": 1,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "",
}
LISTENING: Final = "WebDriver BiDi listening on "


class FirefoxError(Exception):
    """Firefox did not do as it was told; the text is its own."""


class FirefoxPage:
    """A tab."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    async def goto(self, url: str) -> None:
        await self._browser.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def close(self) -> None:
        await self._browser.command("browsingContext.close", context=self._context)

    async def evaluate(self, expression: str, arg: Any = None) -> Any:
        """The value of an expression, or of what the function that it is returns for ``arg``, as JSON has it.

        Raises:
            FirefoxError: it threw.
        """
        body = (
            f"async (argument) => {{ const it = ({expression});"
            " const value = await (typeof it === 'function' ? it(JSON.parse(argument)) : it);"
            " return JSON.stringify(value ?? null); }"
        )
        argument = {"type": "string", "value": json.dumps(arg)}
        return json.loads((await self._call(body, argument))["value"])

    async def expose_function(self, name: str, function: Callable[..., Any]) -> None:
        """Makes ``function``, a coroutine function, ``window[name]`` of the page that is open."""

        async def answer(number: int, arguments: list[Any]) -> None:
            result = await function(*arguments)
            await self.evaluate(f"([number, result]) => window.{name}.resolve(number, result)", [number, result])

        body = f"""(channel) => {{
          const waiting = [];
          window.{name} = (...given) => new Promise((resolve) => {{
            channel(JSON.stringify([waiting.push(resolve) - 1, given]));
          }});
          window.{name}.resolve = (number, result) => waiting[number](result);
        }}"""
        channel = f"{self._context} {name}"
        self._browser.listeners[channel] = answer
        await self._call(body, {"type": "channel", "value": {"channel": channel}})

    async def click(self, role: str, name: str) -> None:
        """Clicks what has a role and an accessible name, once it is there and enabled."""
        node = await self._located(role, name)
        await self._until_enabled(node)
        origin = {"type": "element", "element": node}
        actions = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        pointer = {"type": "pointer", "id": "mouse", "actions": actions}
        await self._browser.command("input.performActions", context=self._context, actions=[pointer])

    async def fill(self, role: str, name: str, text: str) -> None:
        """Types a text into what has a role and an accessible name."""
        await self.click(role, name)
        strokes = [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]
        keys = {"type": "key", "id": "keyboard", "actions": strokes}
        await self._browser.command("input.performActions", context=self._context, actions=[keys])

    async def wait_for(self, condition: str, arg: Any = None) -> Any:
        """Waits until an expression, or what the function that it is returns for ``arg``, is truthy; its value."""
        body = f"""async (argument) => {{
          const it = ({condition});
          for (;;) {{
            const value = await (typeof it === 'function' ? it(argument) : it);
            if (value) return value;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }}
        }}"""
        return await self.evaluate(body, arg)

    async def screenshot(self) -> bytes:
        """What it shows, as PNG."""
        shot = await self._browser.command("browsingContext.captureScreenshot", context=self._context)
        return base64.b64decode(shot["data"])

    async def _located(self, role: str, name: str) -> dict[str, Any]:
        locator = {"type": "accessibility", "value": {"role": role, "name": name}}
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                found = await self._browser.command(
                    "browsingContext.locateNodes", context=self._context, locator=locator
                )
                if found["nodes"]:
                    return {"sharedId": found["nodes"][-1]["sharedId"]}
                await asyncio.sleep(0.05)

    async def _until_enabled(self, node: dict[str, Any]) -> None:
        await self._call(
            "async (node) => { while (node.disabled) await new Promise((resolve) => setTimeout(resolve, 50)); }", node
        )

    async def _call(self, body: str, argument: dict[str, Any]) -> dict[str, Any]:
        answer = await self._browser.command(
            "script.callFunction",
            functionDeclaration=body,
            awaitPromise=True,
            userActivation=True,
            target={"context": self._context},
            arguments=[argument],
        )
        if answer["type"] != "success":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        result: dict[str, Any] = answer["result"]
        return result


class Firefox:
    """One BiDi session."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.listeners: dict[str, Callable[..., Any]] = {}
        """By channel, what a page's call of an exposed function starts."""
        self.errors: list[str] = []
        """What pages threw and did not catch."""
        self._connection = connection
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = {asyncio.create_task(self._listen())}

    async def new_page(self) -> FirefoxPage:
        return FirefoxPage(self, (await self.command("browsingContext.create", type="tab"))["context"])

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command of the protocol.

        Raises:
            FirefoxError: it was refused, or Firefox has ended.
        """
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return await asyncio.wait_for(answer, TIMEOUT_S)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            async for text in self._connection:
                self._take(json.loads(text))
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(FirefoxError("Firefox has ended"))

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            self._take_event(message["method"], message["params"])
            return
        answer = self._answers.pop(message["id"])
        if answer.done():
            return
        if message["type"] == "success":
            answer.set_result(message["result"])
        else:
            answer.set_exception(FirefoxError(f"{message['error']}: {message['message']}"))

    def _take_event(self, method: str, told: dict[str, Any]) -> None:
        if method == "script.message":
            number, arguments = json.loads(told["data"]["value"])
            task = asyncio.create_task(self.listeners[told["channel"]](number, arguments))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif told["type"] == "javascript" and told["level"] == "error":
            self.errors.append(told["text"])


@asynccontextmanager
async def firefox(folder: Path) -> AsyncIterator[Firefox]:
    """A Firefox with a new profile in ``folder``; it has ended when the block is left.

    Raises:
        FirefoxError: there is none, or it does not start.
    """
    profile = folder / "profile"
    profile.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = shutil.which("firefox-esr") or shutil.which("firefox")
    if command is None:
        raise FirefoxError("there is no Firefox (Debian package firefox-esr)")
    process = await asyncio.create_subprocess_exec(
        command,
        *("--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)),
        # Its home is the profile: nothing of this person's is read or left.
        env={**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    draining: asyncio.Task[bytes] | None = None
    try:
        address = await asyncio.wait_for(_address(process.stderr), TIMEOUT_S)
        draining = asyncio.create_task(process.stderr.read())
        async with websockets.connect(f"{address}/session", max_size=None, proxy=None) as connection:
            browser = Firefox(connection)
            await browser.command("session.new", capabilities={})
            await browser.command("session.subscribe", events=["script.message", "log.entryAdded"])
            yield browser
            await browser.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if draining is not None:
            await draining


def address_for_firefox() -> str:
    """An address of this machine that Firefox connects to: it uses none of the loopback interface, on either end.

    Raises:
        FirefoxError: the machine has no other.
    """
    address = own_address()
    if address is None:
        raise FirefoxError("Firefox takes no media over loopback, and the machine has no other way")
    return address


async def _address(stderr: asyncio.StreamReader) -> str:
    told = []
    async for line in stderr:
        told.append(line.decode(errors="replace"))
        if LISTENING in told[-1]:
            return told[-1].partition(LISTENING)[2].strip()
    raise FirefoxError(f"Firefox ended: {''.join(told)}")
