//! What the path to each subscriber carries, and what of the tracks that are wanted is sent for it.

use parley_bandwidth::{Config, Estimator, Fate};
use parley_wire::dependency_descriptor::OperatingPoint;
use parley_wire::rtcp::transport_cc;

use crate::Id;
use crate::allocation::{Claim, allocate};
use crate::engine::Engine;
use crate::event::Event;
use crate::layer::Layer;
use crate::output::{Now, Output};
use crate::pacing::Pacer;
use crate::playout::Playout;
use crate::scalability::ALL_LAYERS;
use crate::stats::TransportStats;
use crate::subscription::{Share, Subscription};
use crate::track::{Quality, Track};
use crate::transport::Transport;

/// Of the estimate so much is given to media, in percent; retransmissions and reports take the rest.
const MEDIA_PERCENT: u64 = 95;
/// A picture that was put down does not go up again sooner: each switch costs its publisher a key frame.
const HOLD_US: u64 = 2_000_000;

/// The path to one subscriber.
pub(crate) struct Bandwidth {
    pub estimator: Estimator,
    pub pacer: Pacer,
    /// What could be sent, bits a second.
    pub wanted_bps: u64,
    playout: Playout,
    trial: Trial,
}

/// Where nothing can be padded (without RTX), a path can only be probed by pictures themselves.
#[derive(Debug, Default)]
struct Trial {
    is_on: bool,
    next_us: u64,
}

impl Trial {
    fn begin(&mut self, now: Now) {
        if now.us >= self.next_us {
            self.next_us = now.us + TRIAL_INTERVAL_US;
            self.is_on = true;
        }
    }
}

/// A path that has turned out too narrow is tried again so often at the most, microseconds: each time the sound has to wait in the queue.
const TRIAL_INTERVAL_US: u64 = 10_000_000;
/// A path that loses so much carries no more.
const TRIAL_LOSS: f64 = 0.05;

/// Of what is sent: [`Transport::loses_much`].
const MUCH_LOST: f64 = 0.03;

impl Bandwidth {
    fn new() -> Self {
        Self {
            estimator: Estimator::new(Config::default()),
            pacer: Pacer::default(),
            wanted_bps: 0,
            playout: Playout::default(),
            trial: Trial::default(),
        }
    }

    /// What the path loses by itself, not for a queue that is full: 0 to 1.
    fn own_loss(&self, now: Now) -> f64 {
        if self.estimator.has_queue(now.us) {
            0.0
        } else {
            self.estimator.loss()
        }
    }

    pub(crate) fn stats(&self) -> TransportStats {
        TransportStats {
            estimate_bps: self
                .estimator
                .is_informed()
                .then(|| self.estimator.estimate_bps()),
            acknowledged_bps: self.estimator.acknowledged_bps(),
            wanted_bps: self.wanted_bps,
            loss: self.estimator.loss(),
            ..TransportStats::default()
        }
    }
}

impl Transport {
    /// Whether the path to it loses so many packets by itself that one of a few repairs is lost, too. What a full queue loses is repaired by
    /// sending less.
    pub(crate) fn loses_much(&self, now: Now) -> bool {
        let bandwidth = self.bandwidth.as_ref();
        bandwidth.is_some_and(|bandwidth| bandwidth.own_loss(now) >= MUCH_LOST)
    }

    /// How long its player is to wait for repairs of what is lost on the way to it, and of what is lost before; see [`Playout::after`].
    ///
    /// On a link nothing is said: the other node sees for itself how late packets come.
    pub(crate) fn repairs(&self, before: &Playout) -> Option<u16> {
        if self.link.is_some() {
            return None;
        }
        let path = self.bandwidth.as_ref().map(|bandwidth| &bandwidth.playout);
        Playout::after(path, before)
    }

    /// What became of what was sent under a transport-wide sequence number; None if nobody can tell.
    pub(crate) fn fate(&self, sequence: u16, now: Now) -> Option<Fate> {
        self.bandwidth.as_ref()?.estimator.fate(sequence, now.us)
    }

    /// A packet has left, under the transport-wide sequence number that was next if it has one at all: a number that does not leave would be
    /// reported as lost.
    pub(crate) fn sent(&mut self, now: Now, octets: usize, is_numbered: bool) {
        let bandwidth = self.bandwidth.get_or_insert_with(|| Box::new(Bandwidth::new()));
        bandwidth.pacer.spend(octets);
        if is_numbered {
            let sequence = self.transport_sequence;
            self.transport_sequence = sequence.wrapping_add(1);
            bandwidth.estimator.sent(sequence, now.us, octets);
        }
    }
}

impl Engine {
    pub(crate) fn transport_feedback(&mut self, now: Now, id: Id, packet: &[u8]) {
        let Some(feedback) = transport_cc::parse(packet) else {
            self.stats.dropped_malformed += 1;
            return;
        };
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        if let Some(bandwidth) = &mut transport.bandwidth {
            bandwidth
                .estimator
                .feedback(now.us, feedback.base, &feedback.arrivals);
        }
    }

    /// Looks at every path, and gives each picture its share of it.
    pub(crate) fn divide_bandwidth(&mut self, now: Now, out: &mut impl Output) {
        let mut claims = std::mem::take(&mut self.claims);
        let mut ids = std::mem::take(&mut self.paths);
        ids.extend(self.transports.iter().filter_map(|(id, transport)| {
            (transport.bandwidth.is_some() && transport.address.is_some() && !transport.lost).then_some(*id)
        }));
        for id in ids.drain(..) {
            claims.clear();
            self.divide(now, id, &mut claims, out);
        }
        self.claims = claims;
        self.paths = ids;
    }

    fn divide(&mut self, now: Now, id: Id, claims: &mut Vec<Claim>, out: &mut impl Output) {
        let sound_bps = self.collect_claims(now, id, claims);
        let Some(bandwidth) = self.transports.get_mut(&id).and_then(|t| t.bandwidth.as_mut()) else {
            return;
        };
        bandwidth.estimator.elapse(now.us);
        let own_loss = bandwidth.own_loss(now);
        bandwidth
            .playout
            .look(now, own_loss, bandwidth.estimator.round_trip_ms());
        let pictures_bps: u64 = claims.iter().map(Claim::wanted_rate).sum();
        bandwidth.wanted_bps = (sound_bps + pictures_bps) * 100 / MEDIA_PERCENT;
        if bandwidth.estimator.is_informed() {
            let budget = (bandwidth.estimator.estimate_bps() * MEDIA_PERCENT / 100).saturating_sub(sound_bps);
            allocate(budget, claims);
            let is_full = bandwidth.estimator.has_queue(now.us) || bandwidth.estimator.loss() > TRIAL_LOSS;
            bandwidth.trial.is_on &= !is_full;
            if bandwidth.trial.is_on && claims.iter().all(|claim| claim.quality().is_none()) {
                claims.iter_mut().take(1).for_each(Claim::grant_least);
            }
            for claim in claims.iter() {
                self.give(now, claim, out);
            }
        }
        self.probe_path(now, id, out);
    }

    /// What the subscriber's pictures ask for; and what its sound takes, bits a second.
    fn collect_claims(&self, now: Now, id: Id, claims: &mut Vec<Claim>) -> u64 {
        let mut sound_bps = 0;
        let Some(transport) = self.transports.get(&id) else {
            return 0;
        };
        for id in &transport.subscriptions {
            let Some(subscription) = self.subscriptions.get(id).filter(|s| !s.paused) else {
                continue;
            };
            let Some(track) = self.tracks.get(&subscription.track).filter(|t| !t.muted) else {
                continue;
            };
            if !track.codec().is_video() {
                if subscription.config.continuous || !track.is_unheard() {
                    sound_bps += track.layers[0].rate().unwrap_or(0);
                }
                continue;
            }
            let mut claim = Claim::new(*id, subscription.priority);
            let has = match subscription.share {
                Share::Unlimited => subscription.current.map(|layer| Quality {
                    layer,
                    point: ALL_LAYERS,
                }),
                Share::UpTo(quality) => Some(quality),
                Share::Nothing => None,
            };
            claim.held = subscription.lowered_us.is_some_and(|at| now.us < at + HOLD_US);
            add_steps(now, &mut claim, track, subscription, has);
            if claim.wanted_rate() > 0 {
                claims.push(claim);
            }
        }
        sound_bps
    }

    fn give(&mut self, now: Now, claim: &Claim, out: &mut impl Output) {
        let Some(subscription) = self.subscriptions.get_mut(&claim.id) else {
            return;
        };
        let share = claim.quality().map_or(Share::Nothing, Share::UpTo);
        let before = std::mem::replace(&mut subscription.share, share);
        let was_limited = std::mem::replace(&mut subscription.is_limited, claim.is_limited());
        if before == share && was_limited == claim.is_limited() {
            return;
        }
        self.wake_layers(now, claim.id, out);
        if before == share {
            // What there is no room for is not sent in the place of what is about to be made.
            return self.retarget_one(claim.id);
        }
        let Some(subscription) = self.subscriptions.get_mut(&claim.id) else {
            return;
        };
        let is_less = match (before, share) {
            (Share::UpTo(had), Share::UpTo(has)) => has < had,
            (_, Share::Nothing) => true,
            (Share::Unlimited, Share::UpTo(_)) | (Share::Nothing, _) | (_, Share::Unlimited) => false,
        };
        if is_less {
            subscription.lowered_us = Some(now.us);
        }
        if (before == Share::Nothing) != (share == Share::Nothing) {
            out.event(Event::SubscriptionStarved {
                subscription: claim.id,
                starved: share == Share::Nothing,
            });
        }
        self.retarget_one(claim.id);
    }

    /// Sends the padding of probes that is due.
    pub(crate) fn probe(&mut self, now: Now, out: &mut impl Output) {
        self.due.probe_us = u64::MAX;
        let mut ids = std::mem::take(&mut self.paths);
        ids.extend(self.transports.iter().filter_map(|(id, transport)| {
            let due_us = transport.bandwidth.as_ref()?.estimator.probe_due_us();
            (due_us < u64::MAX).then_some(*id)
        }));
        for id in ids.drain(..) {
            self.probe_path(now, id, out);
        }
        self.paths = ids;
    }

    fn probe_path(&mut self, now: Now, id: Id, out: &mut impl Output) {
        let Some(bandwidth) = self.transports.get_mut(&id).and_then(|t| t.bandwidth.as_mut()) else {
            return;
        };
        let wanted_bps = bandwidth.wanted_bps;
        let octets = bandwidth.estimator.probe(now.us, wanted_bps);
        let due_us = bandwidth.estimator.probe_due_us();
        if octets == 0 || self.pad(now, id, octets, out) {
            self.due.probe_us = self.due.probe_us.min(due_us);
        } else if let Some(bandwidth) = self.transports.get_mut(&id).and_then(|t| t.bandwidth.as_mut()) {
            // More of it is due at once, and could not be sent either: it waits for the next look.
            bandwidth.trial.begin(now);
        }
    }
}

/// The qualities that could be forwarded of the layers being sent, or asleep, up to the wanted one, or of the lowest of them. None as long as nobody knows
/// what some of them take, and what would have to be taken away for it.
fn add_steps(now: Now, claim: &mut Claim, track: &Track, subscription: &Subscription, has: Option<Quality>) {
    let lowest = subscription.lowest(track);
    let Some(best) = track.choose_layer_to_be(lowest, subscription.wanted_of(track), now) else {
        return;
    };
    let layers = track.layers.iter().enumerate().take(best + 1).skip(lowest);
    for (layer, received) in layers.filter(|(layer, _)| track.can_be_had(*layer, now)) {
        let Some(rate) = track.rate_of(layer) else {
            if subscription.share == Share::Unlimited {
                claim.clear();
            }
            return;
        };
        for (point, limit) in points(received, subscription, claim.wanted_rate() == 0) {
            let quality = Quality { layer, point: limit };
            let share = received.rates.share(received.scalability.within(point));
            // What is had may not be sent any more: then the best below it is.
            claim.step(
                quality,
                (rate as f64 * share) as u64,
                has.is_some_and(|has| quality <= has),
            );
        }
    }
}

/// The operating points of a layer that are worth having, the least first, and the limits that bring them: of each size the whole rate of
/// pictures and the half of it; of the smallest one, where `is_lowest`, all there are, since fewer pictures are better than none.
fn points(
    received: &Layer,
    subscription: &Subscription,
    is_lowest: bool,
) -> impl Iterator<Item = (OperatingPoint, OperatingPoint)> {
    let scalability = &received.scalability;
    let wanted = OperatingPoint {
        spatial: scalability.spatial_of(subscription.wanted_height),
        ..ALL_LAYERS
    };
    let highest = scalability.within(wanted).spatial;
    let allowed = received.rates.limit(subscription.wanted_rate);
    let fastest = received.rates.highest_temporal().unwrap_or(0).min(allowed);
    (0..=highest).flat_map(move |spatial| {
        let is_least = is_lowest && spatial == 0;
        let slowest = if is_least { 0 } else { fastest.saturating_sub(1) };
        (slowest..=fastest).map(move |temporal| {
            // All that is wanted stays all when the encoder makes more layers.
            let limit = if temporal == fastest { u8::MAX } else { temporal };
            (
                OperatingPoint { spatial, temporal },
                OperatingPoint {
                    spatial,
                    temporal: limit,
                },
            )
        })
    })
}
