//! Additive increase, multiplicative decrease (draft-ietf-rmcat-gcc-02, section 5.5).

use crate::trend::Usage;

const DECREASE: f64 = 0.85;
/// A queue of this length empties by itself, milliseconds.
const SHORT_MS: f64 = 50.0;
/// A longer one is to be gone after so long, milliseconds.
const DRAIN_MS: f64 = 1_000.0;
const MOST_DRAIN: f64 = 0.35;
/// Growth in a second far from what the path is known to carry.
const INCREASE: f64 = 1.08;
/// And below what came lately.
const RETURN: f64 = 1.2;
/// What came is remembered for one to two spans of this length, microseconds.
const PEAK_US: u64 = 4_000_000;
const PACKET_BITS: f64 = 1200.0 * 8.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Hold,
    Increase,
}

/// Where the path was full before: mean and relative variance of what arrived then.
#[derive(Clone, Copy, Debug)]
struct Capacity {
    mean: f64,
    variance: f64,
}

impl Capacity {
    fn take(before: Option<Self>, rate: f64) -> Self {
        let Some(Self { mean, variance }) = before else {
            return Self {
                mean: rate,
                variance: 0.04,
            };
        };
        let off = (rate - mean) / mean.max(1.0);
        Self {
            mean: 0.95 * mean + 0.05 * rate,
            variance: (0.95 * variance + 0.05 * off * off).clamp(0.0004, 0.04),
        }
    }

    fn deviation(self) -> f64 {
        self.variance.sqrt() * self.mean
    }
}

/// The most that came lately, bits a second.
#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    since_us: u64,
    now: f64,
    before: f64,
}

impl Peak {
    fn take(&mut self, now_us: u64, rate: f64) {
        if now_us > self.since_us + PEAK_US {
            (self.since_us, self.before, self.now) = (now_us, self.now, 0.0);
        }
        self.now = self.now.max(rate);
    }

    fn bps(self) -> f64 {
        self.now.max(self.before)
    }
}

/// See the module.
pub(crate) struct Rate {
    pub bps: f64,
    state: State,
    capacity: Option<Capacity>,
    last_change_us: u64,
    last_decrease_us: u64,
    pub round_trip_ms: f64,
    peak: Peak,
    /// What it was before the last decrease.
    pub before_decrease: Option<f64>,
}

impl Rate {
    pub(crate) fn new(start: f64) -> Self {
        Self {
            bps: start,
            state: State::Increase,
            capacity: None,
            last_change_us: 0,
            last_decrease_us: 0,
            round_trip_ms: 100.0,
            peak: Peak::default(),
            before_decrease: None,
        }
    }

    pub(crate) fn round_trip(&mut self, ms: f64) {
        self.round_trip_ms = 0.8 * self.round_trip_ms + 0.2 * ms;
    }

    /// Time since the last decrease, microseconds.
    pub(crate) fn since_decrease_us(&self, now_us: u64) -> u64 {
        now_us.saturating_sub(self.last_decrease_us)
    }

    pub(crate) fn update(&mut self, now_us: u64, usage: Usage, acknowledged: Option<f64>, queue_ms: f64) {
        if let Some(acknowledged) = acknowledged {
            self.peak.take(now_us, acknowledged);
        }
        match usage {
            Usage::Over => self.decrease(now_us, acknowledged, queue_ms),
            // The queue empties: let it.
            Usage::Under => self.state = State::Hold,
            Usage::Normal if self.state == State::Hold => {
                self.state = State::Increase;
                self.last_change_us = now_us;
            }
            Usage::Normal => self.increase(now_us, acknowledged),
        }
    }

    fn decrease(&mut self, now_us: u64, acknowledged: Option<f64>, queue_ms: f64) {
        self.state = State::Hold;
        // What was sent before the last decrease may still be on its way.
        let settle_us = (self.round_trip_ms.clamp(10.0, 200.0) * 1000.0) as u64 + 100_000;
        let Some(acknowledged) = acknowledged else {
            return;
        };
        let is_far_off = acknowledged < self.bps * 0.5;
        if now_us < self.last_decrease_us + settle_us && !is_far_off {
            return;
        }
        let drain = ((queue_ms - SHORT_MS) / DRAIN_MS).clamp(0.0, MOST_DRAIN);
        let lower = (DECREASE - drain) * acknowledged;
        if lower < self.bps {
            self.before_decrease = Some(self.bps);
            self.bps = lower;
        }
        if let Some(capacity) = self.capacity
            && (acknowledged - capacity.mean).abs() > 3.0 * capacity.deviation()
        {
            self.capacity = None;
        }
        self.capacity = Some(Capacity::take(self.capacity, acknowledged));
        self.last_decrease_us = now_us;
        self.last_change_us = now_us;
    }

    fn increase(&mut self, now_us: u64, acknowledged: Option<f64>) {
        let elapsed_s = (now_us.saturating_sub(self.last_change_us) as f64 / 1e6).min(1.0);
        self.last_change_us = now_us;
        if let (Some(capacity), Some(acknowledged)) = (self.capacity, acknowledged)
            && acknowledged > capacity.mean + 3.0 * capacity.deviation()
        {
            self.capacity = None;
        }
        let grown = if self.bps < self.peak.bps() {
            self.bps * RETURN.powf(elapsed_s)
        } else if self.capacity.is_some() {
            let response_s = (self.round_trip_ms + 100.0) / 1000.0;
            self.bps + (PACKET_BITS / response_s).max(4_000.0) * elapsed_s
        } else {
            self.bps * INCREASE.powf(elapsed_s) + 1_000.0 * elapsed_s
        };
        // What was never tried is not known to be there.
        let most = acknowledged.map_or(self.bps, |acknowledged| 1.5 * acknowledged + 10_000.0);
        self.bps = grown.min(most).max(self.bps);
    }

    /// A probe has shown that the path carries so much.
    pub(crate) fn proven(&mut self, now_us: u64, bps: f64) {
        if bps > self.bps {
            self.bps = bps;
            self.last_change_us = now_us;
            self.capacity = None;
        }
    }

    /// Nothing is heard of what was sent.
    pub(crate) fn starve(&mut self, now_us: u64) {
        self.before_decrease.get_or_insert(self.bps);
        self.bps *= 0.7;
        self.last_change_us = now_us;
    }
}
