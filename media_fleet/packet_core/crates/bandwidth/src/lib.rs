//! What the path to one receiver carries, as its sender can tell from transport-wide feedback
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01): Google Congestion Control (draft-ietf-rmcat-gcc-02) with libwebrtc's
//! trendline and probing. Pure: it has no clock, and sends nothing.

mod acknowledged;
mod history;
mod loss;
mod probing;
mod rate;
mod trend;

use acknowledged::Acknowledged;
pub use history::Fate;
use history::{History, News};
use loss::Loss;
use probing::Probing;
use rate::Rate;
use trend::{Trend, Usage};

/// No news for so long after a packet was sent means that nothing arrives: microseconds.
const SILENCE_US: u64 = 800_000;
/// And if the estimate was lowered for that already, microseconds.
const SILENCE_STEP_US: u64 = 500_000;
/// After a sign of congestion no probe starts for so long, microseconds.
const CALM_US: u64 = 700_000;
/// What is not heard of for longer may have been told of in feedback that was lost, microseconds.
const UNHEARD_US: u64 = 1_000_000;
/// No path is believed to carry more than this, bits a second.
const MOST: f64 = 1e9;

/// Limits, bits a second.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Before anything is known.
    pub start_bps: u64,
    /// The estimate is never lower.
    pub min_bps: u64,
    /// The estimate is never higher.
    pub max_bps: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            start_bps: 1_000_000,
            min_bps: 50_000,
            max_bps: 30_000_000,
        }
    }
}

/// See the crate.
pub struct Estimator {
    config: Config,
    history: History,
    trend: Trend,
    rate: Rate,
    acknowledged: Acknowledged,
    loss: Loss,
    probing: Probing,
    estimate: f64,
    last_news_us: Option<u64>,
    /// The first packet left then of those that no news has come since.
    unanswered_us: Option<u64>,
    /// The estimate was lowered for silence since the last news.
    is_silent: bool,
    last_congestion_us: Option<u64>,
    /// Of the receiver's clock: what was told wraps after 2^24 times 64 ms.
    arrival: Option<i64>,
}

/// 2^24 reference times of 64 ms.
const ARRIVAL_WRAP_US: i64 = (1 << 24) * 64_000;

impl Estimator {
    /// Of a path that nothing is known of.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let start = config.start_bps as f64;
        Self {
            config,
            history: History::new(),
            trend: Trend::new(),
            rate: Rate::new(start),
            acknowledged: Acknowledged::default(),
            loss: Loss::default(),
            probing: Probing::new(),
            estimate: start,
            last_news_us: None,
            unanswered_us: None,
            is_silent: false,
            last_congestion_us: None,
            arrival: None,
        }
    }

    /// A packet leaves under a transport-wide sequence number. `octets`: UDP payload.
    pub fn sent(&mut self, sequence: u16, now_us: u64, octets: usize) {
        // Media that leaves while a cluster does is as good a probe as padding.
        let cluster = self.probing.current();
        if cluster != 0 {
            self.probing.sent(octets);
        }
        self.unanswered_us.get_or_insert(now_us);
        self.history.insert(sequence, now_us, octets, cluster);
    }

    /// One transport-wide feedback: for each sequence number from `base` on, when the packet came (microseconds of the receiver's
    /// clock, modulo 2^24 times 64 ms), or None (it has not come so far).
    pub fn feedback(&mut self, now_us: u64, base: u16, arrivals: &[Option<i64>]) {
        let mut sequence = base;
        let mut is_news = false;
        let mut proven = None;
        for arrival in arrivals {
            if let Some((sent, news)) = self.history.told(sequence, arrival.is_some()) {
                is_news = true;
                match news {
                    News::Missing => self.loss.told(false),
                    News::Arrived => self.loss.told(true),
                    News::ArrivedLate => self.loss.came_late(),
                }
                if let Some(came) = arrival {
                    let came_us = self.unwrapped(*came);
                    let octets = u64::from(sent.octets);
                    self.acknowledged.arrived(came_us, octets);
                    let sent_us = sent.sent_us(now_us);
                    if news == News::Arrived {
                        self.trend.arrived(sent_us, came_us);
                    }
                    if sent.cluster != 0 {
                        proven = self
                            .probing
                            .arrived(now_us, sent.cluster, sent_us, came_us, octets as f64)
                            .or(proven);
                    }
                }
            }
            sequence = sequence.wrapping_add(1);
        }
        if is_news {
            self.last_news_us = Some(now_us);
            (self.unanswered_us, self.is_silent) = (None, false);
            self.update(now_us, proven);
        }
    }

    fn update(&mut self, now_us: u64, proven: Option<f64>) {
        self.acknowledged.update();
        let before = self.rate.bps;
        let usage = self.trend.usage;
        let acknowledged = self.acknowledged.rate();
        let let_through = match (usage, acknowledged, self.acknowledged.recent()) {
            (Usage::Over, Some(rate), Some(recent)) => Some(rate.min(recent)),
            (_, rate, _) => rate,
        };
        self.rate
            .update(now_us, usage, let_through, self.trend.queue_ms());
        if usage == Usage::Over {
            self.last_congestion_us = Some(now_us);
            // One sign of congestion is acted upon once.
            self.trend.usage = Usage::Normal;
        }
        if self.rate.bps < before {
            self.probing.after_decrease(now_us);
        }
        if let Some(proven) = proven.filter(|_| usage != Usage::Over) {
            self.rate.proven(now_us, proven.min(MOST));
            self.loss.lift(proven.min(MOST));
        }
        self.settle(now_us);
    }

    fn settle(&mut self, now_us: u64) {
        let (least, most) = (self.config.min_bps as f64, self.config.max_bps as f64);
        self.rate.bps = self.rate.bps.clamp(least.min(most), most);
        let bound = self.loss.bound(
            now_us,
            self.rate.bps,
            self.acknowledged.rate(),
            self.trend.has_queue(),
        );
        self.estimate = bound
            .map_or(self.rate.bps, |bound| bound.min(self.rate.bps))
            .clamp(least.min(most), most);
    }

    /// A round trip was measured.
    pub fn round_trip(&mut self, milliseconds: f64) {
        if (0.0..10_000.0).contains(&milliseconds) {
            self.rate.round_trip(milliseconds);
        }
    }

    /// To be called about every 100 ms.
    pub fn elapse(&mut self, now_us: u64) {
        let patience_us = if self.is_silent {
            SILENCE_STEP_US
        } else {
            SILENCE_US
        };
        let is_overdue = self
            .unanswered_us
            .is_some_and(|since| now_us > since + patience_us);
        if self.is_informed() && is_overdue {
            // Once for what was sent: who then sends nothing more learns nothing more either.
            (self.unanswered_us, self.is_silent) = (None, true);
            self.rate.starve(now_us);
            self.acknowledged.forget();
            self.loss.forget();
            self.probing.after_decrease(now_us);
            self.settle(now_us);
        }
    }

    /// The octets of padding that should be sent now for the sake of probing: 0 most of the time. `wanted_bps`: what could be used
    /// if the path carried it.
    pub fn probe(&mut self, now_us: u64, wanted_bps: u64) -> usize {
        if self.last_news_us.is_none() {
            return 0;
        }
        let is_calm = self.last_congestion_us.is_none_or(|last| now_us > last + CALM_US)
            && self.rate.since_decrease_us(now_us) > CALM_US
            && !(self.is_fresh(now_us) && self.trend.has_long_queue());
        let wanted = wanted_bps.min(self.config.max_bps) as f64;
        self.probing
            .due(now_us, self.estimate, wanted, self.trend.jitter_ms(), is_calm)
    }

    /// When [`Self::probe`] wants to be called next; `u64::MAX` while no cluster is being sent.
    #[must_use]
    pub fn probe_due_us(&self) -> u64 {
        self.probing.due_us()
    }

    /// What the path carries, bits of UDP payload a second.
    #[must_use]
    pub fn estimate_bps(&self) -> u64 {
        self.estimate as u64
    }

    /// Bits a second that lately arrived, by feedback.
    #[must_use]
    pub fn acknowledged_bps(&self) -> Option<u64> {
        self.acknowledged.rate().map(|rate| rate as u64)
    }

    /// The round trip, smoothed, milliseconds: 100 before the first measurement.
    #[must_use]
    pub fn round_trip_ms(&self) -> f64 {
        self.rate.round_trip_ms
    }

    /// Share of packets lost lately, 0 to 1.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.loss.share
    }

    /// What became of the packet that was sent last under a transport-wide sequence number; None if nobody can tell.
    #[must_use]
    pub fn fate(&self, sequence: u16, now_us: u64) -> Option<Fate> {
        self.is_informed().then_some(())?;
        self.history
            .fate(sequence, now_us, now_us.saturating_sub(UNHEARD_US))
    }

    /// Whether packets wait longer in the path's queue than they lately had to.
    #[must_use]
    pub fn has_queue(&self, now_us: u64) -> bool {
        self.is_fresh(now_us) && self.trend.has_queue()
    }

    /// Whether what is known of the queue is of now.
    fn is_fresh(&self, now_us: u64) -> bool {
        self.last_news_us.is_some_and(|news| now_us < news + SILENCE_US)
    }

    /// Whether feedback has come at all: without it the estimate means nothing.
    #[must_use]
    pub fn is_informed(&self) -> bool {
        self.last_news_us.is_some()
    }

    fn unwrapped(&mut self, came: i64) -> i64 {
        let came = came.rem_euclid(ARRIVAL_WRAP_US);
        let last = self.arrival.unwrap_or(came);
        let off = (came - last).rem_euclid(ARRIVAL_WRAP_US);
        let off = if off > ARRIVAL_WRAP_US / 2 {
            off - ARRIVAL_WRAP_US
        } else {
            off
        };
        let unwrapped = last.saturating_add(off);
        self.arrival = Some(unwrapped);
        unwrapped
    }
}
