//! What the control plane asks of the engine. `packet_core.pyi` describes each.

use std::net::SocketAddr;

use parley_wire::codec::Codec;
use parley_wire::extensions::ExtensionMap;
use parley_wire::srtp::Profile;

use crate::Id;

/// Local ICE credentials (RFC 8839, section 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Username fragment.
    pub ufrag: String,
    /// Password.
    pub pwd: String,
}

/// Master keys and salts of both directions.
#[derive(Clone)]
pub struct Keys {
    /// How packets are protected.
    pub profile: Profile,
    /// Master key of what is received.
    pub receive_key: Vec<u8>,
    /// Master salt of what is received.
    pub receive_salt: Vec<u8>,
    /// Master key of what is sent.
    pub send_key: Vec<u8>,
    /// Master salt of what is sent.
    pub send_salt: Vec<u8>,
}

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What is heard.
    Audio,
    /// What is seen.
    Video,
}

/// One m-line that a transport publishes.
#[derive(Clone, Debug)]
pub struct TrackConfig {
    /// Audio or video.
    pub kind: Kind,
    /// The negotiated codec.
    pub codec: Codec,
    /// The m-line's mid.
    pub mid: String,
    /// The codec's payload type.
    pub payload_type: u8,
    /// The payload type of its retransmissions.
    pub rtx_payload_type: Option<u8>,
    /// The payload type under which it may come with copies of what was before (RFC 2198). Packet by packet it is one or the other.
    pub red_payload_type: Option<u8>,
    /// Ticks of the RTP timestamp in a second.
    pub clock_rate: u32,
    /// Simulcast layers, lowest first; empty for one encoding.
    pub rids: Vec<String>,
    /// The SSRC, where the SDP names it.
    pub ssrc: Option<u32>,
    /// The SSRC of retransmissions, where the SDP names it.
    pub rtx_ssrc: Option<u32>,
    /// The publisher's extension ids.
    pub extensions: ExtensionMap,
    /// Whether transport-wide feedback is sent.
    pub transport_cc: bool,
    /// Whether lost packets are asked for.
    pub nack: bool,
    /// Whether it has a layer beneath, which the node makes: only where there is one encoding.
    pub made_layer: bool,
}

impl TrackConfig {
    /// Whether media come under a payload type, with redundancy or without.
    pub(crate) fn is_media(&self, payload_type: u8) -> bool {
        self.payload_type == payload_type || self.red_payload_type == Some(payload_type)
    }
}

/// How a subscriber gets a track.
#[derive(Clone, Debug)]
pub struct SubscriptionConfig {
    /// The subscriber's mid.
    pub mid: String,
    /// The SSRC under which it is sent.
    pub ssrc: u32,
    /// The SSRC of retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// The subscriber's payload type.
    pub payload_type: u8,
    /// The subscriber's payload type of retransmissions.
    pub rtx_payload_type: Option<u8>,
    /// The subscriber's payload type of sound with copies of what was before. Without one they are taken off.
    pub red_payload_type: Option<u8>,
    /// Canonical name: the same for tracks that play in sync.
    pub cname: String,
    /// The subscriber's extension ids.
    pub extensions: ExtensionMap,
    /// All sound, also what nobody else is sent: silence, and microphones beyond so many.
    pub continuous: bool,
    /// Whether it may get the layer that the node makes.
    pub made_layer: bool,
}

/// A track that another node relays.
#[derive(Clone, Debug)]
pub struct RelayedTrackConfig {
    /// Audio or video.
    pub kind: Kind,
    /// The codec.
    pub codec: Codec,
    /// Ticks of the RTP timestamp in a second.
    pub clock_rate: u32,
    /// Whether it may come with copies of what was before (RFC 2198).
    pub red: bool,
    /// Under which SSRC each layer crosses the link, the lowest first.
    pub ssrcs: Vec<u32>,
    /// As in [`TrackConfig`].
    pub made_layer: bool,
}

/// How a layer of a track crosses a link.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// Which one.
    pub layer: usize,
    /// The SSRC under which it is sent.
    pub ssrc: u32,
    /// Whether the other node takes sound with copies of what was before (RFC 2198).
    pub red: bool,
    /// The publisher's canonical name.
    pub cname: String,
}

/// A command. Those about an id that is gone are ignored and counted.
pub enum Command {
    /// A transport that answers checks.
    AddTransport(Id, Credentials),
    /// New credentials beside the old until a check with them is nominated.
    RestartIce(Id, Credentials),
    /// Sends DTLS records.
    SendDtls(Id, Vec<Vec<u8>>),
    /// Keys from the handshake.
    SetSrtpKeys(Id, Box<Keys>),
    /// Takes it away with its tracks and subscriptions.
    RemoveTransport(Id),
    /// A transport to one of the engines of the node at this address, by its number there.
    AddLink(Id, SocketAddr, u8, Box<Keys>),
    /// Sends a message over a link. It may get lost.
    SendNodeData(Id, Vec<u8>),
    /// Track, link, and how it comes.
    AddRelayedTrack(Id, Id, Box<RelayedTrackConfig>),
    /// Subscription, link, track, and how it crosses. Where it is paused it does not.
    AddRelay(Id, Id, Id, Box<RelayConfig>),
    /// Track, transport, and how it is published.
    AddTrack(Id, Id, Box<TrackConfig>),
    /// Takes it away with its subscriptions.
    RemoveTrack(Id),
    /// Former track, new track: the subscribers of the former go over as soon as the new one has begun for them.
    SucceedTrack(Id, Id),
    /// A muted track is not forwarded.
    SetTrackMuted(Id, bool),
    /// Among which tracks it is compared by how loud it is; None: among none.
    SetTrackGroup(Id, Option<Id>),
    /// Asks the publisher for key frames.
    RequestKeyFrame(Id),
    /// Whether the layer that the node makes of a track could be made.
    AllowMadeLayer(Id, bool),
    /// Track, transport, SSRC: as which the layer comes that the node makes. It ends with the transport.
    AddMadeLayer(Id, Id, u32),
    /// Somebody is about to subscribe: the publisher should send it as when it was new.
    ExpectSubscriber(Id),
    /// Subscription, transport, track, and how it is sent.
    AddSubscription(Id, Id, Id, Box<SubscriptionConfig>),
    /// The highest layer that is wanted; None for the best.
    SetWantedLayer(Id, Option<usize>),
    /// The height in pixels at which it is shown; None for the best there is.
    SetWantedHeight(Id, Option<u16>),
    /// The most pictures a second that are wanted, as far as the publisher's temporal layers allow; None for all.
    SetWantedFrameRate(Id, Option<u8>),
    /// Who is served first where a path does not carry all: the greater, the sooner.
    SetPriority(Id, u32),
    /// A paused subscription gets nothing.
    SetPaused(Id, bool),
    /// Takes it away.
    RemoveSubscription(Id),
}

impl Command {
    /// What it is about: in which engine that is, the others that it names are too.
    #[must_use]
    pub fn id(&self) -> Id {
        match self {
            Self::AddTransport(id, _)
            | Self::RestartIce(id, _)
            | Self::SendDtls(id, _)
            | Self::SetSrtpKeys(id, _)
            | Self::RemoveTransport(id)
            | Self::AddLink(id, ..)
            | Self::SendNodeData(id, _)
            | Self::AddRelayedTrack(id, ..)
            | Self::AddRelay(id, ..)
            | Self::AddTrack(id, ..)
            | Self::RemoveTrack(id)
            | Self::SetTrackMuted(id, _)
            | Self::SetTrackGroup(id, _)
            | Self::RequestKeyFrame(id)
            | Self::AllowMadeLayer(id, _)
            | Self::AddMadeLayer(id, ..)
            | Self::ExpectSubscriber(id)
            | Self::AddSubscription(id, ..)
            | Self::SetWantedLayer(id, _)
            | Self::SetWantedHeight(id, _)
            | Self::SetWantedFrameRate(id, _)
            | Self::SetPriority(id, _)
            | Self::SetPaused(id, _)
            | Self::SucceedTrack(id, _)
            | Self::RemoveSubscription(id) => *id,
        }
    }
}
