"""An ingester's process: ``python -m media_fleet.ingester.worker``. `media_fleet.adapters.ingesters` starts it.

Signals are the node's affair: an ingester ends when its input does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import msgspec

from contracts.ingesting import IngressFailure
from media_fleet.ingester.errors import SourceError
from media_fleet.ingester.ingester import Ingester
from media_fleet.ingester.protocol import Answer, Begin, Ended, Failed, ToIngester, to_ingester
from media_fleet.recorder import worker_process
from media_fleet.recorder.path_to_node import RecorderError
from media_fleet.recorder.worker_process import Input, say, step_back


async def run(begin: Begin, told: Input[ToIngester]) -> None:
    """One stream until its end, or that of the input. Raises `SourceError`."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    over = asyncio.Event()

    def listen() -> None:
        while not told.has_ended:
            for message in told.read():
                if isinstance(message, Answer):
                    loop.call_soon_threadsafe(_set, answer, message.sdp)
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=listen, name="input", daemon=True).start()
    running = asyncio.create_task(Ingester(begin, say, answer).run())
    ending = asyncio.create_task(over.wait())
    await asyncio.wait([running, ending], return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not running.done():
        running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    if not running.cancelled():
        running.result()


def _set(answer: asyncio.Future[str], sdp: str) -> None:
    if not answer.done():
        answer.set_result(sdp)


def main() -> int:
    """The exit status: 0 if it has come to its end."""
    worker_process.begin()
    try:
        told = Input(to_ingester)
        begin = told.first(Begin, "nothing to bring in")
        step_back(is_composer=True, memory_bytes=begin.memory_bytes)
        # Not `asyncio.run`, which would wait for threads that wait for servers.
        asyncio.new_event_loop().run_until_complete(run(begin, told))
    except SourceError as error:
        say(Failed(reason=error.failure))
        return 1
    except (RecorderError, OSError, MemoryError, ValueError, msgspec.DecodeError):
        say(Failed(reason=IngressFailure.LOST))
        return 1
    say(Ended())
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # threads that wait for servers end with it
