"""What a room wants done outside itself: to the packet core, to DTLS, to the participants' gateways.

A room names things by keys of its own; `media_fleet.packet_plane` maps them to the packet core's ids. Effects
are carried out in the order in which they are returned.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from contracts.node_rpc import Offer
from contracts.rooms import NodeId, ParticipantId, SeparateReason, SoundForm, StarvedReason, TrackId, TrackSource
from contracts.statistics import ConnectionQuality
from media_fleet.domain.media_formats import ChosenCodec, MediaCodec
from media_fleet.domain.session_description import Fingerprint, IceCredentials


class Purpose(StrEnum):
    """Which of a participant's two connections a transport serves."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"
    RECORD = "record"
    """To a recorder on this machine."""
    TRANSCODE = "transcode"
    """To a transcoder on this machine, both ways."""
    MIX = "mix"
    """To a mixer on this machine, both ways."""

    @property
    def is_clients(self) -> bool:
        """Whether a client is at the other end."""
        return self in (Purpose.PUBLISH, Purpose.SUBSCRIBE)


class TransportKey(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    purpose: Purpose
    generation: int


class TrackKey(Struct, frozen=True, kw_only=True):
    """One registration of a track. A track that is published anew in another form gets another revision."""

    track_id: TrackId
    revision: int


class SubscriptionKey(Struct, frozen=True, kw_only=True):
    transport: TransportKey
    track: TrackKey


class PublishedMedia(Struct, frozen=True, kw_only=True):
    """What an m-line of a publishing connection carries, as negotiated."""

    kind: str
    mid: str
    codec: ChosenCodec
    rids: tuple[str, ...]
    """Lowest first; empty for a single encoding."""
    ssrc: int | None
    rtx_ssrc: int | None
    extensions: tuple[tuple[str, int], ...]

    @property
    def transport_cc(self) -> bool:
        return "transport-cc" in self.codec.feedback

    @property
    def nack(self) -> bool:
        return "nack" in self.codec.feedback


class OpenTransport(Struct, frozen=True, kw_only=True):
    transport: TransportKey
    ice: IceCredentials


class StartDtls(Struct, frozen=True, kw_only=True):
    """The remote fingerprints are known: the handshake may go on, or with the node as client begin."""

    transport: TransportKey
    fingerprints: tuple[Fingerprint, ...]
    as_client: bool = False


class RestartIce(Struct, frozen=True, kw_only=True):
    transport: TransportKey
    ice: IceCredentials


class CloseTransport(Struct, frozen=True, kw_only=True):
    """Takes its tracks and subscriptions with it."""

    transport: TransportKey


class SctpEnd(Struct, frozen=True, kw_only=True):
    """The client's end of an SCTP association, as its SDP describes it (RFC 8841)."""

    port: int
    max_message_size: int
    """Bytes; 0 for any."""


class OpenData(Struct, frozen=True, kw_only=True):
    """Data channels may be opened on the transport, once DTLS is there."""

    transport: TransportKey
    remote: SctpEnd


class AddTrack(Struct, frozen=True, kw_only=True):
    track: TrackKey
    transport: TransportKey
    media: PublishedMedia
    muted: bool


class RemoveTrack(Struct, frozen=True, kw_only=True):
    """Takes its subscriptions with it."""

    track: TrackKey


class SucceedTrack(Struct, frozen=True, kw_only=True):
    """Who receives ``former`` goes on with ``track`` as soon as that has begun. All subscriptions are to it now."""

    former: TrackKey
    track: TrackKey


class AddRelayedTrack(Struct, frozen=True, kw_only=True):
    """A track that another node relays to this one."""

    track: TrackKey
    node_id: NodeId
    media: PublishedMedia
    ssrcs: tuple[int, ...]
    """Under which each layer comes, the lowest first."""


class MuteTrack(Struct, frozen=True, kw_only=True):
    track: TrackKey
    muted: bool


class AllowMadeLayer(Struct, frozen=True, kw_only=True):
    """Whether a smaller picture would be made of a track if somebody needed it: the room is told when."""

    track: TrackKey
    allowed: bool


class AddMadeLayer(Struct, frozen=True, kw_only=True):
    """A smaller picture of a track comes over the transport of what makes it from now on, and ends with that."""

    track: TrackKey
    transport: TransportKey
    ssrc: int


class PlaceVoice(Struct, frozen=True, kw_only=True):
    """The participant's microphone is heard in this breakout room; None: in the main room."""

    track: TrackKey
    participant_id: ParticipantId
    breakout: str | None


class Share(Struct, frozen=True, kw_only=True):
    """What a subscriber wants of a track."""

    layer: int | None
    """The highest simulcast layer; None for the best."""
    height: int | None
    """The height in pixels that layers within an encoding are to fill; None for the best."""
    frame_rate: int | None
    """The most pictures a second; None for all."""
    priority: int
    """Who is served first where the path does not carry all: the greater, the sooner."""
    paused: bool


class AddSubscription(Struct, frozen=True, kw_only=True):
    subscription: SubscriptionKey
    mid: str
    ssrc: int
    rtx_ssrc: int | None
    payload_type: int
    rtx_payload_type: int | None
    cname: str
    extensions: tuple[tuple[str, int], ...]
    share: Share
    red_payload_type: int | None = None
    """Without one, redundant sound loses its redundancy on the way."""
    continuous: bool = False
    """All sound is for it, also silence and whoever is not among those who are heard."""


class AdjustSubscription(Struct, frozen=True, kw_only=True):
    subscription: SubscriptionKey
    share: Share


class RemoveSubscription(Struct, frozen=True, kw_only=True):
    subscription: SubscriptionKey


class ShowCameras(Struct, frozen=True, kw_only=True):
    """The participant gets these cameras alone; None: all that they want."""

    participant_id: ParticipantId
    track_ids: tuple[TrackId, ...] | None


class TellQualities(Struct, frozen=True, kw_only=True):
    """Connections of participants on another node are better or worse than before."""

    qualities: tuple[ConnectionQuality, ...]


class SendOffer(Struct, frozen=True, kw_only=True):
    participant_id: ParticipantId
    offer: Offer


class RecorderRole(StrEnum):
    """What a recorder makes of a meeting. A recording may have one of each."""

    TRACKS = "tracks"
    """A file for each track."""
    COMPOSITE = "composite"
    """One picture and one sound."""
    AUDIO = "audio"
    """One sound."""
    BROADCAST = "broadcast"
    """One picture and one sound, for those who watch. Of a broadcast, never of a recording."""


class RecordTrack(Struct, frozen=True, kw_only=True):
    """The recorder gets a track under this SSRC."""

    role: RecorderRole

    ssrc: int
    track_id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    codec: str
    clock_rate: int
    muted: bool


class MuteRecorded(Struct, frozen=True, kw_only=True):
    role: RecorderRole
    ssrc: int
    muted: bool


class StopRecordingTrack(Struct, frozen=True, kw_only=True):
    """Nothing comes under this SSRC any more."""

    role: RecorderRole
    ssrc: int


class FinishRecording(Struct, frozen=True, kw_only=True):
    """The recorders complete their files and end."""

    recording_id: str


class FinishBroadcast(Struct, frozen=True, kw_only=True):
    """The broadcaster ends."""

    broadcast_id: str
    is_over: bool
    """Whether those who watch are told that this was all; otherwise it may go on at another node."""


class StartTranscoder(Struct, frozen=True, kw_only=True):
    """A transcoder is needed: the room is told when it is ready, or lost."""

    transport: TransportKey
    ice: IceCredentials
    track_id: TrackId
    taken: MediaCodec
    ssrc_in: int
    """Under which the track comes."""
    made: MediaCodec
    ssrc_out: int
    payload_type: int
    """Of what comes and what is made."""
    is_smaller: bool = False
    """It makes a picture a half as wide and as high."""


class StopTranscoder(Struct, frozen=True, kw_only=True):
    """It is to end; once it has, its place is free: until then it takes as much as before."""

    transport: TransportKey
    kind: str
    """Of which it has a place: of media, or `transcoder_places.LAYER`."""


class TellPlayable(Struct, frozen=True, kw_only=True):
    """The participant cannot be given a track, since nobody transcodes it for them; or can again. Each reason is told
    of by itself."""

    participant_id: ParticipantId
    track_id: TrackId
    playable: bool
    reason: StarvedReason


class StartMixer(Struct, frozen=True, kw_only=True):
    """A mixer is needed: the room is told when it is ready, or lost."""

    transport: TransportKey
    ice: IceCredentials
    payload_type: int
    """Of what comes and what is made."""
    red_payload_type: int
    """Of what comes with copies of what was before it."""


class StopMixer(Struct, frozen=True, kw_only=True):
    """It is to end; once it has, its place is free."""

    transport: TransportKey


class MixVoice(Struct, frozen=True, kw_only=True):
    """The mixer gets a track under this SSRC."""

    transport: TransportKey
    ssrc: int
    track_id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    codec: MediaCodec


class StopMixingVoice(Struct, frozen=True, kw_only=True):
    """Nothing comes under this SSRC any more."""

    transport: TransportKey
    ssrc: int


class MixFor(Struct, frozen=True, kw_only=True):
    """The mixer sends a mix under this SSRC. ``without``: who is not to hear themselves; None: for those who publish no
    sound."""

    transport: TransportKey
    ssrc: int
    without: ParticipantId | None


class StopMixingFor(Struct, frozen=True, kw_only=True):
    """Nobody wants what is sent under this SSRC any more."""

    transport: TransportKey
    ssrc: int


class TellSound(Struct, frozen=True, kw_only=True):
    """How the participant is sent sound from now on. ``reason``: why not as they asked, if that may last."""

    participant_id: ParticipantId
    form: SoundForm
    reason: SeparateReason | None = None


TranscoderEffect: TypeAlias = StartTranscoder | StopTranscoder
MixerEffect: TypeAlias = StartMixer | StopMixer | MixVoice | StopMixingVoice | MixFor | StopMixingFor
RecordedTrackEffect: TypeAlias = RecordTrack | MuteRecorded | StopRecordingTrack
RecorderEffect: TypeAlias = RecordedTrackEffect | FinishRecording | FinishBroadcast

Effect: TypeAlias = (
    OpenTransport
    | StartDtls
    | RestartIce
    | CloseTransport
    | OpenData
    | AddTrack
    | RemoveTrack
    | SucceedTrack
    | AddRelayedTrack
    | MuteTrack
    | AllowMadeLayer
    | AddMadeLayer
    | PlaceVoice
    | AddSubscription
    | AdjustSubscription
    | RemoveSubscription
    | TellQualities
    | SendOffer
    | ShowCameras
    | RecorderEffect
    | TranscoderEffect
    | TellPlayable
    | MixerEffect
    | TellSound
)


class Offered(Struct, frozen=True, kw_only=True):
    """An offer for the caller itself, if there is anything to receive."""

    offer: Offer | None
    effects: tuple[Effect, ...]


class Answered(Struct, frozen=True, kw_only=True):
    """The answer to a client's offer."""

    sdp: str
    effects: tuple[Effect, ...]
