"""Runs on the server that is tried, with the Python of its release: stays in a room until a chat message has come back.

``python stay.py`` reads what ``POST /v1/meetings/{id}/join`` answered.
"""

from __future__ import annotations

import asyncio
import json
import sys

from parley_client import RoomClient, Ticket


async def main() -> None:
    told = json.load(sys.stdin)

    async def ticket() -> Ticket:
        return Ticket(
            gateway_url=told["gateway_url"], meeting_token=told["meeting_token"], meeting_id=told["meeting_id"]
        )

    async with RoomClient(ticket) as room:
        await room.send("send_chat", text="Is anybody here?")
        async for event in room.events():
            if "Is anybody here?" in str(event):
                sys.stdout.write(str(event))
                return


asyncio.run(asyncio.wait_for(main(), 60))
