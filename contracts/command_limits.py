"""How often a client may give commands, on one connection."""

from __future__ import annotations

from msgspec import Struct

from contracts.client_commands import COMMANDS


class RateLimit(Struct, frozen=True, kw_only=True):
    """How often one connection may give these commands, or how much it may say with them."""

    commands: frozenset[str]
    at_once: int
    per_s: float


COMMAND_LIMIT = RateLimit(commands=frozenset(COMMANDS), at_once=60, per_s=20)
LIMITS = (
    # A media node reads a whole SDP, or opens a transport. Answers are bounded by the node's own offers.
    RateLimit(commands=frozenset({"publish_offer", "restart_media"}), at_once=20, per_s=2),
    RateLimit(commands=frozenset({"send_chat", "edit_chat"}), at_once=10, per_s=1),
    RateLimit(commands=frozenset({"send_reaction"}), at_once=10, per_s=2),
    RateLimit(commands=frozenset({"edit_notes"}), at_once=10, per_s=3),
    # The media node offers anew to everybody in both rooms.
    RateLimit(commands=frozenset({"enter_breakout"}), at_once=5, per_s=0.5),
    # Each start is a process of the node's, which serves its end for half a minute.
    RateLimit(commands=frozenset({"start_broadcast"}), at_once=5, per_s=0.1),
    RateLimit(commands=frozenset({"stop_broadcast"}), at_once=5, per_s=0.1),
    RateLimit(commands=frozenset({"start_ingress"}), at_once=5, per_s=0.1),
    RateLimit(commands=frozenset({"signal_peer"}), at_once=10, per_s=0.5),
    RateLimit(commands=frozenset({"report_join"}), at_once=1, per_s=0.01),
)
"""What holds in addition to `COMMAND_LIMIT`, which takes commands that do not exist, too."""
NOTES_CHARACTERS = RateLimit(commands=frozenset({"edit_notes"}), at_once=16_000, per_s=1_000)
"""How many characters one connection may put into shared notes, which everybody is sent."""
