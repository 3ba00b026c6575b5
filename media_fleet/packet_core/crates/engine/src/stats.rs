//! Counters.

use crate::{Id, Remote};

/// Counters since the start, and gauges. `packet_core.pyi` describes each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Stats {
    pub datagrams_received: u64,
    pub bytes_received: u64,
    pub rtp_received: u64,
    pub rtp_forwarded: u64,
    pub rtcp_received: u64,
    pub stun_answered: u64,
    pub nacks_sent: u64,
    pub nacks_received: u64,
    pub rtx_sent: u64,
    pub rtx_received: u64,
    pub key_frames_requested: u64,
    pub key_frames_asked_for: u64,
    pub padding_sent: u64,
    pub dropped_malformed: u64,
    pub dropped_unknown_address: u64,
    pub dropped_stun_integrity: u64,
    pub dropped_authentication: u64,
    pub dropped_replayed: u64,
    pub dropped_unknown_ssrc: u64,
    pub commands_ignored: u64,
    pub transports: u64,
    pub tracks: u64,
    pub subscriptions: u64,
    pub layers_paused: u64,
    pub sound_silent: u64,
    pub sound_surplus: u64,
    pub tracks_unheard: u64,
}

/// What is known of one received layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LayerStats {
    pub layer: usize,
    pub ssrc: u32,
    pub packets_received: u64,
    pub bytes_received: u64,
    pub packets_lost: u64,
    pub jitter: u32,
    pub bitrate: u64,
    pub nacks_sent: u64,
    pub key_frames: u64,
    pub key_frames_requested: u64,
}

/// What is known of one subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct SubscriptionStats {
    pub layer: Option<usize>,
    pub made: bool,
    pub spatial_layer: Option<u8>,
    pub temporal_layer: Option<u8>,
    pub starved: bool,
    pub unheard: bool,
    pub packets_sent: u64,
    pub bytes_sent: u64,
    pub retransmissions_sent: u64,
    pub nacks_received: u64,
    pub key_frames_asked_for: u64,
    pub packets_lost: u64,
    pub fraction_lost: f64,
    pub jitter: u32,
    pub round_trip_ms: Option<f64>,
}

/// What is known of one transport; what is estimated is of the path to a subscriber.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct TransportStats {
    pub remote: Option<Remote>,
    pub packets_received: u64,
    pub bytes_received: u64,
    pub estimate_bps: Option<u64>,
    pub acknowledged_bps: Option<u64>,
    pub wanted_bps: u64,
    pub loss: f64,
}

/// A transport with all that it sends and receives, as of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransportReport {
    /// The transport itself.
    pub transport: TransportStats,
    /// Of each track that it publishes, the layers that have been seen.
    pub tracks: Vec<(Id, Vec<LayerStats>)>,
    /// Each track that it is subscribed to.
    pub subscriptions: Vec<(Id, SubscriptionStats)>,
}
