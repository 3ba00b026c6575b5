//! The loss-based half of Google Congestion Control (draft-ietf-rmcat-gcc-02, section 6), with two things that it lacks.
//!
//! Few packets say little: of thirty, five may be missing on a path that loses one in ten. So losses are too many only when that is
//! sure, unless packets wait in a queue as well. And a radio path loses what it loses however little is sent: when sending less has not lessened the loss, it is the path's
//! own, and what was given up for it is taken back.

/// Losses are looked at over so many packets at least.
const LEAST_PACKETS: u32 = 40;
/// And over so long, microseconds.
const INTERVAL_US: u64 = 500_000;
/// What is not sure yet is looked at for longer, up to this, microseconds.
const LONGEST_US: u64 = 2_000_000;
const TOO_MUCH: f64 = 0.10;
const LITTLE: f64 = 0.02;
/// Growth of the bound in an interval in which little is lost.
const INCREASE: f64 = 1.08;
/// It grows by that of so many intervals at once at the most.
const MOST_INTERVALS: f64 = 4.0;
/// Standard deviations that make sure.
const SURE: f64 = 2.0;
/// Loss that is still so much of what it was has not lessened.
const STILL: f64 = 0.75;
/// The bound is not lowered below so much of what comes.
const CARRIED: f64 = 0.6;
/// No path is believed to lose more than this by itself.
const MOST_OF_ITS_OWN: f64 = 0.3;

/// What was given up the last time, in the hope that less would be lost.
#[derive(Clone, Copy, Debug)]
struct Tried {
    share: f64,
    bound: f64,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Loss {
    packets: u32,
    lost: u32,
    since_us: u64,
    /// Of the last interval.
    pub share: f64,
    bound: Option<f64>,
    tried: Option<Tried>,
    /// What the path loses by itself.
    own: f64,
}

impl Loss {
    pub(crate) fn told(&mut self, has_come: bool) {
        self.packets += 1;
        self.lost += u32::from(!has_come);
    }

    /// What was missing came late.
    pub(crate) fn came_late(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    /// The bound, bits a second, for an estimate that would be `estimate`; None: no bound. `has_queue`: packets wait.
    /// `acknowledged`: what came lately, bits a second.
    pub(crate) fn bound(
        &mut self,
        now_us: u64,
        estimate: f64,
        acknowledged: Option<f64>,
        has_queue: bool,
    ) -> Option<f64> {
        let elapsed_us = now_us.saturating_sub(self.since_us);
        if self.packets < LEAST_PACKETS || elapsed_us < INTERVAL_US {
            return self.bound;
        }
        let packets = f64::from(self.packets);
        let share = f64::from(self.lost) / packets;
        let sure = if has_queue { 0.0 } else { SURE };
        let doubt = sure * (share * (1.0 - share) / packets).sqrt();
        let (is_too_much, is_little) = (share - doubt > self.own + TOO_MUCH, share < self.own + LITTLE);
        self.share = share;
        if !is_too_much && !is_little && share > TOO_MUCH && elapsed_us < LONGEST_US {
            return self.bound;
        }
        self.own = self.own.min(share + doubt);
        if is_too_much {
            self.lower(share, doubt, estimate, acknowledged, has_queue);
        } else {
            self.tried = None;
            if is_little {
                // A narrow path's few packets take several intervals to be enough.
                let intervals = (elapsed_us as f64 / INTERVAL_US as f64).min(MOST_INTERVALS);
                self.bound = self
                    .bound
                    .map(|bound| bound * INCREASE.powf(intervals) + 1_000.0)
                    .filter(|bound| *bound < 2.0 * estimate);
            }
        }
        (self.packets, self.lost, self.since_us) = (0, 0, now_us);
        self.bound
    }

    fn lower(&mut self, share: f64, doubt: f64, estimate: f64, acknowledged: Option<f64>, has_queue: bool) {
        let from = self.bound.map_or(estimate, |bound| bound.min(estimate));
        let has_not_helped = |tried: &Tried| !has_queue && share - doubt > STILL * tried.share;
        if let Some(tried) = self.tried.filter(has_not_helped) {
            self.own = share.min(MOST_OF_ITS_OWN);
            self.bound = Some(tried.bound);
            self.tried = None;
            return;
        }
        self.tried = Some(Tried { share, bound: from });
        // What comes is carried, however much more than that was lost.
        let carried = acknowledged.map_or(0.0, |rate| CARRIED * rate).min(from);
        self.bound = Some((from * (1.0 - 0.5 * share)).max(carried));
    }

    /// A probe has shown that there is more room.
    pub(crate) fn lift(&mut self, to: f64) {
        self.bound = self.bound.map(|bound| bound.max(to));
    }

    pub(crate) fn forget(&mut self) {
        *self = Self {
            share: self.share,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half-second intervals of so many packets, of which a share is lost that may depend on the bound.
    fn play(
        loss: &mut Loss,
        intervals: u64,
        packets: u32,
        share: impl Fn(Option<f64>) -> f64,
    ) -> Option<f64> {
        let mut bound = loss.bound;
        for _ in 0..intervals {
            let lost = (share(bound) * f64::from(packets)).round() as u32;
            (0..packets).for_each(|packet| loss.told(packet >= lost));
            bound = loss.bound(loss.since_us + INTERVAL_US, 1e6, None, false);
        }
        bound
    }

    #[test]
    fn few_packets_of_which_a_few_too_many_are_lost_bound_nothing() {
        let mut loss = Loss::default();
        assert_eq!(play(&mut loss, 1, 40, |_| 0.15), None);
        assert_eq!(play(&mut Loss::default(), 1, 1000, |_| 0.15), Some(925_000.0));
    }

    #[test]
    fn loss_that_less_sending_does_not_lessen_is_the_paths_own() {
        let mut loss = Loss::default();
        let bound = play(&mut loss, 2, 2000, |_| 0.2).unwrap();
        assert!((bound - 1e6).abs() < 1.0, "taken back: {bound}");
        assert_eq!(
            play(&mut loss, 20, 2000, |_| 0.2),
            None,
            "and forgotten in the end"
        );
    }

    #[test]
    fn loss_that_less_sending_lessens_is_congestion() {
        // Whatever is sent over 600 kbit/s is dropped: by a policer, without a queue.
        let policed = |bound: Option<f64>| 1.0 - (600e3 / bound.unwrap_or(1e6)).min(1.0);
        let bound = play(&mut Loss::default(), 20, 1000, policed).unwrap();
        assert!((540e3..700e3).contains(&bound), "{bound}");
    }
}
