"""Every Redis key and channel that more than one process uses.

A meeting's keys share a hash tag, so that a cluster keeps them in one slot and one Lua call may touch them all.
Channels are sharded (SPUBLISH, SSUBSCRIBE).
"""

from __future__ import annotations

from contracts.rooms import GatewayId, MeetingId, NodeId

NODE_LEASE_MS = 6_000
"""A node that has not renewed its lease for so long is gone."""
NODE_RENEW_MS = 2_000
GATEWAY_LEASE_MS = 6_000
GATEWAY_RENEW_MS = 2_000

NODES = "parley:nodes"
"""Sorted set of node ids by the time (ms) at which their lease ends."""
GATEWAYS = "parley:gateways"
"""Sorted set of gateway ids by the time (ms) at which their lease ends."""
FACTS = "parley:facts"
"""Stream of `contracts.facts.Fact`, read by the gateways' consumer group `FACTS_GROUP`."""
FACTS_GROUP = "deliver-to-meetings"
FACTS_DEAD = "parley:facts:dead"
"""Stream of facts that the meeting service refused for good, kept for people to look at."""
ROOM_COMMANDS = "parley:room-commands"
"""Stream of `contracts.room_commands.RoomCommand`, read by the gateways' consumer group `ROOM_COMMANDS_GROUP`."""
ROOM_COMMANDS_GROUP = "gateways"
ROOM_COMMANDS_MAX_LENGTH = 100_000
"""About how many requests the stream keeps (XADD MAXLEN ~): far more than ever wait."""


def meeting_log(meeting_id: MeetingId) -> str:
    """The stream that is the meeting's log."""
    return f"parley:{{m:{meeting_id}}}:log"


def meeting_channel(meeting_id: MeetingId) -> str:
    """The channel on which appended events are announced."""
    return f"parley:{{m:{meeting_id}}}:events"


def node_lease(node_id: NodeId) -> str:
    """`contracts.node_rpc.NodeLease` as JSON, with the lease as its time to live."""
    return f"parley:node:{node_id}:lease"


def node_inbox(node_id: NodeId) -> str:
    """The channel on which a node takes requests."""
    return f"parley:node:{node_id}:inbox"


def meeting_facts(meeting_id: MeetingId) -> str:
    """Hash of gateway ids: the version up to which that gateway has passed on the facts of what it appended."""
    return f"parley:{{m:{meeting_id}}}:facts"


def gateway_rooms(gateway_id: GatewayId) -> str:
    """Set of the meetings that a gateway serves: what another one takes over when its lease ends."""
    return f"parley:gateway:{gateway_id}:rooms"


def gateway_heir(gateway_id: GatewayId) -> str:
    """Which gateway is taking over a lost one's rooms; expires, should the heir be lost as well."""
    return f"parley:gateway:{gateway_id}:heir"


def gateway_inbox(gateway_id: GatewayId) -> str:
    """The channel on which a gateway takes answers and node events."""
    return f"parley:gateway:{gateway_id}:inbox"
