"""Which ids and names a node takes from its callers."""

from __future__ import annotations

import re

from contracts.meeting_work import StartBroadcast, StartIngress, StartRecording
from contracts.node_rpc import CheckTransport, NodeRequest, Publish, RestartIce
from media_fleet.domain.effects import Purpose
from media_fleet.domain.errors import BadRequestError

_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
"""Ids stand in SDP lines (a=msid), where other characters would mean something."""


def check_ids(request: NodeRequest) -> None:
    """Raises `BadRequestError` for an id that could not stand in SDP."""
    ids: list[str] = [request.meeting_id, getattr(request, "participant_id", request.meeting_id)]
    if isinstance(request, Publish):
        ids += [track.track_id for track in request.tracks]
    if isinstance(request, StartRecording):
        ids.append(request.recording_id)
        if request.meeting_id.startswith(".") or request.recording_id.startswith("."):
            raise BadRequestError("An id that names a folder begins with no dot.")
    if isinstance(request, StartBroadcast):
        ids.append(request.broadcast_id)
    if isinstance(request, StartIngress):
        ids.append(request.ingress_id)
    for given in ids:
        if _ID.fullmatch(given) is None:
            raise BadRequestError(f"{given[:80]!r} is no id.")


def purpose_named(request: RestartIce | CheckTransport) -> Purpose:
    """Which transport the request is about. Raises `BadRequestError` for another name."""
    try:
        return Purpose(request.transport)
    except ValueError as error:
        raise BadRequestError(f"{request.transport[:80]!r} is no transport: publish or subscribe.") from error
