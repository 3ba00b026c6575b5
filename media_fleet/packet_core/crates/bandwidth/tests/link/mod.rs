//! A path with a bottleneck, simulated: packets wait in one queue, some are lost, feedback comes back.

pub mod plot;

use std::collections::{BTreeMap, VecDeque};

use parley_bandwidth::{Config, Estimator};

const MS: u64 = 1_000;
const FRAME_US: u64 = 33_333;
const PACKET: usize = 1_200;
const FEEDBACK_US: u64 = 50_000;
/// The receiver's clock, which is not the sender's.
const RECEIVER_AHEAD_US: i64 = 123_456_789;

/// What does not change in a scenario, or by the time alone.
pub struct Path {
    /// Bits a second at a time in seconds.
    pub capacity: Box<dyn Fn(f64) -> f64>,
    /// Longer than this nothing waits, seconds.
    pub queue_s: f64,
    pub one_way_ms: u64,
    /// By how much the way is longer at a time in seconds, milliseconds.
    pub detour_ms: fn(f64) -> u64,
    pub jitter_ms: u64,
    pub loss: f64,
    /// Of jitter and loss.
    pub seed: u64,
    /// Whether feedback arrives.
    pub feedback: Box<dyn Fn(f64) -> bool>,
}

impl Path {
    pub fn new(capacity: impl Fn(f64) -> f64 + 'static) -> Self {
        Self {
            capacity: Box::new(capacity),
            queue_s: 0.5,
            one_way_ms: 25,
            detour_ms: |_| 0,
            jitter_ms: 0,
            loss: 0.0,
            seed: 7,
            feedback: Box::new(|_| true),
        }
    }
}

/// How a sender uses an estimate.
pub enum Media {
    /// As much as is estimated, up to this.
    Elastic(f64),
    /// The best of these layers that fits with a margin.
    Layers(&'static [f64]),
    /// This much at a time in seconds, whatever is estimated, with a frame of ten times the size every three seconds.
    Fixed(fn(f64) -> f64, bool),
}

/// One look at a run, every 100 ms.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub at: f64,
    pub capacity: f64,
    pub estimate: f64,
    pub sent: f64,
    /// How long a packet that is sent now would wait, seconds.
    pub queue_s: f64,
}

pub struct Run {
    pub samples: Vec<Sample>,
}

impl Run {
    pub fn between(&self, from: f64, to: f64) -> impl Iterator<Item = &Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.at >= from && sample.at < to)
    }

    pub fn mean(&self, from: f64, to: f64, of: impl Fn(&Sample) -> f64) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for sample in self.between(from, to) {
            sum += of(sample);
            count += 1.0;
        }
        sum / count
    }

    /// The estimate over the capacity, on average.
    pub fn used(&self, from: f64, to: f64) -> f64 {
        self.mean(from, to, |sample| sample.estimate / sample.capacity)
    }

    /// What was sent, of what could have been.
    pub fn sent_share(&self, from: f64, to: f64) -> f64 {
        self.mean(from, to, |sample| sample.sent) / self.mean(from, to, |sample| sample.capacity)
    }

    /// 95 of 100 packets wait less than this, milliseconds.
    pub fn queue_p95_ms(&self, from: f64, to: f64) -> f64 {
        let mut waits: Vec<f64> = self
            .between(from, to)
            .map(|sample| sample.queue_s * 1000.0)
            .collect();
        waits.sort_by(f64::total_cmp);
        waits[waits.len() * 95 / 100]
    }

    pub fn first(&self, from: f64, is_so: impl Fn(&Sample) -> bool) -> f64 {
        self.between(from, f64::MAX)
            .find(|sample| is_so(sample))
            .map_or(f64::MAX, |sample| sample.at - from)
    }
}

struct Simulation<'a> {
    path: &'a Path,
    estimator: Estimator,
    sequence: u16,
    free_at_us: u64,
    /// Arrival by sequence number of what was not reported yet.
    arrivals: BTreeMap<u64, (u16, i64)>,
    reported: u64,
    sent: u64,
    feedback: VecDeque<(u64, u16, Vec<Option<i64>>)>,
    random: u64,
    octets: f64,
}

impl Simulation<'_> {
    fn random(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as f64 / f64::from(1u32 << 31)
    }

    fn send(&mut self, now_us: u64, octets: usize) {
        self.estimator.sent(self.sequence, now_us, octets);
        let (index, sequence) = (self.sent, self.sequence);
        self.sent += 1;
        self.sequence = self.sequence.wrapping_add(1);
        self.octets += octets as f64;
        let waits_us = self.free_at_us.saturating_sub(now_us);
        if waits_us as f64 / 1e6 > self.path.queue_s || self.random() < self.path.loss {
            return;
        }
        let capacity = (self.path.capacity)(now_us as f64 / 1e6);
        self.free_at_us = self.free_at_us.max(now_us) + (octets as f64 * 8e6 / capacity) as u64;
        let jitter_us = (self.random() * (self.path.jitter_ms * MS) as f64) as u64;
        let way_ms = self.path.one_way_ms + (self.path.detour_ms)(now_us as f64 / 1e6);
        let came = self.free_at_us + way_ms * MS + jitter_us;
        self.arrivals
            .insert(index, (sequence, came.cast_signed() + RECEIVER_AHEAD_US));
    }

    /// What has come by now is reported; it takes its way back.
    fn report(&mut self, now_us: u64) {
        let now = now_us.cast_signed() + RECEIVER_AHEAD_US;
        let Some(last) = self
            .arrivals
            .iter()
            .filter(|(_, (_, came))| *came <= now)
            .map(|(index, _)| *index)
            .max()
        else {
            return;
        };
        let first = self.reported;
        let base = self.sequence.wrapping_sub((self.sent - first) as u16);
        let told = (first..=last)
            .map(|index| self.arrivals.remove(&index).map(|(_, came)| came))
            .collect();
        self.reported = last + 1;
        if (self.path.feedback)(now_us as f64 / 1e6) {
            self.feedback
                .push_back((now_us + self.path.one_way_ms * MS, base, told));
        }
    }
}

pub fn run(path: &Path, media: &Media, wanted: f64, seconds: u64) -> Run {
    let mut it = Simulation {
        path,
        estimator: Estimator::new(Config::default()),
        sequence: 65_000,
        free_at_us: 0,
        arrivals: BTreeMap::new(),
        reported: 0,
        sent: 0,
        feedback: VecDeque::new(),
        random: path.seed,
        octets: 0.0,
    };
    it.estimator.round_trip(2.0 * path.one_way_ms as f64);
    let mut samples = Vec::new();
    let (mut next_frame, mut next_report) = (0, FEEDBACK_US);
    let mut layer = 0.0;
    let mut frames = 0u64;
    for now_us in (0..seconds * 1_000_000).step_by(MS as usize) {
        let at = now_us as f64 / 1e6;
        while it.feedback.front().is_some_and(|(comes, _, _)| *comes <= now_us) {
            let (_, base, arrivals) = it.feedback.pop_front().unwrap();
            it.estimator.feedback(now_us, base, &arrivals);
        }
        if now_us >= next_report {
            next_report += FEEDBACK_US;
            it.report(now_us);
        }
        if now_us % 100_000 == 0 {
            it.estimator.elapse(now_us);
            samples.push(Sample {
                at,
                capacity: (path.capacity)(at),
                estimate: it.estimator.estimate_bps() as f64,
                sent: std::mem::take(&mut it.octets) * 80.0,
                queue_s: it.free_at_us.saturating_sub(now_us) as f64 / 1e6,
            });
        }
        let wanted = match media {
            Media::Fixed(rate, _) => rate(at).max(wanted),
            _ => wanted,
        };
        if now_us % 100_000 == 0 || now_us >= it.estimator.probe_due_us() {
            let mut due = it.estimator.probe(now_us, wanted as u64);
            while due > 0 {
                it.send(now_us, 300);
                due = due.saturating_sub(300);
            }
        }
        if now_us >= next_frame {
            next_frame += FRAME_US;
            frames += 1;
            let estimate = it.estimator.estimate_bps() as f64 * 0.95;
            let rate = match media {
                Media::Elastic(most) => estimate.min(*most),
                Media::Layers(rates) => {
                    let fits = |rate: &f64| *rate * if *rate > layer { 1.15 } else { 1.0 } <= estimate;
                    layer = rates.iter().copied().filter(fits).fold(0.0, f64::max);
                    // Sound goes on.
                    layer + 40_000.0
                }
                Media::Fixed(rate, has_key_frames) => {
                    let key_frame = *has_key_frames && frames.is_multiple_of(90);
                    rate(at) * if key_frame { 10.0 } else { 1.0 }
                }
            };
            let mut octets = rate / 8.0 * FRAME_US as f64 / 1e6;
            while octets > 0.0 {
                it.send(now_us, octets.min(PACKET as f64).max(60.0) as usize);
                octets -= PACKET as f64;
            }
        }
    }
    Run { samples }
}
