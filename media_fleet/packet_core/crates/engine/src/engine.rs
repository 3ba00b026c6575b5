//! Where a datagram goes.

use std::collections::HashMap;
use std::net::SocketAddr;

use parley_wire::demux::{self, Kind};

use crate::event::Event;
use crate::forwarding::{MAX_PENDING, Pending};
use crate::output::{Now, Output};
use crate::stats::{LayerStats, Stats, SubscriptionStats};
use crate::subscription::Subscription;
use crate::track::Track;
use crate::transport::Transport;
use crate::{Id, IdMap};

/// What only the clock demands (consent, stopped layers, reports) is looked at so often; what is more urgent says so by [`Engine::wake_by`].
const TICK_US: u64 = 100_000;

/// What does not change while an engine runs.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// A transport without authentic checks for so long is lost.
    pub consent_timeout_us: u64,
    /// For the first sequence numbers and timestamps; from a source of randomness.
    pub seed: u64,
}

/// The forwarding of one node. See the crate.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) transports: IdMap<Transport>,
    pub(crate) tracks: IdMap<Track>,
    pub(crate) subscriptions: IdMap<Subscription>,
    pub(crate) by_ufrag: HashMap<Box<[u8]>, Id>,
    pub(crate) by_address: HashMap<SocketAddr, Id>,
    pub(crate) pending: Vec<Pending>,
    pub(crate) key_frames_wanted: Vec<(Id, usize)>,
    pub(crate) lost: Vec<u16>,
    pub(crate) stats: Stats,
    pub(crate) next_tick_us: u64,
    random: u64,
}

impl Engine {
    /// An engine without transports.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            transports: IdMap::default(),
            tracks: IdMap::default(),
            subscriptions: IdMap::default(),
            by_ufrag: HashMap::new(),
            by_address: HashMap::new(),
            pending: Vec::new(),
            key_frames_wanted: Vec::new(),
            lost: Vec::new(),
            stats: Stats::default(),
            next_tick_us: 0,
            random: config.seed | 1,
        }
    }

    /// When [`Engine::handle_timeout`] should be called next.
    #[must_use]
    pub fn next_deadline_us(&self) -> u64 {
        self.next_tick_us
    }

    /// Moves the next deadline forward.
    pub(crate) fn wake_by(&mut self, us: u64) {
        self.next_tick_us = self.next_tick_us.min(us);
    }

    pub(crate) fn start_tick(&mut self, now: Now) {
        self.next_tick_us = now.us + TICK_US;
    }

    /// Counters and gauges.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            transports: self.transports.len() as u64,
            tracks: self.tracks.len() as u64,
            subscriptions: self.subscriptions.len() as u64,
            ..self.stats
        }
    }

    /// The layers of a track that have been seen; none for an unknown track.
    #[must_use]
    pub fn track_stats(&self, track: Id) -> Vec<LayerStats> {
        let layers = self.tracks.get(&track).map_or(&[][..], |track| &track.layers);
        layers
            .iter()
            .enumerate()
            .filter_map(|(index, layer)| layer.stats(index))
            .collect()
    }

    /// None for an unknown subscription.
    #[must_use]
    pub fn subscription_stats(&self, subscription: Id) -> Option<SubscriptionStats> {
        self.subscriptions.get(&subscription).map(Subscription::stats)
    }

    // ---- datagrams ----

    /// Takes a datagram; its bytes are decrypted in place. Media is forwarded by the next [`Engine::flush`].
    pub fn handle_datagram(
        &mut self,
        now: Now,
        from: SocketAddr,
        datagram: &mut [u8],
        out: &mut impl Output,
    ) {
        self.stats.datagrams_received += 1;
        self.stats.bytes_received += datagram.len() as u64;
        let kind = demux::classify(datagram);
        if kind == Kind::Stun {
            return self.handle_stun(now, from, datagram, out);
        }
        let Some(&transport) = self.by_address.get(&from) else {
            self.stats.dropped_unknown_address += 1;
            return;
        };
        match kind {
            Kind::Dtls => out.event(Event::DtlsReceived {
                transport,
                data: datagram.to_vec(),
            }),
            Kind::Rtp => {
                self.handle_rtp(now, transport, datagram, out);
                if self.pending.len() >= MAX_PENDING {
                    self.flush(now, out);
                }
            }
            Kind::Rtcp => self.handle_rtcp(now, transport, datagram, out),
            Kind::Unknown | Kind::Stun => self.stats.dropped_malformed += 1,
        }
    }

    /// splitmix64: spread, not secret.
    pub(crate) fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.random;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }
}
