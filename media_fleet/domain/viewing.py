"""A receiving connection that the client offers (WHEP), beside the ones that a node offers (`subscribing`).

The offer's m-lines are all that there will ever be: nothing is negotiated again. Each is answered with every codec that
both ends know, and carries the first of the wanted tracks of its kind that is not on another line yet. A line that
changes over gets a new SSRC, which the receiver knows by its MID (RFC 8843, 9.2): an SSRC never begins twice under one
key. A track in a codec that no line takes is sent in another one that a line does, if somebody transcodes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from contracts.rooms import TrackId
from media_fleet.domain.effects import (
    AddSubscription,
    Share,
    SubscriptionKey,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.errors import BadSdpError
from media_fleet.domain.media_formats import (
    MAX_EXTENSION_ID,
    OWN_EXTENSIONS,
    PUBLISHED_EXTENSIONS,
    MediaCodec,
    alternatives,
    for_subscribers,
    known_codec,
    red_payload_type,
    rtx_payload_type,
    with_red,
)
from media_fleet.domain.sdp_writer import write
from media_fleet.domain.session_description import (
    Direction,
    HeaderExtension,
    IceCredentials,
    MediaSection,
    PayloadFormat,
    SessionDescription,
    SsrcGroup,
)
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transport_parameters import NodeEnd, Randomness, RemoteEnd, is_media


class Placed(Struct, frozen=True, kw_only=True):
    """A track that a line carries from now on. ``transcoded``: in which other codec; None: as it is sent."""

    subscription: AddSubscription
    transcoded: MediaCodec | None


class _Line:
    def __init__(self, section: MediaSection) -> None:
        self.section = section
        self.formats = tuple(f for f in section.formats if known_codec(section.kind, f) is not None)
        self.carries: TrackKey | None = None
        self.ssrc = self.rtx_ssrc = 0
        self.cname: str | None = None
        self.msid: str | None = None

    def payload_type(self, codec: MediaCodec) -> int | None:
        """Where the line takes the codec: with the same parameters if it can, else by its name."""
        alike: int | None = None
        for payload_format in self.formats:
            offered = known_codec(self.section.kind, payload_format)
            if offered is None or offered.name != codec.name:
                continue
            if for_subscribers(offered) == for_subscribers(codec):
                return payload_format.payload_type
            alike = payload_format.payload_type if alike is None else alike
        return alike

    def form_of(self, track: RoomTrack) -> tuple[int, MediaCodec | None] | None:
        """Under which payload type the track can be sent on it, and in which other codec than its own."""
        codec = track.media.codec.codec
        if track.media.kind != self.section.kind:
            return None
        if (as_sent := self.payload_type(codec)) is not None:
            return as_sent, None
        others = alternatives(track.media.kind, for_subscribers(codec))
        taken = ((self.payload_type(other), other) for other in others)
        return next(((payload_type, other) for payload_type, other in taken if payload_type is not None), None)

    def takes(self, track: RoomTrack) -> bool:
        """Whether the track can be sent on it."""
        return self.form_of(track) is not None

    def extensions(self, published: Iterable[str]) -> Iterator[tuple[str, int]]:
        """What goes with each packet: what the node writes, and what the publisher sends and this line takes."""
        passed_on = {*OWN_EXTENSIONS[self.section.kind], *published}
        for extension in _taken(self.section):
            if extension.uri in passed_on:
                yield extension.uri, extension.id


class ViewingSession:
    """The m-lines of one connection and what is on them."""

    def __init__(
        self,
        offer: SessionDescription,
        remote: RemoteEnd,
        *,
        node: NodeEnd,
        ice: IceCredentials,
        randomness: Randomness,
    ) -> None:
        """Raises `BadSdpError`: the offer receives nothing that a node could send."""
        self.offer = offer
        self.remote = remote
        self.ice = ice
        self.chosen: tuple[TrackId, ...] = ()
        """The wanted tracks, the first the most."""
        self._node = node
        self._randomness = randomness
        self._session_id = randomness.session_id()
        lines = (_Line(s) for s in offer.media if s.in_use and s.direction.receives and is_media(s))
        self._lines = {line.section.mid: line for line in lines if line.formats}
        self._given_up: set[TrackKey] = set()
        if not self._lines:
            raise BadSdpError("The offer receives neither audio nor video in a codec that the node forwards.")

    def arrange(
        self,
        wanted: Mapping[TrackKey, RoomTrack],
        transport: TransportKey,
        share_of: Callable[[RoomTrack], Share],
    ) -> Iterator[TrackKey | Placed]:
        """Brings the lines to the chosen tracks, as far as they are among ``wanted``: those in the same room.

        What is carried no more comes first. ``share_of``: what is to be sent of a chosen one.
        """
        self._given_up &= wanted.keys()
        tracks = {track.key.track_id: track for track in wanted.values() if track.key not in self._given_up}
        plan = self._plan([tracks[track_id] for track_id in self.chosen if track_id in tracks])
        for line in self._lines.values():
            if line.carries is None or (line in plan and plan[line].key == line.carries):
                continue
            yield line.carries
            line.carries = None
        for line, track in plan.items():
            form = line.form_of(track)
            if line.carries is None and form is not None:
                subscription = self._begin(line, track, form[0], transport, share_of(track))
                yield Placed(subscription=subscription, transcoded=form[1])

    def give_up(self, track: TrackKey) -> None:
        """The track cannot be had in any codec of the lines."""
        self._given_up.add(track)
        for line in self._lines.values():
            if line.carries == track:
                line.carries = None

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        """Another track of the same form is on the former one's line."""
        for line in self._lines.values():
            if line.carries == former:
                line.carries = track

    def _plan(self, ranked: Sequence[RoomTrack]) -> dict[_Line, RoomTrack]:
        """Which line carries what. What is among the best and on a line already stays on it."""
        best: dict[TrackKey, RoomTrack] = {}
        for kind in ("audio", "video"):
            lines = [line for line in self._lines.values() if line.section.kind == kind]
            fitting = (track for track in ranked if any(line.takes(track) for line in lines))
            best |= {track.key: track for track in islice(fitting, len(lines))}
        plan = {line: best.pop(line.carries) for line in self._lines.values() if line.carries in best}
        for line in self._lines.values():
            track = next((track for track in best.values() if line.takes(track)), None)
            if line not in plan and track is not None:
                plan[line] = best.pop(track.key)
        return plan

    def _begin(
        self, line: _Line, track: RoomTrack, payload_type: int, transport: TransportKey, share: Share
    ) -> AddSubscription:
        rtx = rtx_payload_type(line.section, payload_type)
        line.carries = track.key
        line.ssrc, line.rtx_ssrc = self._new_ssrc(), self._new_ssrc()
        line.cname, line.msid = track.participant_id, f"{track.participant_id} {track.key.track_id}"
        return AddSubscription(
            subscription=SubscriptionKey(transport=transport, track=track.key),
            mid=line.section.mid,
            ssrc=line.ssrc,
            rtx_ssrc=None if rtx is None else line.rtx_ssrc,
            payload_type=payload_type,
            rtx_payload_type=rtx,
            red_payload_type=red_payload_type(line.section, payload_type),
            cname=track.participant_id,
            extensions=tuple(line.extensions(uri for uri, _ in track.media.extensions)),
            share=share,
            # The lines are the limit here, and players take a gap in sound for the end of it.
            continuous=True,
        )

    def _new_ssrc(self) -> int:
        used = {n for line in self._lines.values() for n in (line.ssrc, line.rtx_ssrc)}
        while (ssrc := self._randomness.ssrc()) in used:
            pass
        return ssrc

    def answer(self) -> str:
        """The SDP answer, with the SSRCs of what is on the lines now."""
        media = tuple(self._section(section) for section in self.offer.media)
        taken = {section.mid for section in media if section.in_use}
        return write(
            SessionDescription(
                session_id=self._session_id,
                session_version=1,
                bundle=tuple(mid for mid in self.offer.bundle if mid in taken),
                media=media,
                ice_lite=True,
                extmap_allow_mixed=self.offer.extmap_allow_mixed,
            )
        )

    def _section(self, section: MediaSection) -> MediaSection:
        line = self._lines.get(section.mid)
        if line is None:
            return MediaSection(
                kind=section.kind, port=0, protocol=section.protocol, fmts=section.fmts[:1] or ("0",), mid=section.mid
            )
        formats = tuple(_with_companions(section, line.formats))
        has_rtx = any(f.name == "rtx" for f in formats)
        ssrcs = () if line.carries is None else (line.ssrc, line.rtx_ssrc) if has_rtx else (line.ssrc,)
        return MediaSection(
            kind=section.kind,
            port=self._node.candidates[0].port,
            protocol=section.protocol,
            fmts=tuple(str(f.payload_type) for f in formats),
            mid=section.mid,
            direction=Direction.SENDONLY,
            rtcp_mux=True,
            rtcp_rsize=section.rtcp_rsize,
            ice=self.ice,
            candidates=self._node.candidates,
            fingerprints=self._node.fingerprints,
            setup=self.remote.node_setup,
            formats=formats,
            extensions=_taken(section),
            msid=line.msid,
            ssrcs=ssrcs,
            ssrc_groups=(SsrcGroup(semantics="FID", ssrcs=ssrcs),) if len(ssrcs) == 2 else (),
            cname=line.cname,
        )


def _taken(section: MediaSection) -> tuple[HeaderExtension, ...]:
    wanted = {*OWN_EXTENSIONS[section.kind], *PUBLISHED_EXTENSIONS[section.kind]}
    return tuple(
        HeaderExtension(
            id=extension.id,
            uri=extension.uri,
            direction=None if extension.direction is None else extension.direction.reversed,
        )
        for extension in section.extensions
        if extension.uri in wanted
        and extension.id <= MAX_EXTENSION_ID
        and (extension.direction is None or extension.direction.receives)
    )


def _with_companions(section: MediaSection, formats: Sequence[PayloadFormat]) -> Iterator[PayloadFormat]:
    """Each format, with its RTX or RED behind it as far as the offer has them."""
    by_payload_type = {f.payload_type: f for f in section.formats}
    for payload_format in formats:
        yield from with_red((payload_format,), red_payload_type(section, payload_format.payload_type))
        rtx = rtx_payload_type(section, payload_format.payload_type)
        if rtx is not None:
            yield PayloadFormat(
                payload_type=rtx,
                name="rtx",
                clock_rate=by_payload_type[rtx].clock_rate,
                parameters=(("apt", str(payload_format.payload_type)),),
            )
