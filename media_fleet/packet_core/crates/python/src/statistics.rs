//! Statistics, as Python sees them.

use std::collections::HashMap;

use parley_engine::Id;
use parley_io::IoStats;
use pyo3::prelude::*;

macro_rules! statistics_class {
    ($name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        #[pyclass(frozen, get_all, module = "packet_core")]
        #[doc = concat!("See `packet_core.pyi`: ", stringify!($name), ".")]
        pub(crate) struct $name {
            $($field: $kind),*
        }

        #[pymethods]
        impl $name {
            fn __repr__(&self) -> String {
                let fields = [$(format!("{}={:?}", stringify!($field), self.$field)),*];
                format!("{}({})", stringify!($name), fields.join(", "))
            }
        }
    };
}

/// Copies fields of the same name.
macro_rules! copied {
    ($from:expr => $name:ident { $($field:ident),* $(,)? } $($rest:tt)*) => {
        $name { $($field: $from.$field,)* $($rest)* }
    };
}

/// Whose instances can be added up.
macro_rules! counters_class {
    ($name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        statistics_class!($name { $($field: $kind),* });

        impl $name {
            fn plus(self, other: Self) -> Self {
                Self { $($field: self.$field + other.$field),* }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: Default::default()),* }
            }
        }
    };
}

counters_class!(CoreStats {
    datagrams_received: u64,
    bytes_received: u64,
    datagrams_sent: u64,
    bytes_sent: u64,
    send_calls: u64,
    send_failures: u64,
    connections: u64,
    connections_refused: u64,
    handed_over: u64,
    hand_over_drops: u64,
    cpu_seconds: f64,
    rtp_received: u64,
    rtp_forwarded: u64,
    rtcp_received: u64,
    stun_answered: u64,
    nacks_sent: u64,
    nacks_received: u64,
    rtx_sent: u64,
    rtx_received: u64,
    key_frames_requested: u64,
    key_frames_asked_for: u64,
    padding_sent: u64,
    dropped_malformed: u64,
    dropped_unknown_address: u64,
    dropped_stun_integrity: u64,
    dropped_authentication: u64,
    dropped_replayed: u64,
    dropped_unknown_ssrc: u64,
    commands_ignored: u64,
    transports: u64,
    tracks: u64,
    subscriptions: u64,
    layers_paused: u64,
    sound_silent: u64,
    sound_surplus: u64,
    tracks_unheard: u64,
});

statistics_class!(LayerStats {
    layer: usize,
    ssrc: u32,
    packets_received: u64,
    bytes_received: u64,
    packets_lost: u64,
    jitter: u32,
    bitrate: u64,
    nacks_sent: u64,
    key_frames: u64,
    key_frames_requested: u64,
});

statistics_class!(TransportStats {
    address: Option<String>,
    port: Option<u16>,
    protocol: Option<&'static str>,
    packets_received: u64,
    bytes_received: u64,
    estimate_bps: Option<u64>,
    acknowledged_bps: Option<u64>,
    wanted_bps: u64,
    loss: f64,
});

statistics_class!(SubscriptionStats {
    layer: Option<usize>,
    made: bool,
    spatial_layer: Option<u8>,
    temporal_layer: Option<u8>,
    starved: bool,
    unheard: bool,
    packets_sent: u64,
    bytes_sent: u64,
    retransmissions_sent: u64,
    nacks_received: u64,
    key_frames_asked_for: u64,
    packets_lost: u64,
    fraction_lost: f64,
    jitter: u32,
    round_trip_ms: Option<f64>,
});

pub(crate) fn core(engine: &parley_engine::Stats, io: &IoStats) -> CoreStats {
    copied!(engine => CoreStats {
        datagrams_received, bytes_received, rtp_received, rtp_forwarded, rtcp_received, stun_answered, nacks_sent,
        nacks_received, rtx_sent, rtx_received, key_frames_requested, key_frames_asked_for, padding_sent,
        dropped_malformed,
        dropped_unknown_address, dropped_stun_integrity, dropped_authentication, dropped_replayed,
        dropped_unknown_ssrc, commands_ignored, transports, tracks, subscriptions, layers_paused,
        sound_silent, sound_surplus, tracks_unheard,
    }
        datagrams_sent: io.datagrams_sent,
        bytes_sent: io.bytes_sent,
        send_calls: io.send_calls,
        send_failures: io.send_failures,
        connections: io.connections,
        connections_refused: io.connections_refused,
        handed_over: io.handed_over,
        hand_over_drops: io.hand_over_drops,
        cpu_seconds: (io.cpu_us.0 + io.cpu_us.1) as f64 / 1e6,
    )
}

/// Of all threads together.
pub(crate) fn sum(threads: impl Iterator<Item = CoreStats>) -> CoreStats {
    threads.reduce(CoreStats::plus).unwrap_or_default()
}

pub(crate) fn layer(from: &parley_engine::LayerStats) -> LayerStats {
    copied!(from => LayerStats {
        layer, ssrc, packets_received, bytes_received, packets_lost, jitter, bitrate, nacks_sent, key_frames,
        key_frames_requested,
    })
}

pub(crate) fn subscription(from: &parley_engine::SubscriptionStats) -> SubscriptionStats {
    copied!(from => SubscriptionStats {
        layer, made, spatial_layer, temporal_layer, starved, unheard, packets_sent, bytes_sent, retransmissions_sent, nacks_received, key_frames_asked_for,
        packets_lost, fraction_lost, jitter, round_trip_ms,
    })
}

pub(crate) fn transport(from: &parley_engine::TransportStats) -> TransportStats {
    copied!(from => TransportStats {
        packets_received, bytes_received, estimate_bps, acknowledged_bps, wanted_bps, loss,
    }
        address: from.remote.map(|remote| remote.address().ip().to_string()),
        port: from.remote.map(|remote| remote.address().port()),
        protocol: from.remote.map(parley_engine::Remote::protocol),
    )
}

/// See `packet_core.pyi`: TransportReport.
#[pyclass(frozen, get_all, module = "packet_core")]
pub(crate) struct TransportReport {
    transport: Py<TransportStats>,
    tracks: HashMap<Id, Vec<Py<LayerStats>>>,
    subscriptions: HashMap<Id, Py<SubscriptionStats>>,
}

pub(crate) fn report(py: Python<'_>, from: &parley_engine::TransportReport) -> PyResult<TransportReport> {
    let layers =
        |stats: &[_]| -> PyResult<Vec<_>> { stats.iter().map(|each| Py::new(py, layer(each))).collect() };
    let tracks = from.tracks.iter();
    let subscriptions = from.subscriptions.iter();
    Ok(TransportReport {
        transport: Py::new(py, transport(&from.transport))?,
        tracks: tracks
            .map(|(id, stats)| Ok((*id, layers(stats)?)))
            .collect::<PyResult<_>>()?,
        subscriptions: subscriptions
            .map(|(id, stats)| Ok((*id, Py::new(py, subscription(stats))?)))
            .collect::<PyResult<_>>()?,
    })
}
