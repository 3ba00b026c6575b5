"""One generation of a participant's subscribing connection: the node offers, the client answers.

M-lines are never reordered or taken away (RFC 3264, 8). A line whose track has gone is offered inactive and carries the
next track of its kind. At most one offer is unanswered at any time; what changes meanwhile is in the next one. A line
carries media once the client's answer has accepted it, never before.

A line lists the codec of its track first, and behind it what a transcoder could make of it, until the client is known
to take that codec. What the answer leaves says what the client gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from contracts.client_messages import OfferedTrack
from contracts.node_rpc import Offer
from contracts.rooms import ParticipantId, TrackSource
from media_fleet.domain.effects import PublishedMedia, TrackKey
from media_fleet.domain.errors import BadSdpError, StaleNegotiationError
from media_fleet.domain.media_formats import (
    OWN_EXTENSIONS,
    SUBSCRIBER_EXTENSION_IDS,
    SUBSCRIBER_FEEDBACK,
    MediaCodec,
    alternatives,
    for_subscribers,
    red_payload_type,
    rtx_payload_type,
    to_formats,
    with_red,
)
from media_fleet.domain.payload_types import PayloadTypes
from media_fleet.domain.sdp_writer import write
from media_fleet.domain.session_description import (
    Direction,
    HeaderExtension,
    IceCredentials,
    MediaSection,
    SessionDescription,
    Setup,
    SsrcGroup,
)
from media_fleet.domain.transport_parameters import RTP_OVER_DTLS, NodeEnd, Randomness, RemoteEnd, remote_end

MAX_SUBSCRIBING_SECTIONS = 512
"""As many as a client may name in its wishes."""


class RoomTrack(Struct, frozen=True, kw_only=True):
    """A published track as subscribers need it."""

    key: TrackKey
    participant_id: ParticipantId
    source: TrackSource
    media: PublishedMedia
    muted: bool
    muted_version: int
    """The version of the meeting's log as of which ``muted`` holds."""

    def is_like(self, other: RoomTrack) -> bool:
        """Whether who receives one can go on with the other, with nothing negotiated."""
        codecs = [for_subscribers(track.media.codec.codec) for track in (self, other)]
        return codecs[0] == codecs[1] and len(self.media.rids) == len(other.media.rids)


class OtherForm(Struct, frozen=True, kw_only=True):
    """A codec in which a line could carry its track as well, if somebody transcodes it."""

    codec: MediaCodec
    payload_type: int
    rtx_payload_type: int | None


class Feed(Struct, frozen=True, kw_only=True):
    """A track on an m-line, under the subscriber's own numbers."""

    track: TrackKey
    participant_id: ParticipantId
    codec: MediaCodec
    payload_type: int
    rtx_payload_type: int | None
    red_payload_type: int | None
    ssrc: int
    rtx_ssrc: int | None
    extension_uris: tuple[str, ...]
    others: tuple[OtherForm, ...] = ()
    """The best first."""


class AcceptedFeed(Struct, frozen=True, kw_only=True):
    """A feed that the client's answer takes, with what the answer left of it."""

    feed: Feed
    mid: str
    payload_type: int
    rtx_payload_type: int | None
    red_payload_type: int | None
    extensions: tuple[tuple[str, int], ...]
    transcoded: MediaCodec | None = None
    """In which other codec it is taken; None: as it is sent."""


class AppliedAnswer(Struct, frozen=True, kw_only=True):
    remote: RemoteEnd | None
    """With the first answer: whom the DTLS handshake must meet."""
    accepted: tuple[AcceptedFeed, ...]
    """Feeds that may flow from now on."""
    stopped: tuple[TrackKey, ...]
    """Tracks that flowed and that the client no longer takes."""


class _Line:
    def __init__(self, mid: str, kind: str) -> None:
        self.mid = mid
        self.kind = kind
        self.feed: Feed | None = None
        self.flowing = False
        self.rejected = False


class SubscribingSession:
    """The m-lines of one subscribing connection and the state of its negotiation."""

    def __init__(self, *, generation: int, node: NodeEnd, ice: IceCredentials, randomness: Randomness) -> None:
        self.generation = generation
        self.ice = ice
        self._node = node
        self._randomness = randomness
        self._session_id = randomness.session_id()
        self._payload_types = PayloadTypes()
        self._known: set[MediaCodec] = set()
        """What the client is known to take."""
        self._negotiation = 0
        self._lines: list[_Line] = []
        self._declined: set[TrackKey] = set()
        self._remote: RemoteEnd | None = None
        self._last_mid = -1
        self.outstanding: Offer | None = None

    def offer(self, wanted: Mapping[TrackKey, RoomTrack]) -> Offer | None:
        """An offer that brings the lines to ``wanted``; None if they are there, or if an answer is awaited."""
        if self.outstanding is not None or not self._arrange(wanted):
            return None
        self._negotiation += 1
        self.outstanding = Offer(
            generation=self.generation,
            negotiation=self._negotiation,
            sdp=write(self._description()),
            tracks=tuple(
                OfferedTrack(mid=line.mid, track_id=feed.track.track_id, participant_id=feed.participant_id)
                for line in self._lines
                if (feed := line.feed) is not None
            ),
        )
        return self.outstanding

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        """Another track of the same form is on the former one's line, without an offer."""
        for line in self._lines:
            if line.feed is not None and line.feed.track == former:
                line.feed = replace(line.feed, track=track)
        if former in self._declined:
            self._declined.discard(former)
            self._declined.add(track)

    def stop(self, track: TrackKey) -> None:
        """The track no longer flows, though its line has it until the next offer."""
        for line in self._lines:
            if line.feed is not None and line.feed.track == track:
                line.flowing = False

    def give_up(self, track: TrackKey) -> None:
        """The track cannot be had on its line, nor on another one."""
        self._declined.add(track)

    def restart_ice(self, ice: IceCredentials, remote: IceCredentials) -> None:
        """Both ends have new credentials.

        Raises:
            StaleNegotiationError: the client has not answered yet.
        """
        if self._remote is None:
            raise StaleNegotiationError("The offer has not been answered.")
        self.ice, self._remote = ice, replace(self._remote, ice=remote)

    def expects(self, generation: int, negotiation: int) -> bool:
        """True if this answer is awaited, False if it has been applied already.

        Raises:
            StaleNegotiationError: it answers neither the current offer nor the last answered one.
        """
        if generation == self.generation and negotiation == self._negotiation and negotiation > 0:
            return self.outstanding is not None
        raise StaleNegotiationError(
            f"The answer is to offer {generation}.{negotiation}; "
            f"the current one is {self.generation}.{self._negotiation}."
        )

    def apply_answer(self, answer: SessionDescription, wanted: Mapping[TrackKey, RoomTrack]) -> AppliedAnswer:
        """Takes the answer to the outstanding offer.

        Raises:
            BadSdpError: the answer does not fit the offer; the offer stays outstanding.
        """
        if [section.mid for section in answer.media] != [line.mid for line in self._lines]:
            raise BadSdpError("The answer must have the m-lines of the offer, in its order, with the same a=mid.")
        remote = self._remote_end(answer)
        accepted: list[AcceptedFeed] = []
        stopped: list[TrackKey] = []
        for line, section in zip(self._lines, answer.media, strict=True):
            line.rejected = not section.in_use
            if line.feed is None:
                continue
            taken = _accept(line.feed, line.mid, section)
            if taken is None:
                self._declined.add(line.feed.track)
                if line.flowing:
                    stopped.append(line.feed.track)
                line.feed, line.flowing = None, False
            elif not line.flowing and line.feed.track in wanted:
                line.flowing = True
                accepted.append(taken)
                self._known |= {line.feed.codec} if taken.transcoded is None else set()
        first = self._remote is None
        self._remote = self._remote or remote
        self.outstanding = None
        return AppliedAnswer(remote=remote if first else None, accepted=tuple(accepted), stopped=tuple(stopped))

    def _remote_end(self, answer: SessionDescription) -> RemoteEnd | None:
        if not any(section.in_use for section in answer.media):
            return None
        remote = remote_end(answer, (Setup.ACTIVE,) if self._remote is None else (Setup.ACTIVE, Setup.ACTPASS))
        if self._remote is not None and not remote.same_association(self._remote):
            raise BadSdpError("The answer comes from another peer connection than the first one of this generation.")
        return remote

    # ---- arranging tracks on lines ----

    def _arrange(self, wanted: Mapping[TrackKey, RoomTrack]) -> bool:
        self._declined &= wanted.keys()
        changed = False
        for line in self._lines:
            if line.feed is not None and (line.feed.track not in wanted or line.feed.track in self._declined):
                line.feed, line.flowing, changed = None, False, True
        carried = {line.feed.track for line in self._lines if line.feed is not None}
        for key, track in wanted.items():
            if key not in carried and key not in self._declined:
                changed = self._place(track) or changed
        return changed

    def _place(self, track: RoomTrack) -> bool:
        media = track.media
        codec = for_subscribers(media.codec.codec)
        is_video = media.kind == "video"
        pair = self._payload_types.of(codec, video=is_video)
        line = self._free_line(media.kind)
        if pair is None or line is None:
            self._declined.add(track.key)
            return False
        payload_type, beside = pair
        line.feed = Feed(
            track=track.key,
            participant_id=track.participant_id,
            codec=codec,
            payload_type=payload_type,
            rtx_payload_type=beside if is_video else None,
            red_payload_type=None if is_video else beside,
            ssrc=self._new_ssrc(),
            rtx_ssrc=self._new_ssrc() if is_video else None,
            extension_uris=_extension_uris(media),
            others=() if codec in self._known else tuple(self._others(media.kind, codec)),
        )
        line.flowing = False
        return True

    def _others(self, kind: str, codec: MediaCodec) -> Iterator[OtherForm]:
        for other in alternatives(kind, codec):
            pair = self._payload_types.of(other, video=kind == "video", beside=True)
            if pair is not None:
                rtx = pair[1] if kind == "video" else None
                yield OtherForm(codec=other, payload_type=pair[0], rtx_payload_type=rtx)

    def _free_line(self, kind: str) -> _Line | None:
        for line in self._lines:
            if line.feed is None and line.kind == kind:
                if line.rejected:  # a rejected section comes back under a new mid (RFC 8829, 5.2.2)
                    line.mid, line.rejected = self._new_mid(), False
                return line
        if len(self._lines) >= MAX_SUBSCRIBING_SECTIONS:
            return None
        self._lines.append(_Line(self._new_mid(), kind))
        return self._lines[-1]

    def _new_mid(self) -> str:
        self._last_mid += 1
        return str(self._last_mid)

    def _new_ssrc(self) -> int:
        used = {n for line in self._lines if line.feed for n in (line.feed.ssrc, line.feed.rtx_ssrc)}
        while (ssrc := self._randomness.ssrc()) in used:
            pass
        return ssrc

    # ---- writing ----

    def _description(self) -> SessionDescription:
        media = tuple(self._section(line) for line in self._lines)
        return SessionDescription(
            session_id=self._session_id,
            session_version=self._negotiation,
            bundle=tuple(section.mid for section in media if section.in_use),
            media=media,
            ice_lite=True,
            extmap_allow_mixed=True,
        )

    def _section(self, line: _Line) -> MediaSection:
        feed = line.feed
        if feed is None:
            return self._idle_section(line)
        formats = to_formats(feed.codec, feed.payload_type, feed.rtx_payload_type, SUBSCRIBER_FEEDBACK[line.kind])
        formats = with_red(formats, feed.red_payload_type)
        for other in feed.others:
            formats += to_formats(
                other.codec, other.payload_type, other.rtx_payload_type, SUBSCRIBER_FEEDBACK[line.kind]
            )
        fid = () if feed.rtx_ssrc is None else (SsrcGroup(semantics="FID", ssrcs=(feed.ssrc, feed.rtx_ssrc)),)
        return MediaSection(
            kind=line.kind,
            port=self._node.candidates[0].port,
            protocol=RTP_OVER_DTLS[0],
            fmts=tuple(str(f.payload_type) for f in formats),
            mid=line.mid,
            direction=Direction.SENDONLY,
            rtcp_mux=True,
            rtcp_rsize=True,
            ice=self.ice,
            candidates=self._node.candidates,
            fingerprints=self._node.fingerprints,
            setup=Setup.ACTPASS,
            formats=formats,
            extensions=tuple(HeaderExtension(id=SUBSCRIBER_EXTENSION_IDS[uri], uri=uri) for uri in feed.extension_uris),
            msid=f"{feed.participant_id} {feed.track.track_id}",
            ssrcs=(feed.ssrc,) if feed.rtx_ssrc is None else (feed.ssrc, feed.rtx_ssrc),
            ssrc_groups=fid,
            cname=feed.participant_id,
        )

    def _idle_section(self, line: _Line) -> MediaSection:
        """Inactive with its port kept, so that the transport of the BUNDLE stays; port 0 after a rejection."""
        codec, (payload_type, beside) = self._payload_types.any_of(line.kind)
        is_video = line.kind == "video"
        formats = to_formats(codec, payload_type, beside if is_video else None, SUBSCRIBER_FEEDBACK[line.kind])
        formats = with_red(formats, None if is_video else beside)
        return MediaSection(
            kind=line.kind,
            port=0 if line.rejected else self._node.candidates[0].port,
            protocol=RTP_OVER_DTLS[0],
            fmts=tuple(str(f.payload_type) for f in formats),
            mid=line.mid,
            direction=Direction.INACTIVE,
            rtcp_mux=True,
            rtcp_rsize=True,
            ice=self.ice,
            candidates=self._node.candidates,
            fingerprints=self._node.fingerprints,
            setup=Setup.ACTPASS,
            formats=formats,
        )


def _extension_uris(media: PublishedMedia) -> tuple[str, ...]:
    published = {uri for uri, _ in media.extensions}
    return tuple(uri for uri in SUBSCRIBER_EXTENSION_IDS if uri in OWN_EXTENSIONS[media.kind] or uri in published)


def _accept(feed: Feed, mid: str, section: MediaSection) -> AcceptedFeed | None:
    """What the answer's section takes of a feed; None if it takes none of it."""
    if not section.in_use or not section.direction.receives:
        return None
    taken = {payload_format.payload_type for payload_format in section.formats}
    other = next((each for each in feed.others if each.payload_type in taken), None)
    is_as_sent = feed.payload_type in taken
    if not is_as_sent and other is None:
        return None
    form = feed if is_as_sent or other is None else other
    rtx = rtx_payload_type(section, form.payload_type)
    red = red_payload_type(section, feed.payload_type) if is_as_sent else None
    offered = {uri: SUBSCRIBER_EXTENSION_IDS[uri] for uri in feed.extension_uris}
    return AcceptedFeed(
        feed=feed,
        mid=mid,
        payload_type=form.payload_type,
        rtx_payload_type=rtx if rtx == form.rtx_payload_type else None,
        red_payload_type=red if red == feed.red_payload_type else None,
        extensions=tuple((e.uri, e.id) for e in section.extensions if offered.get(e.uri) == e.id),
        transcoded=None if is_as_sent else form.codec,
    )
