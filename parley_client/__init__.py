"""A participant in Python, for bots and tests: joins a room, stays in it through lost connections, misses nothing."""

from parley_client.room import Closed, CommandError, Resynced, RoomClient, Ticket

__all__ = ["Closed", "CommandError", "Resynced", "RoomClient", "Ticket"]
