"""Every Redis key and channel that more than one process uses.

A meeting's keys share a hash tag, so that a cluster keeps them in one slot and one Lua call may touch them all.
Channels are sharded (SPUBLISH, SSUBSCRIBE).
"""

from __future__ import annotations

from contracts.rooms import GatewayId, Identity, MeetingId, NodeId, ParticipantId

NODE_LEASE_MS = 3_000
"""A node that has not renewed its lease for so long is gone."""
NODE_RENEW_MS = 1_000
GATEWAY_LEASE_MS = 6_000
GATEWAY_RENEW_MS = 2_000

RECORDING_RESCUE_MS = 60_000
"""A node that has not said for so long that it is about a part of a recording does not finish it any more."""

BROADCAST_TARGETS_MS = 600_000
"""How long the addresses of a broadcast's servers are kept when no gateway asks the node for it any more."""
INGRESS_MS = 600_000
"""How long what opens an ingress is kept when no gateway asks the node for it any more."""
WATCHED_MS = 30_000
"""How long a broadcast can be watched that no gateway asks the node for any more."""
WATCHED_END_MS = 3_600_000
"""How long those who come to watch are told that a broadcast has ended."""

LIVE_ROOM_LEASE_MS = 20_000
"""A room that no gateway has told of for so long is not live. Lost gateways' rooms are taken over sooner than that."""
LIVE_ROOM_RENEW_MS = 5_000
ROOM_ANSWER_LIFE_MS = 30_000
ROOM_RESULT_LIFE_MS = 24 * 3600 * 1000
"""How long a request that has a name of its own is known."""

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


LIVE_ROOMS = "parley:rooms"
"""Sorted set of the meetings that are live, by the time (ms) at which they started: `contracts.live_rooms`."""


ACCOUNTS = "parley:accounts"
"""The channel on which changes of accounts are announced: `contracts.account_standing.AccountChanged`."""


def account_standing(account_id: Identity) -> str:
    """`contracts.account_standing.AccountStanding` as JSON, of an account that has changed lately."""
    return f"parley:{{a:{account_id}}}:standing"


def session_ended(account_id: Identity, session_id: str) -> str:
    """There while a session of an account has ended lately, or an API key of a service account was revoked."""
    return f"parley:{{a:{account_id}}}:ended:{session_id}"


def limit_key(limit: str, digest: str) -> str:
    """Hash: what `functions.serverless.redis_limits` has counted for one subject of a limit."""
    return f"parley:limit:{limit}:{digest}"


def live_rooms_of(host_id: Identity) -> str:
    """As `LIVE_ROOMS`, the meetings of one host."""
    return f"parley:host:{host_id}:rooms"


def live_room(meeting_id: MeetingId) -> str:
    """Hash: `contracts.live_rooms.RoomSummary` (``s``, JSON; none: the room is not live) as of a version (``v``) of the
    meeting's log."""
    return f"parley:{{m:{meeting_id}}}:live"


def room_ticket(request_id: str) -> str:
    """Whoever deletes it has the request: `contracts.room_commands.RoomAsked`."""
    return f"parley:room-request:{{{request_id}}}:ticket"


def room_answer(request_id: str) -> str:
    """List of one element, the `contracts.room_commands.RoomAnswer` to a request."""
    return f"parley:room-request:{{{request_id}}}:answer"


def room_claim(request_id: str) -> str:
    """For requests that may be repeated: a digest of what was asked by this id, a colon and something random."""
    return f"parley:room-request:{{{request_id}}}:claim"


def room_result(request_id: str) -> str:
    """The answer to a request that may be repeated, as in `room_answer`."""
    return f"parley:room-request:{{{request_id}}}:result"


def meeting_log(meeting_id: MeetingId) -> str:
    """The stream that is the meeting's log."""
    return f"parley:{{m:{meeting_id}}}:log"


def meeting_checkpoint(meeting_id: MeetingId) -> str:
    """Hash: the room's state (``s``, JSON) as of a version (``v``) of the meeting's log."""
    return f"parley:{{m:{meeting_id}}}:checkpoint"


def meeting_channel(meeting_id: MeetingId) -> str:
    """The channel on which appended events are announced."""
    return f"parley:{{m:{meeting_id}}}:events"


def node_lease(node_id: NodeId) -> str:
    """`contracts.node_rpc.NodeLease` as JSON, with the lease as its time to live."""
    return f"parley:node:{node_id}:lease"


def recording_rescue(folder: str) -> str:
    """There while a node finishes a part of a recording and has no lease for it: one of a node that is lost, or its own
    while it stops. The id of the one that does."""
    return f"parley:rescue:{folder}"


def broadcast_targets(meeting_id: MeetingId, broadcast_id: str) -> str:
    """`contracts.room_broadcast.KeptTargets` as JSON, with the addresses of the servers that a broadcast goes to. There
    only while it is on."""
    return f"parley:{{m:{meeting_id}}}:broadcast:{broadcast_id}"


def kept_ingress(meeting_id: MeetingId, ingress_id: str) -> str:
    """`contracts.room_ingress.KeptIngress` as JSON: where an ingress is fetched from, or what opens it. There only
    while it is open."""
    return f"parley:{{m:{meeting_id}}}:ingress:{ingress_id}"


def watched_broadcast(watch_key: str) -> str:
    """`contracts.room_broadcast.WatchedBroadcast` as JSON: where gateways get what those who have the key watch."""
    return f"parley:watch:{{{watch_key}}}"


def node_inbox(node_id: NodeId) -> str:
    """The channel on which a node takes requests."""
    return f"parley:node:{node_id}:inbox"


def node_links(node_id: NodeId) -> str:
    """The channel on which a node hears other nodes: `contracts.node_links.LinkMessage`."""
    return f"parley:node:{node_id}:links"


def meeting_facts(meeting_id: MeetingId) -> str:
    """Hash of gateway ids: the version up to which that gateway has passed on the facts of what it appended."""
    return f"parley:{{m:{meeting_id}}}:facts"


def gateway_rooms(gateway_id: GatewayId) -> str:
    """Set of the meetings that a gateway serves: what another one takes over when its lease ends."""
    return f"parley:gateway:{gateway_id}:rooms"


def gateway_heir(gateway_id: GatewayId) -> str:
    """Which gateway is taking over a lost one's rooms; expires, should the heir be lost as well."""
    return f"parley:gateway:{gateway_id}:heir"


def door_restarts(participant_id: ParticipantId) -> str:
    """How often a session at a standard door has restarted ICE lately; expires with the time that is counted."""
    return f"parley:door:{participant_id}:restarts"


def gateway_echo(gateway_id: GatewayId) -> str:
    """Channel (sharded) on which a gateway hears itself."""
    return f"parley:gateway:{gateway_id}:echo"


def gateway_inbox(gateway_id: GatewayId) -> str:
    """The channel on which a gateway takes answers and node events."""
    return f"parley:gateway:{gateway_id}:inbox"
