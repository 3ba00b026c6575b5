"""Requests about who comes in, by whichever door (the gateway's, WHIP, WHEP), as a room answers them."""

from __future__ import annotations

from contracts.node_rpc import (
    ChangeEncryption,
    ChangeSpotlight,
    CheckTransport,
    ChooseTracks,
    IceRestarted,
    JoinRoom,
    RestartIce,
    Watch,
)
from media_fleet.adapters.sdp_parser import MAX_PUBLISHING_SECTIONS, parse
from media_fleet.domain import effects as fx
from media_fleet.domain.effects import Answered, Effect, Offered, TransportKey
from media_fleet.domain.room import Room
from media_fleet.domain.sdp_writer import candidate_value
from media_fleet.domain.session_description import IceCredentials
from media_fleet.domain.transport_parameters import NodeEnd
from media_fleet.request_ids import purpose_named


def join(room: Room, request: JoinRoom) -> Offered:
    """Makes a participant known, with what the request says of the room."""
    version = request.version
    said: list[Effect] = []
    if request.encrypted is not None:
        said += room.tracks.change_encryption(encrypted=request.encrypted, version=version)
    said += [] if request.spotlight is None else room.spotlight(request.spotlight, version=version)
    joined = room.join(
        request.participant_id,
        subscribe=request.subscribe,
        anew=request.anew,
        breakout=request.breakout,
        version=version,
    )
    room.data.permit(request.participant_id, permitted=request.data, version=version)
    return Offered(offer=joined.offer, effects=(*said, *joined.effects))


def change(room: Room, request: ChangeSpotlight | ChangeEncryption) -> list[Effect]:
    """Changes what holds for everybody, unless something later is known."""
    if isinstance(request, ChangeSpotlight):
        return room.spotlight(request.participant_ids, version=request.version)
    return room.tracks.change_encryption(encrypted=request.encrypted, version=request.version)


def watch(room: Room, request: Watch, *, node: NodeEnd) -> Answered:
    """Answers an offer to receive. Raises `MediaNodeError`: nothing has changed."""
    offer = parse(request.sdp, max_sections=MAX_PUBLISHING_SECTIONS)
    participant = room.participant(request.participant_id)
    answered = participant.watch(
        offer, request.tracks, lambda: room.tracks.wanted_by(participant), node=node, randomness=room.randomness
    )
    return Answered(sdp=answered.sdp, effects=(*answered.effects, *room.tracks.transcode()))


def choose(room: Room, request: ChooseTracks) -> list[Effect]:
    """Changes what a participant watches. Raises `MediaNodeError`: nothing has changed."""
    participant = room.participant(request.participant_id)
    return [*participant.choose(request.tracks, room.tracks.wanted_by(participant)), *room.tracks.transcode()]


def restart_ice(room: Room, request: RestartIce, *, node: NodeEnd) -> tuple[IceRestarted, fx.RestartIce]:
    """Gives a transport new credentials. Raises `MediaNodeError`: nothing has changed."""
    own = room.randomness.ice_credentials()
    remote = IceCredentials(ufrag=request.ufrag, pwd=request.pwd)
    effect = room.participant(request.participant_id).restart_ice(purpose_named(request), remote=remote, own=own)
    candidates = tuple(candidate_value(each) for each in node.candidates)
    return IceRestarted(ufrag=own.ufrag, pwd=own.pwd, candidates=candidates), effect


def present_transport(room: Room, request: CheckTransport) -> TransportKey | None:
    """The transport that is asked about, if there is one. Raises `MediaNodeError`."""
    return room.participant(request.participant_id).present_transport(purpose_named(request))
