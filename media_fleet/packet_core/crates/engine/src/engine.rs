//! Where a datagram goes.

use std::collections::HashMap;

use parley_wire::demux::{self, Kind};

use crate::allocation::Claim;
use crate::event::Event;
use crate::forwarding::{MAX_PENDING, Pending};
use crate::output::{Now, Output};
use crate::speakers::Group;
use crate::stats::{LayerStats, Stats, SubscriptionStats, TransportReport, TransportStats};
use crate::subscription::Subscription;
use crate::track::Track;
use crate::transport::Transport;
use crate::{Id, IdMap, Remote};

/// What only the clock demands (consent, stopped layers, reports) is looked at so often.
const SCAN_INTERVAL_US: u64 = 100_000;

/// When what goes by the clock is due, microseconds. Each kind of work has a time of its own, so that what is due for one transport
/// does not have all that there is looked through for everything else.
#[derive(Debug)]
pub(crate) struct Due {
    /// Looking through transports, tracks and subscriptions.
    pub scan_us: u64,
    /// The first transport-wide feedback.
    pub feedback_us: u64,
    /// The first request for lost packets.
    pub nack_us: u64,
    /// The next padding of a probe.
    pub probe_us: u64,
    /// The first packet that waits for its path to have room.
    pub pace_us: u64,
    /// Looking for layers that nobody uses, with the next scan from then on.
    pub lapse_us: u64,
    /// Looking for who speaks, with the next scan from then on.
    pub speakers_us: u64,
}

impl Due {
    /// Whether it is time to scan; if so, the next time is set.
    pub(crate) fn take_scan(&mut self, now: Now) -> bool {
        let is_due = now.us >= self.scan_us;
        if is_due {
            self.scan_us = now.us + SCAN_INTERVAL_US;
        }
        is_due
    }
}

/// What does not change while an engine runs.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// A transport without authentic checks for so long is lost.
    pub consent_timeout_us: u64,
    /// So many microphones of those in one group are forwarded at the most; 0: any number.
    pub last_n_audio: usize,
    /// For the first sequence numbers and timestamps; from a source of randomness.
    pub seed: u64,
}

/// The forwarding of one node. See the crate.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) transports: IdMap<Transport>,
    pub(crate) tracks: IdMap<Track>,
    pub(crate) subscriptions: IdMap<Subscription>,
    pub(crate) groups: IdMap<Group>,
    pub(crate) by_ufrag: HashMap<Box<[u8]>, Id>,
    pub(crate) by_address: HashMap<Remote, Id>,
    pub(crate) pending: Vec<Pending>,
    pub(crate) key_frames_wanted: Vec<(Id, usize)>,
    pub(crate) lost: Vec<u16>,
    pub(crate) claims: Vec<Claim>,
    /// Transports that are looked through.
    pub(crate) paths: Vec<Id>,
    pub(crate) stats: Stats,
    pub(crate) due: Due,
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
            groups: IdMap::default(),
            by_ufrag: HashMap::new(),
            by_address: HashMap::new(),
            pending: Vec::new(),
            key_frames_wanted: Vec::new(),
            lost: Vec::new(),
            claims: Vec::new(),
            paths: Vec::new(),
            stats: Stats::default(),
            due: Due {
                scan_us: 0,
                feedback_us: u64::MAX,
                nack_us: u64::MAX,
                probe_us: u64::MAX,
                pace_us: u64::MAX,
                lapse_us: 0,
                speakers_us: 0,
            },
            random: config.seed | 1,
        }
    }

    /// When [`Engine::handle_timeout`] should be called next.
    #[must_use]
    pub fn next_deadline_us(&self) -> u64 {
        let due = &self.due;
        [due.feedback_us, due.nack_us, due.probe_us, due.pace_us]
            .into_iter()
            .fold(due.scan_us, u64::min)
    }

    /// Counters and gauges.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            transports: self.transports.len() as u64,
            tracks: self.tracks.len() as u64,
            subscriptions: self.subscriptions.len() as u64,
            layers_paused: self.tracks.values().map(|track| track.asleep() as u64).sum(),
            tracks_unheard: self.tracks.values().filter(|track| track.is_unheard()).count() as u64,
            ..self.stats
        }
    }

    /// The layers of a track that have been seen; none for an unknown track.
    #[must_use]
    pub fn track_stats(&self, track: Id) -> Vec<LayerStats> {
        let Some(track) = self.tracks.get(&track) else {
            return Vec::new();
        };
        let layers = track.layers.iter().enumerate();
        layers
            .filter_map(|(index, layer)| layer.stats(track.outer_index(index)?))
            .collect()
    }

    /// None for an unknown subscription.
    #[must_use]
    pub fn subscription_stats(&self, subscription: Id) -> Option<SubscriptionStats> {
        let subscription = self.subscriptions.get(&subscription)?;
        let track = self.tracks.get(&subscription.track);
        Some(SubscriptionStats {
            unheard: track.is_some_and(Track::is_unheard) && !subscription.config.continuous,
            ..subscription.stats(track)
        })
    }

    /// None for an unknown transport.
    #[must_use]
    pub fn transport_stats(&self, transport: Id) -> Option<TransportStats> {
        self.transports.get(&transport).map(Transport::stats)
    }

    /// Transports with all that they send and receive, as of one moment; None for unknown ones.
    #[must_use]
    pub fn transport_reports(&self, transports: &[Id]) -> Vec<Option<TransportReport>> {
        transports.iter().map(|id| self.transport_report(*id)).collect()
    }

    fn transport_report(&self, id: Id) -> Option<TransportReport> {
        let transport = self.transports.get(&id)?;
        let tracks = transport.tracks.iter();
        let subscriptions = transport.subscriptions.iter();
        Some(TransportReport {
            transport: transport.stats(),
            tracks: tracks.map(|track| (*track, self.track_stats(*track))).collect(),
            subscriptions: subscriptions
                .filter_map(|id| Some((*id, self.subscription_stats(*id)?)))
                .collect(),
        })
    }

    // ---- datagrams ----

    /// Takes a datagram; its bytes are decrypted in place. Media is forwarded by the next [`Engine::flush`].
    ///
    /// `came_us`: when the network brought it, on the clock of [`Now::us`]; it may have waited since, and overtaken ones may have come later.
    pub fn handle_datagram(
        &mut self,
        now: Now,
        came_us: u64,
        from: Remote,
        datagram: &mut [u8],
        out: &mut impl Output,
    ) {
        self.stats.datagrams_received += 1;
        self.stats.bytes_received += datagram.len() as u64;
        let kind = demux::classify(datagram);
        if kind == Kind::Stun {
            if matches!(from, Remote::Node(..)) {
                self.stats.dropped_malformed += 1;
                return;
            }
            return self.handle_stun(now, from, datagram, out);
        }
        let Some(&transport) = self.by_address.get(&from) else {
            self.stats.dropped_unknown_address += 1;
            return;
        };
        if let Some(transport) = self.transports.get_mut(&transport) {
            transport.received(datagram.len());
        }
        match kind {
            Kind::Dtls if self.is_link(transport) => self.stats.dropped_malformed += 1,
            Kind::Dtls => out.event(Event::DtlsReceived {
                transport,
                data: datagram.to_vec(),
            }),
            Kind::Rtp => {
                self.handle_rtp(now, came_us, transport, datagram, out);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, Credentials};

    #[derive(Default)]
    struct Told(Vec<u8>, Vec<Event>);

    impl Output for Told {
        fn buffer(&mut self, len: usize) -> &mut [u8] {
            self.0.resize(len, 0);
            &mut self.0
        }

        fn send(&mut self, _to: Remote, _len: usize) {}

        fn event(&mut self, event: Event) {
            self.1.push(event);
        }
    }

    fn at(us: u64) -> Now {
        Now { us, ntp: 0 }
    }

    #[test]
    fn a_waking_before_its_time_looks_through_nothing() {
        let mut engine = Engine::new(Config {
            consent_timeout_us: 50_000,
            last_n_audio: 0,
            seed: 1,
        });
        let mut out = Told::default();
        let credentials = Credentials {
            ufrag: "somebody".into(),
            pwd: "a-password-of-enough-length".into(),
        };
        engine.handle_command(at(0), Command::AddTransport(1, credentials), &mut out);
        engine.handle_timeout(at(0), &mut out);
        assert_eq!(engine.next_deadline_us(), SCAN_INTERVAL_US);
        // Woken by requests for packets, say: neither looks the engine at who is there, nor puts it off.
        for us in (1..SCAN_INTERVAL_US).step_by(1000) {
            engine.handle_timeout(at(us), &mut out);
        }
        assert_eq!(out.1, []);
        assert_eq!(engine.next_deadline_us(), SCAN_INTERVAL_US);
        engine.handle_timeout(at(SCAN_INTERVAL_US), &mut out);
        assert_eq!(out.1, [Event::TransportLost { transport: 1 }]);
        assert_eq!(engine.next_deadline_us(), 2 * SCAN_INTERVAL_US);
    }
}
