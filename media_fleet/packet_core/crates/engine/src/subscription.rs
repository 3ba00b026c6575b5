//! Which layer a subscriber gets, and under which numbers: continuous, whatever is switched underneath.

use parley_bandwidth::Fate;
use parley_wire::dependency_descriptor::OperatingPoint;
use parley_wire::sequence::nearest;

use crate::Id;
use crate::command::SubscriptionConfig;
use crate::history::{History, Offsets, Sent, Stamp};
use crate::output::Now;
use crate::scalability::{ALL_LAYERS, Scalability};
use crate::stats::SubscriptionStats;
use crate::store::Stored;
use crate::thinning::{Choice, Place, Thinning};
use crate::track::{Quality, Track};

/// A stream that leaps on by more goes on without a gap: a receiver takes half of all sequence numbers, and more, for a step back
/// and has a wrong index of every packet from then on (RFC 3711, section 3.3.1).
const MAX_LEAP: u64 = 1 << 14;
/// Publishers report so often; what is older may have been overtaken by clocks that run apart.
const REPORT_LASTS_US: u64 = 5_000_000;
/// What the path to the subscriber has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Share {
    /// Nobody knows that it lacks anything.
    #[default]
    Unlimited,
    /// Qualities up to this one.
    UpTo(Quality),
    /// Not even the lowest layer.
    Nothing,
}

/// The numbers that a subscriber sees.
#[derive(Debug)]
struct Continuity {
    /// The first number of the current layer that is forwarded.
    first_number: u64,
    /// What [`Self::first_number`] became.
    first_sequence: u64,
    offsets: Offsets,
    highest_sequence: u64,
    last_timestamp: u32,
    last_sent_us: u64,
    last_picture: u16,
    last_tl0_picture: u8,
    started: bool,
}

/// See the module.
pub(crate) struct Subscription {
    pub transport: Id,
    pub track: Id,
    /// The track that takes the place of this one.
    pub next: Option<Id>,
    pub config: SubscriptionConfig,
    pub paused: bool,
    pub wanted: Option<usize>,
    /// This layer or nothing, with all layers within it up to the wanted height: a relay.
    pub only: Option<usize>,
    /// Pixels.
    pub wanted_height: Option<u16>,
    /// Pictures a second.
    pub wanted_rate: Option<u8>,
    pub priority: u32,
    pub share: Share,
    /// The path carries no more than the share, though more could be sent.
    pub is_limited: bool,
    /// When its share was made smaller last.
    pub lowered_us: Option<u64>,
    /// The layer that is forwarded.
    pub current: Option<usize>,
    /// The layer that should be.
    pub target: Option<usize>,
    /// The layers within it that should be, as far as its rate of pictures allows.
    pub limit: OperatingPoint,
    continuity: Continuity,
    thinning: Thinning,
    history: History,
    clock_rate: u32,
    pub rtx_sequence: u64,
    pub packets: u64,
    pub octets: u64,
    /// As many packets as the last sender report told of.
    pub reported: u64,
    pub resent: u64,
    pub nacks_received: u64,
    pub key_frames_asked_for: u64,
    /// What the subscriber reported last: in all, in 256ths since the report before, and in RTP clock units.
    pub reported_lost: u32,
    pub fraction_lost: u8,
    pub reported_jitter: u32,
    pub round_trip_ms: Option<f64>,
    /// Middle of the NTP time in the last sender report, and when it was sent.
    pub last_report: Option<(u32, u64)>,
}

/// A packet that is asked for again is on its way if it was sent again less than so many round trips ago.
const ASKED_AGAIN: f64 = 0.7;

impl Subscription {
    /// `seed` gives the first sequence number, timestamp and picture id: random, as RFC 3550 wants them.
    pub(crate) fn new(
        transport: Id,
        track: Id,
        config: SubscriptionConfig,
        clock_rate: u32,
        is_video: bool,
        seed: u64,
    ) -> Self {
        let continuity = Continuity {
            first_number: 0,
            first_sequence: 0,
            offsets: Offsets::default(),
            // Below 2^15, as RFC 3711, section 3.3.1 advises: a lost first packet cannot look like a wrap.
            highest_sequence: seed & 0x7fff,
            last_timestamp: (seed >> 16) as u32,
            last_sent_us: 0,
            last_picture: (seed >> 48) as u16 & 0x7fff,
            last_tl0_picture: 0,
            started: false,
        };
        Self {
            transport,
            track,
            next: None,
            config,
            paused: false,
            wanted: None,
            only: None,
            wanted_height: None,
            wanted_rate: None,
            priority: 0,
            share: Share::default(),
            is_limited: false,
            lowered_us: None,
            current: None,
            target: None,
            limit: ALL_LAYERS,
            continuity,
            thinning: Thinning::default(),
            history: History::new(is_video),
            clock_rate,
            rtx_sequence: seed >> 32 & 0x7fff,
            packets: 0,
            octets: 0,
            reported: 0,
            resent: 0,
            nacks_received: 0,
            key_frames_asked_for: 0,
            reported_lost: 0,
            fraction_lost: 0,
            reported_jitter: 0,
            round_trip_ms: None,
            last_report: None,
        }
    }

    /// Goes on after the last packet indices that a former subscription used under the SSRC, and under that of retransmissions.
    pub(crate) fn follow_on(&mut self, spent: [Option<u64>; 2]) {
        let [media, rtx] = spent;
        self.continuity.highest_sequence = media.unwrap_or(self.continuity.highest_sequence);
        self.rtx_sequence = rtx.unwrap_or(self.rtx_sequence);
    }

    /// The extended sequence number of the newest packet that was sent.
    pub(crate) fn highest_sequence(&self) -> u64 {
        self.continuity.highest_sequence
    }

    /// Chooses what should be forwarded of what is being sent.
    pub(crate) fn aim(&mut self, track: &Track) {
        if let Some(only) = self.only {
            self.target = Some(only).filter(|only| track.is_sent(*only));
            match self.target {
                Some(target) => {
                    let scalability = &track.layers[target].scalability;
                    self.limit.spatial = scalability.spatial_of(self.wanted_height);
                }
                None => self.interrupt(),
            }
            return;
        }
        let share = match self.share {
            Share::Unlimited => Quality::ALL,
            Share::UpTo(quality) => quality,
            Share::Nothing => {
                self.target = None;
                return self.interrupt();
            }
        };
        let wanted = self.wanted_of(track);
        self.target = track
            .choose_layer(self.lowest(track), wanted.min(share.layer))
            .filter(|_| !self.awaits_made(track));
        let Some(target) = self.target else {
            return self.interrupt();
        };
        let spatial = track.layers[target].scalability.spatial_of(self.wanted_height);
        self.limit = if target == share.layer && share.point.spatial <= spatial {
            share.point
        } else {
            // Less of them is wanted than there is room for.
            OperatingPoint {
                spatial,
                ..ALL_LAYERS
            }
        };
    }

    /// The layer of another track that would be forwarded in the place of what is now.
    pub(crate) fn layer_of(&self, track: &Track) -> Option<usize> {
        let most = match self.share {
            Share::Nothing => return None,
            Share::UpTo(quality) => quality.layer,
            Share::Unlimited => usize::MAX,
        };
        track.choose_layer(self.lowest(track), most.min(self.wanted_of(track)))
    }

    /// Whether packets of a layer may be for this subscriber.
    pub(crate) fn takes(&self, layer: usize) -> bool {
        !self.paused && (self.current == Some(layer) || self.target == Some(layer))
    }

    /// Whether another layer is to be forwarded than is now.
    pub(crate) fn is_switching(&self) -> bool {
        self.target.is_some() && !self.paused && self.current != self.target
    }

    /// The layer of which a key frame is needed before all that is to be forwarded can be.
    pub(crate) fn waits_for(&self, track: &Track) -> Option<usize> {
        let target = self.target.filter(|_| !self.paused)?;
        let scalability = &track.layers[target].scalability;
        let lacks =
            self.current != Some(target) || self.thinning.waits(scalability, self.limit, self.choice());
        lacks.then_some(target)
    }

    /// The layers within the current one that are forwarded.
    pub(crate) fn point(&self) -> Option<OperatingPoint> {
        self.current.and_then(|_| self.thinning.point())
    }

    fn choice(&self) -> Choice {
        if self.only.is_some() {
            Choice::AllSizes
        } else {
            Choice::OneTarget
        }
    }

    /// Takes up a packet of a layer: how to send it, or None if it is not for this subscriber. `limit`: the highest layers within it
    /// that are.
    pub(crate) fn take(
        &mut self,
        layer: usize,
        stored: &Stored,
        scalability: &Scalability,
        now: Now,
        stamp: Stamp,
        limit: OperatingPoint,
    ) -> Option<Sent> {
        if self.paused {
            return None;
        }
        let sound = stored.sound.filter(|_| !self.config.continuous);
        let number = sound.map_or(Some(stored.number), |sound| sound.number)?;
        if self.current == Some(layer) && self.leaps(number) {
            self.interrupt();
        }
        if self.current != Some(layer) {
            if self.target != Some(layer) || !stored.key_frame {
                return None;
            }
            self.switch(layer, number, stored, now);
        }
        let place = match sound {
            // RFC 3551, section 4.1: the marker tells where sound begins again.
            Some(sound) => Place {
                number,
                ends_picture: stored.marker || sound.begins,
                ..Place::whole(stored)
            },
            None if stored.sound.is_none() => {
                let choice = self.choice();
                self.thinning.place(stored, scalability, limit, choice)?
            }
            None => Place::whole(stored),
        };
        let continuity = &mut self.continuity;
        // Late, from before the switch.
        let after = place.number.checked_sub(continuity.first_number)?;
        let mut offsets = continuity.offsets;
        if stored.described.is_none() {
            // Frame numbers may have gaps: descriptors say which of them a frame needs.
            offsets.picture = offsets.picture.wrapping_sub(place.pictures);
        }
        let sequence = continuity.first_sequence + after;
        // Under one key an index is used once, whatever a publisher sends.
        if !self.history.is_new(sequence, continuity.highest_sequence) {
            return None;
        }
        if sequence >= continuity.highest_sequence {
            continuity.highest_sequence = sequence;
            continuity.last_timestamp = stored.timestamp.wrapping_add(offsets.timestamp);
            continuity.last_sent_us = now.us;
            if let Some(picture) = stored.picture() {
                continuity.last_picture = picture.wrapping_add(offsets.picture);
            }
            if let Some((index, _)) = stored.vp8.and_then(|vp8| vp8.tl0_picture) {
                continuity.last_tl0_picture = index.wrapping_add(offsets.tl0_picture);
            }
        }
        let sent = Sent {
            sequence,
            number: stored.number,
            layer: layer as u8,
            marker: place.ends_picture,
            offsets,
            stamp,
            active_targets: place.active_targets,
        };
        self.history.insert(sent);
        Some(sent)
    }

    /// Whether a packet of the current layer is too far on.
    fn leaps(&self, number: u64) -> bool {
        let continuity = &self.continuity;
        let sent = continuity.highest_sequence - continuity.first_sequence;
        number > continuity.first_number + self.thinning.left_out() + sent + MAX_LEAP
    }

    /// Goes on with another layer, or with the same one after a break: all numbers follow on the last ones.
    fn switch(&mut self, layer: usize, number: u64, stored: &Stored, now: Now) {
        let continuity = &mut self.continuity;
        let next_timestamp = if continuity.started {
            let elapsed_us = now.us.saturating_sub(continuity.last_sent_us).max(1_000);
            let ticks = (elapsed_us * u64::from(self.clock_rate) / 1_000_000) as u32;
            continuity.last_timestamp.wrapping_add(ticks.max(1))
        } else {
            continuity.last_timestamp
        };
        continuity.offsets.timestamp = next_timestamp.wrapping_sub(stored.timestamp);
        if let Some(picture) = stored.picture() {
            continuity.offsets.picture = continuity.last_picture.wrapping_add(1).wrapping_sub(picture);
        }
        if let Some((index, _)) = stored.vp8.and_then(|vp8| vp8.tl0_picture) {
            continuity.offsets.tl0_picture = continuity.last_tl0_picture.wrapping_add(1).wrapping_sub(index);
        }
        self.thinning = Thinning::default();
        continuity.first_number = number;
        continuity.first_sequence = continuity.highest_sequence + 1;
        continuity.started = true;
        self.current = Some(layer);
    }

    /// A layer has started anew with other packets under the same numbers: those that were sent cannot be sent again.
    pub(crate) fn layer_restarted(&mut self, layer: usize) {
        self.history.forget(layer);
        if self.current == Some(layer) {
            self.interrupt();
        }
    }

    /// Gets another track from now on: what was sent of this one cannot be sent again, and all numbers follow on.
    pub(crate) fn leave_layers(&mut self) {
        self.history.forget_all();
        self.thinning = Thinning::default();
        self.target = None;
        self.interrupt();
    }

    /// Stops forwarding until the next key frame.
    pub(crate) fn interrupt(&mut self) {
        self.current = None;
    }

    /// The RTP timestamp of the newest packet that was sent; None before the first one.
    pub(crate) fn last_timestamp(&self) -> Option<u32> {
        self.continuity.started.then_some(self.continuity.last_timestamp)
    }

    /// Whether the last sender report was long ago.
    pub(crate) fn lacks_report(&self, now: Now) -> bool {
        self.last_report
            .is_some_and(|(_, sent_us)| now.us > sent_us + REPORT_LASTS_US)
    }

    /// The offset of the RTP timestamp while a layer is forwarded.
    pub(crate) fn timestamp_offset(&self) -> u32 {
        self.continuity.offsets.timestamp
    }

    /// The sent packet with a sequence number, if it may be sent again at `now_ms`: not while it is on its way, and
    /// not without end, so that no subscriber makes much out of a few requests. For the rest see [`History::resend`].
    pub(crate) fn resend(
        &mut self,
        sequence_number: u16,
        transport_sequence: Option<u16>,
        now_ms: u64,
        fate: impl FnOnce(u16) -> Option<Fate>,
    ) -> Option<Sent> {
        // What came before a break is of no use to who continues with a key frame after it, and costs a narrow path what that would take.
        self.current?;
        let sequence = nearest(self.continuity.highest_sequence, sequence_number);
        if sequence < self.continuity.first_sequence {
            return None;
        }
        let round_trip_ms = self.round_trip_ms.unwrap_or(20.0).clamp(20.0, 200.0);
        // Who has no measurement of their own asks again after what they take for a round trip.
        let patience_ms = (ASKED_AGAIN * round_trip_ms) as u32;
        self.history
            .resend(sequence, transport_sequence, now_ms, patience_ms, fate)
    }

    pub(crate) fn stats(&self, track: Option<&Track>) -> SubscriptionStats {
        let lowest_sent = track.map_or(0, Track::lowest_sent);
        SubscriptionStats {
            layer: self.current.map(|layer| layer.saturating_sub(lowest_sent)),
            made: self.current.is_some_and(|layer| layer < lowest_sent),
            spatial_layer: self.point().map(|point| point.spatial),
            temporal_layer: self.point().map(|point| point.temporal),
            starved: self.share == Share::Nothing,
            unheard: false,
            packets_sent: self.packets,
            bytes_sent: self.octets,
            retransmissions_sent: self.resent,
            nacks_received: self.nacks_received,
            key_frames_asked_for: self.key_frames_asked_for,
            packets_lost: u64::from(self.reported_lost),
            fraction_lost: f64::from(self.fraction_lost) / 256.0,
            jitter: self.reported_jitter,
            round_trip_ms: self.round_trip_ms,
        }
    }
}
