"""Which ids a node takes from its callers."""

from __future__ import annotations

import re

from contracts.node_rpc import NodeRequest, Publish
from media_fleet.domain.errors import BadRequestError

_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
"""Ids stand in SDP lines (a=msid), where other characters would mean something."""


def check_ids(request: NodeRequest) -> None:
    """Raises `BadRequestError` for an id that could not stand in SDP."""
    ids: list[str] = [request.meeting_id, getattr(request, "participant_id", request.meeting_id)]
    if isinstance(request, Publish):
        ids += [track.track_id for track in request.tracks]
    for given in ids:
        if _ID.fullmatch(given) is None:
            raise BadRequestError(f"{given[:80]!r} is no id.")
