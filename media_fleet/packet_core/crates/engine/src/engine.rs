//! Where a datagram goes, and what a command changes.

use std::collections::HashMap;
use std::net::SocketAddr;

use parley_wire::demux::{self, Kind};
use parley_wire::extensions::{Extension, Values};
use parley_wire::rtp::Header;

use crate::command::{Command, Credentials, SubscriptionConfig, TrackConfig};
use crate::event::Event;
use crate::forwarding::Pending;
use crate::output::{Now, Output};
use crate::stats::{LayerStats, Stats, SubscriptionStats};
use crate::store::Incoming;
use crate::subscription::Subscription;
use crate::track::Track;
use crate::transport::{MAX_SOURCES, Source, Transport};
use crate::{Id, IdMap};

/// While media flows, what the clock demands is looked at so often.
const BUSY_TICK_US: u64 = 10_000;
const IDLE_TICK_US: u64 = 100_000;
/// Media has flowed lately: within this time.
const BUSY_FOR_US: u64 = 1_000_000;

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
    pub(crate) next_waiting_scan_us: u64,
    last_media_us: u64,
    now_us: u64,
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
            next_waiting_scan_us: 0,
            last_media_us: 0,
            now_us: 0,
            random: config.seed | 1,
        }
    }

    /// When [`Engine::handle_timeout`] should be called next.
    #[must_use]
    pub fn next_deadline_us(&self) -> u64 {
        self.next_tick_us
    }

    pub(crate) fn tick_interval_us(&self) -> u64 {
        let is_busy = self.now_us.saturating_sub(self.last_media_us) < BUSY_FOR_US;
        if is_busy { BUSY_TICK_US } else { IDLE_TICK_US }
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
        self.now_us = now.us;
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
            Kind::Rtp => self.handle_rtp(now, transport, datagram, out),
            Kind::Rtcp => self.handle_rtcp(now, transport, datagram, out),
            Kind::Unknown | Kind::Stun => self.stats.dropped_malformed += 1,
        }
    }

    fn handle_rtp(&mut self, now: Now, id: Id, packet: &mut [u8], out: &mut impl Output) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        let Ok(header) = Header::parse(packet) else {
            self.stats.dropped_malformed += 1;
            return;
        };
        let Some(receive) = transport.receive.as_mut() else {
            self.stats.dropped_authentication += 1;
            return;
        };
        let packet = match receive.unprotect_rtp(packet, &header) {
            Ok(len) => &packet[..len],
            Err(error) => return self.stats.refuse(error),
        };
        self.stats.rtp_received += 1;
        let values = Values::read(header.extensions(packet), &transport.extensions);
        if let Some(sequence) = values.transport_sequence()
            && transport.wants_transport_cc
        {
            transport.recorder.record(sequence, now.us);
        }
        transport.last_ssrc = header.ssrc;
        let source = match transport.sources.get(&header.ssrc) {
            Some(source) => *source,
            None => match self.learn_source(id, &header, &values) {
                Some(source) => source,
                None => {
                    self.stats.dropped_unknown_ssrc += 1;
                    return;
                }
            },
        };
        let Ok(payload) = header.payload(packet) else {
            self.stats.dropped_malformed += 1;
            return;
        };
        let elements = &packet[header.extension_start..header.extension_start + header.extension_len];
        self.receive_media(now, source, &header, elements, payload, out);
    }

    /// Finds the m-line and layer of a new SSRC: by mid and rid, or, without a mid, by a payload type that only one m-line has.
    fn learn_source(&mut self, id: Id, header: &Header, values: &Values<'_>) -> Option<Source> {
        let transport = self.transports.get_mut(&id)?;
        if transport.sources.len() >= MAX_SOURCES {
            return None;
        }
        let is_rtx_of = |track: &Track| track.config.rtx_payload_type == Some(header.payload_type);
        let has_type = |track: &Track| track.config.payload_type == header.payload_type || is_rtx_of(track);
        let tracks = &self.tracks;
        let track_id = match values.get(Extension::Mid) {
            Some(mid) => *transport.tracks.iter().find(|id| {
                tracks
                    .get(id)
                    .is_some_and(|track| track.config.mid.as_bytes() == mid)
            })?,
            None => {
                let mut candidates = transport
                    .tracks
                    .iter()
                    .filter(|id| tracks.get(id).is_some_and(has_type));
                let only = *candidates.next()?;
                candidates.next().is_none().then_some(only)?
            }
        };
        let track = self.tracks.get_mut(&track_id)?;
        if !has_type(track) {
            return None;
        }
        let is_rtx = is_rtx_of(track);
        let rid = values.get(if is_rtx {
            Extension::RepairedRid
        } else {
            Extension::Rid
        });
        let layer = track.layer_of_rid(rid)?;
        let source = Source {
            track: track_id,
            layer,
            is_rtx,
        };
        let known = if is_rtx {
            &mut track.layers[layer].rtx_ssrc
        } else {
            &mut track.layers[layer].ssrc
        };
        // A publisher that starts a layer anew under another SSRC leaves the old one.
        if let Some(old) = known.replace(header.ssrc) {
            transport.sources.remove(&old);
            if let Some(receive) = transport.receive.as_mut() {
                receive.forget(old);
            }
            if !is_rtx {
                track.layers[layer].restart();
                for subscriber in &track.subscribers {
                    if let Some(subscription) = self.subscriptions.get_mut(subscriber)
                        && subscription.current == Some(layer)
                    {
                        subscription.interrupt();
                    }
                }
            }
        }
        transport.sources.insert(header.ssrc, source);
        Some(source)
    }

    fn receive_media(
        &mut self,
        now: Now,
        source: Source,
        header: &Header,
        elements: &[u8],
        payload: &[u8],
        out: &mut impl Output,
    ) {
        let Some(track) = self.tracks.get_mut(&source.track) else {
            return;
        };
        let (sequence_number, payload) = if source.is_rtx {
            // RFC 4588, section 4: the original sequence number comes first. Without one it is padding, sent to probe.
            let Some((original, payload)) = payload.split_first_chunk::<2>() else {
                return;
            };
            self.stats.rtx_received += 1;
            (u16::from_be_bytes(*original), payload)
        } else {
            if header.payload_type != track.config.payload_type {
                self.stats.dropped_unknown_ssrc += 1;
                return;
            }
            (header.sequence_number, payload)
        };
        let config = &track.config;
        let layer = &mut track.layers[source.layer];
        let sequence = layer.sequence.extend(sequence_number);
        if !source.is_rtx {
            layer.count(sequence, header.timestamp, config.clock_rate, now);
        }
        layer.count_bytes(payload.len(), now);
        self.last_media_us = now.us;
        let is_repairable = !config.nack || layer.nack.received(sequence, now.ms());
        let Some(number) = layer.numbering.number(sequence, payload.is_empty()) else {
            return;
        };
        let starts = !std::mem::replace(&mut layer.active, true);
        let incoming = Incoming {
            number,
            timestamp: header.timestamp,
            marker: header.marker,
            extension_profile: header.extension_profile,
            extension_elements: elements,
            payload,
        };
        let stored = layer.store.insert(config.codec, &config.extensions, &incoming);
        if stored.is_some_and(|stored| stored.key_frame) && config.codec.is_video() {
            layer.key_frames += 1;
            layer.key_frame_wanted = false;
        }
        if stored.is_some() {
            let pending = Pending {
                track: source.track,
                layer: source.layer,
                number,
                padded_len: 0,
            };
            self.pending.push(pending);
        }
        if starts {
            out.event(Event::LayerStarted {
                track: source.track,
                layer: source.layer,
            });
            self.retarget(source.track);
        }
        if !is_repairable {
            self.want_key_frame_if_watched(source.track, source.layer);
        }
    }

    /// Chooses anew what each subscriber of a track should get.
    pub(crate) fn retarget(&mut self, id: Id) {
        let Some(track) = self.tracks.get(&id) else { return };
        for subscriber in &track.subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(subscriber) {
                subscription.target = track.choose_layer(subscription.wanted);
            }
        }
        self.want_for_waiting_of(id);
    }

    fn want_for_waiting_of(&mut self, id: Id) {
        let Some(track) = self.tracks.get(&id) else { return };
        let layers: Vec<usize> = track
            .subscribers
            .iter()
            .filter_map(|subscriber| self.subscriptions.get(subscriber))
            .filter(|subscription| {
                self.transports
                    .get(&subscription.transport)
                    .is_some_and(|transport| transport.send.is_some())
            })
            .filter_map(Subscription::waits_for)
            .collect();
        for layer in layers {
            self.want_key_frame(id, layer);
        }
    }

    // ---- commands ----

    /// Carries out a command.
    pub fn handle_command(&mut self, now: Now, command: Command, out: &mut impl Output) {
        self.now_us = now.us;
        let is_known = match command {
            Command::AddTransport(id, credentials) => self.add_transport(now, id, credentials),
            Command::RestartIce(id, credentials) => self.restart_ice(id, credentials),
            Command::SendDtls(id, datagrams) => self.send_dtls(id, &datagrams, out),
            Command::SetSrtpKeys(id, keys) => {
                let is_set = self
                    .transports
                    .get_mut(&id)
                    .is_some_and(|t| t.set_keys(&keys).is_ok());
                if is_set {
                    self.want_for_waiting();
                }
                is_set
            }
            Command::RemoveTransport(id) => self.remove_transport(id),
            Command::AddTrack(id, transport, config) => self.add_track(id, transport, *config),
            Command::RemoveTrack(id) => self.remove_track(id),
            Command::SetTrackMuted(id, muted) => self.set_track_muted(id, muted),
            Command::RequestKeyFrame(id) => self.request_key_frame(id),
            Command::AddSubscription(id, transport, track, config) => {
                self.add_subscription(id, transport, track, *config)
            }
            Command::SetWantedLayer(id, wanted) => self.change_subscription(id, |subscription| {
                subscription.wanted = wanted;
            }),
            Command::SetPaused(id, paused) => self.change_subscription(id, |subscription| {
                if std::mem::replace(&mut subscription.paused, paused) != paused {
                    subscription.interrupt();
                }
            }),
            Command::RemoveSubscription(id) => self.remove_subscription(id),
        };
        if !is_known {
            self.stats.commands_ignored += 1;
        }
    }

    fn add_transport(&mut self, now: Now, id: Id, credentials: Credentials) -> bool {
        if self.by_ufrag.contains_key(credentials.ufrag.as_bytes()) {
            return false;
        }
        self.by_ufrag.insert(credentials.ufrag.as_bytes().into(), id);
        self.transports.insert(id, Transport::new(credentials, now.us));
        true
    }

    fn send_dtls(&mut self, id: Id, datagrams: &[Vec<u8>], out: &mut impl Output) -> bool {
        let Some(transport) = self.transports.get(&id) else {
            return false;
        };
        if let Some(address) = transport.address {
            for datagram in datagrams {
                out.buffer(datagram.len())[..datagram.len()].copy_from_slice(datagram);
                out.send(address, datagram.len());
            }
        }
        true
    }

    fn remove_transport(&mut self, id: Id) -> bool {
        let Some(transport) = self.transports.remove(&id) else {
            return false;
        };
        self.by_ufrag.remove(transport.credentials.ufrag.as_bytes());
        if let Some(next) = &transport.next_credentials {
            self.by_ufrag.remove(next.ufrag.as_bytes());
        }
        self.by_address.retain(|_, owner| *owner != id);
        for track in transport.tracks {
            self.remove_track(track);
        }
        for subscription in transport.subscriptions {
            self.remove_subscription(subscription);
        }
        true
    }

    fn add_track(&mut self, id: Id, transport_id: Id, config: TrackConfig) -> bool {
        let Some(transport) = self.transports.get_mut(&transport_id) else {
            return false;
        };
        transport.tracks.push(id);
        transport.wants_transport_cc |= config.transport_cc;
        transport.extensions.merge(&config.extensions);
        if config.rids.is_empty() {
            for (ssrc, is_rtx) in [(config.ssrc, false), (config.rtx_ssrc, true)] {
                if let Some(ssrc) = ssrc {
                    transport.sources.insert(
                        ssrc,
                        Source {
                            track: id,
                            layer: 0,
                            is_rtx,
                        },
                    );
                }
            }
        }
        self.tracks.insert(id, Track::new(transport_id, config));
        true
    }

    fn remove_track(&mut self, id: Id) -> bool {
        let Some(track) = self.tracks.remove(&id) else {
            return false;
        };
        if let Some(transport) = self.transports.get_mut(&track.transport) {
            transport.forget_track(id);
        }
        for subscription in track.subscribers {
            self.remove_subscription(subscription);
        }
        true
    }

    fn set_track_muted(&mut self, id: Id, muted: bool) -> bool {
        let Some(track) = self.tracks.get_mut(&id) else {
            return false;
        };
        if std::mem::replace(&mut track.muted, muted) == muted {
            return true;
        }
        for layer in &mut track.layers {
            layer.key_frame_wanted = false;
        }
        for subscriber in &track.subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(subscriber) {
                subscription.interrupt();
            }
        }
        self.retarget(id);
        true
    }

    fn request_key_frame(&mut self, id: Id) -> bool {
        let Some(track) = self.tracks.get(&id) else {
            return false;
        };
        for layer in 0..track.layers.len() {
            self.want_key_frame_if_watched(id, layer);
        }
        true
    }

    fn add_subscription(
        &mut self,
        id: Id,
        transport_id: Id,
        track_id: Id,
        config: SubscriptionConfig,
    ) -> bool {
        let seed = self.next_random();
        let (Some(transport), Some(track)) = (
            self.transports.get_mut(&transport_id),
            self.tracks.get_mut(&track_id),
        ) else {
            return false;
        };
        transport.subscriptions.push(id);
        transport.sinks.insert(config.ssrc, id);
        if let Some(rtx_ssrc) = config.rtx_ssrc {
            transport.sinks.insert(rtx_ssrc, id);
        }
        track.subscribers.push(id);
        let (clock_rate, is_video) = (track.config.clock_rate, track.codec().is_video());
        let subscription = Subscription::new(transport_id, track_id, config, clock_rate, is_video, seed);
        self.subscriptions.insert(id, subscription);
        self.retarget(track_id);
        true
    }

    fn change_subscription(&mut self, id: Id, change: impl FnOnce(&mut Subscription)) -> bool {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return false;
        };
        change(subscription);
        let track = subscription.track;
        self.retarget(track);
        true
    }

    fn remove_subscription(&mut self, id: Id) -> bool {
        let Some(subscription) = self.subscriptions.remove(&id) else {
            return false;
        };
        if let Some(transport) = self.transports.get_mut(&subscription.transport) {
            transport.subscriptions.retain(|other| *other != id);
            transport.sinks.retain(|_, other| *other != id);
        }
        if let Some(track) = self.tracks.get_mut(&subscription.track) {
            track.subscribers.retain(|other| *other != id);
        }
        true
    }

    /// splitmix64: spread, not secret.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.random;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }
}
