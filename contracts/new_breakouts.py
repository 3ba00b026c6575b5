"""What breakout rooms may be, whether they are opened or were planned before."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

MAX_BREAKOUTS = 100
MAX_BREAKOUT_S = 24 * 3600
MAX_BREAKOUT_NAME = 80
MAX_ASSIGNED = 300
"""How many may be assigned by name, to all rooms together: as many as can be invited to a meeting. Whoever of them is
not there is kept for as long as the rooms are open."""

BreakoutName = Annotated[str, Meta(min_length=1, max_length=MAX_BREAKOUT_NAME)]
BreakoutSeconds = Annotated[int, Meta(ge=1, le=MAX_BREAKOUT_S)]
_Id = Annotated[str, Meta(min_length=1, max_length=64)]
_AccountId = Annotated[str, Meta(pattern=r"^(u|sa)_[0-9A-Za-z_-]+$", max_length=64)]


class NewBreakout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A breakout room to be opened, with those who are assigned to it."""

    name: BreakoutName
    participant_ids: Annotated[tuple[_Id, ...], Meta(max_length=2000)] = ()
    identities: Annotated[tuple[_AccountId, ...], Meta(max_length=MAX_ASSIGNED)] = ()
    """Accounts that are assigned whether they are there already or come while the rooms are open. All rooms together
    have 300 at most."""
