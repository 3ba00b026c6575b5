//! What does not leave at once: pictures are sent to a subscriber not much faster than its path carries them.
//!
//! A key frame comes in one burst. Sent so, it would fill the path's queue, and what does not fit there would be lost with the
//! whole picture. Sound passes by, and where nobody knows what a path carries nothing waits.

use std::collections::VecDeque;

use crate::Id;
use crate::engine::Engine;
use crate::forwarding::{Leg, Pending};
use crate::output::{Now, Output};
use crate::stats::Stats;
use crate::subscription::Subscription;
use crate::transport::Transport;

/// How much faster than the estimate, so that a picture is not much older for it.
const SPEED: f64 = 2.5;
/// No path is paced below this, bits a second.
const LEAST_BPS: f64 = 300_000.0;
/// So much may leave at once, octets: what the kernel takes in one call, and shallow queues hold.
const BURST: f64 = 9_000.0;
/// More than this does not wait: a receiver takes so many lost packets for a lost picture anyway.
const MAX_WAITING: usize = 512;

/// Something that waits for its turn.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waiting {
    /// A packet that is new to the subscription.
    Fresh(Id, Pending),
    /// A packet that the subscriber has lost.
    Again(Id, u16),
}

/// The way out to one subscriber.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// Octets that may leave now; less than none where more has left.
    credit: f64,
    at_us: u64,
    waiting: VecDeque<Waiting>,
}

impl Pacer {
    /// Whether a packet may leave, with nothing before it.
    fn is_open(&mut self, now_us: u64, bps: f64) -> bool {
        let elapsed_s = now_us.saturating_sub(self.at_us) as f64 / 1e6;
        self.at_us = now_us;
        self.credit = (self.credit + elapsed_s * bps / 8.0).min(BURST);
        self.credit > 0.0
    }

    pub(crate) fn spend(&mut self, octets: usize) {
        self.credit -= octets as f64;
    }

    /// When the next packet may leave; `u64::MAX` if none waits.
    fn due_us(&self, bps: f64) -> u64 {
        if self.waiting.is_empty() {
            return u64::MAX;
        }
        self.at_us + ((-self.credit).max(0.0) * 8e6 / bps) as u64 + 1
    }
}

impl Transport {
    /// Bits a second; None where nothing has to wait.
    fn pace(&self) -> Option<f64> {
        let estimator = &self.bandwidth.as_ref()?.estimator;
        estimator
            .is_informed()
            .then(|| (estimator.estimate_bps() as f64 * SPEED).max(LEAST_BPS))
    }

    /// Whether a packet of a picture, or one that is sent again, may leave now; if not it should [`Self::wait`].
    pub(crate) fn may_send(&mut self, now: Now) -> bool {
        let Some(bps) = self.pace() else { return true };
        self.bandwidth.as_mut().is_none_or(|bandwidth| {
            let pacer = &mut bandwidth.pacer;
            pacer.waiting.is_empty() && pacer.is_open(now.us, bps)
        })
    }

    /// Puts something behind all that waits. Tells when the first of it may leave.
    pub(crate) fn wait(&mut self, what: Waiting) -> u64 {
        let (Some(bps), Some(bandwidth)) = (self.pace(), self.bandwidth.as_mut()) else {
            return u64::MAX;
        };
        let pacer = &mut bandwidth.pacer;
        if pacer.waiting.len() < MAX_WAITING {
            pacer.waiting.push_back(what);
        }
        pacer.due_us(bps)
    }

    /// The next that may leave.
    fn next_waiting(&mut self, now: Now) -> Option<Waiting> {
        let bps = self.pace()?;
        let pacer = &mut self.bandwidth.as_mut()?.pacer;
        if pacer.is_open(now.us, bps) {
            pacer.waiting.pop_front()
        } else {
            None
        }
    }

    fn due_us(&self) -> u64 {
        let bandwidth = self.bandwidth.as_ref();
        self.pace()
            .zip(bandwidth)
            .map_or(u64::MAX, |(bps, bandwidth)| bandwidth.pacer.due_us(bps))
    }
}

impl Engine {
    /// Sends what has waited long enough.
    pub(crate) fn send_waiting(&mut self, now: Now, out: &mut impl Output) {
        self.due.pace_us = u64::MAX;
        let mut ids = std::mem::take(&mut self.paths);
        ids.extend(
            self.transports
                .iter()
                .filter_map(|(id, transport)| (transport.due_us() < u64::MAX).then_some(*id)),
        );
        for id in ids.drain(..) {
            while let Some(waiting) = self.transports.get_mut(&id).and_then(|t| t.next_waiting(now)) {
                match waiting {
                    Waiting::Fresh(subscription, packet) => {
                        let later = self.later(id, subscription);
                        self.with_leg(now, subscription, |leg, stats| {
                            stats.rtp_forwarded += leg.send_one(&packet, &later, out);
                        });
                    }
                    Waiting::Again(subscription, sequence_number) => {
                        self.send_again(now, subscription, sequence_number, out);
                    }
                }
            }
            let due_us = self.transports.get(&id).map_or(u64::MAX, Transport::due_us);
            self.due.pace_us = self.due.pace_us.min(due_us);
        }
        self.paths = ids;
    }

    /// What still waits for a subscription, which its layer's late packets must not overtake. Only looked for before a switch.
    fn later(&self, transport: Id, subscription: Id) -> Vec<Pending> {
        let is_switching = self
            .subscriptions
            .get(&subscription)
            .is_some_and(Subscription::is_switching);
        let bandwidth = self.transports.get(&transport).and_then(|t| t.bandwidth.as_ref());
        let waiting = bandwidth.filter(|_| is_switching).map(|b| &b.pacer.waiting);
        waiting
            .into_iter()
            .flatten()
            .filter_map(|waiting| match waiting {
                Waiting::Fresh(other, packet) if *other == subscription => Some(*packet),
                _ => None,
            })
            .collect()
    }

    /// Sends a packet again when the subscriber's path has room for it.
    pub(crate) fn resend(&mut self, now: Now, id: Id, sequence_number: u16, out: &mut impl Output) {
        let Some(subscription) = self.subscriptions.get(&id) else {
            return;
        };
        let Some(transport) = self.transports.get_mut(&subscription.transport) else {
            return;
        };
        if transport.may_send(now) {
            self.send_again(now, id, sequence_number, out);
        } else {
            let due_us = transport.wait(Waiting::Again(id, sequence_number));
            self.due.pace_us = self.due.pace_us.min(due_us);
        }
    }

    /// Sends a packet again: by RTX where that is negotiated (RFC 4588), as it was otherwise. Twice where one in a few would be lost again.
    fn send_again(&mut self, now: Now, id: Id, sequence_number: u16, out: &mut impl Output) {
        self.with_leg(now, id, |leg, stats| {
            let copies = leg.copies();
            let last = leg.next_number_again(copies);
            let transport = &*leg.transport;
            let fate = |sequence| transport.fate(sequence, now);
            let Some(sent) = leg.subscription.resend(sequence_number, last, now.ms(), fate) else {
                return;
            };
            let layer = leg.track.layers.get(usize::from(sent.layer));
            let Some(stored) = layer.and_then(|layer| layer.store.get(sent.number)) else {
                return;
            };
            for _ in 0..copies {
                leg.subscription.resent += 1;
                stats.rtx_sent += 1;
                leg.send_again(stored, sent, out);
            }
        });
    }

    /// Sends about so many octets of padding to a transport. False: there is nothing that could be padded.
    pub(crate) fn pad(&mut self, now: Now, id: Id, octets: usize, out: &mut impl Output) -> bool {
        let Some(transport) = self.transports.get(&id) else {
            return false;
        };
        for subscription in transport.subscriptions.clone() {
            let sent = self.with_leg(now, subscription, |leg, stats| {
                let mut sent = 0;
                while sent < octets {
                    let len = leg.send_padding(u8::MAX, out);
                    if len == 0 {
                        break;
                    }
                    stats.padding_sent += 1;
                    sent += len;
                }
                sent
            });
            if sent.is_some_and(|sent| sent > 0) {
                return true;
            }
        }
        false
    }

    /// Does something on the way of a track to a subscriber, if there is one.
    fn with_leg<R>(
        &mut self,
        now: Now,
        id: Id,
        act: impl FnOnce(&mut Leg<'_>, &mut Stats) -> R,
    ) -> Option<R> {
        let subscription = self.subscriptions.get_mut(&id)?;
        let track = self.tracks.get(&subscription.track)?;
        let transport = self.transports.get_mut(&subscription.transport)?;
        let address = transport.destination()?;
        let mut leg = Leg {
            now,
            id,
            track,
            subscription,
            transport,
            address,
        };
        Some(act(&mut leg, &mut self.stats))
    }
}
