//! How long a subscriber's player should wait with a picture, so that repairs of it come in time: the playout-delay extension.
//!
//! A browser's buffer is as deep as the path's jitter, and no deeper for what it has to ask for: a lost packet comes a round trip later,
//! and the picture stands still as long. Where a path loses packets by itself its subscriber is told to play later by the time that
//! repairs take. That costs delay, and so it is asked for only there, and given back when the path has long been good.

use crate::output::Now;

/// The weight of each look, of ten a second: loss is what it was over some seconds.
const WEIGHT: f64 = 0.03;
/// From this loss on there is something to wait for.
const SOME: f64 = 0.005;
/// From this loss on a second repair is waited for, since the first one is often lost as well.
const MUCH: f64 = 0.04;
/// What a repair takes beyond a round trip, milliseconds: the next packet tells that one is missing, and comes with the next picture.
const NOTICE_MS: f64 = 60.0;
/// Nobody is kept waiting for longer, milliseconds: people talk over each other otherwise (ITU-T G.114).
const MOST_MS: f64 = 300.0;
/// A delay that would change by less than this stays, milliseconds: players speed up and slow down at each change.
const STEP_MS: f64 = 30.0;
/// It is made less only when less would have done for so long, microseconds.
const HOLD_US: u64 = 15_000_000;
/// The greatest delay, in units of 10 ms: what libwebrtc takes without the extension.
const GREATEST: u32 = 1_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    loss: f64,
    /// Milliseconds; None as long as nothing was ever asked for.
    least_ms: Option<f64>,
    needed_us: u64,
}

impl Playout {
    /// Takes up the loss that is the path's own, 0 to 1, and its round trip. To be called ten times a second.
    pub(crate) fn look(&mut self, now: Now, loss: f64, round_trip_ms: f64) {
        self.loss += WEIGHT * (loss - self.loss);
        let repairs = match self.loss {
            loss if loss < SOME => 0.0,
            loss if loss < MUCH => 1.0,
            _ => 2.0,
        };
        let needed_ms = if repairs > 0.0 {
            (repairs * round_trip_ms + NOTICE_MS).min(MOST_MS)
        } else {
            0.0
        };
        let has_ms = self.least_ms.unwrap_or(0.0);
        if needed_ms >= has_ms - STEP_MS {
            self.needed_us = now.us;
        }
        let is_less_enough = now.us >= self.needed_us + HOLD_US;
        if needed_ms > has_ms + STEP_MS || is_less_enough {
            self.least_ms = Some(needed_ms);
        }
    }

    /// The extension's value: least and greatest delay in 10 ms, 12 bits each. None to leave it to the player.
    pub(crate) fn value(&self) -> Option<[u8; 3]> {
        let least = (self.least_ms? / 10.0).round() as u32;
        let [_, value @ ..] = (least << 12 | GREATEST).to_be_bytes();
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Watched {
        playout: Playout,
        us: u64,
    }

    impl Watched {
        fn new() -> Self {
            Self {
                playout: Playout::default(),
                us: 0,
            }
        }

        /// The least delay after so many seconds, milliseconds.
        fn after(&mut self, seconds: u64, loss: f64, round_trip_ms: f64) -> Option<u32> {
            for _ in 0..10 * seconds {
                self.us += 100_000;
                let now = Now { us: self.us, ntp: 0 };
                self.playout.look(now, loss, round_trip_ms);
            }
            let value = self.playout.value()?;
            assert_eq!(u32::from(value[1] & 0xf) << 8 | u32::from(value[2]), GREATEST);
            Some((u32::from(value[0]) << 4 | u32::from(value[1] >> 4)) * 10)
        }
    }

    #[test]
    fn who_loses_nothing_is_told_nothing() {
        assert_eq!(Watched::new().after(60, 0.0, 100.0), None);
        assert_eq!(Watched::new().after(60, 0.002, 100.0), None);
    }

    #[test]
    fn the_more_is_lost_the_more_repairs_are_waited_for() {
        assert_eq!(Watched::new().after(10, 0.02, 100.0), Some(160));
        assert_eq!(Watched::new().after(10, 0.1, 100.0), Some(260));
        assert_eq!(Watched::new().after(10, 0.1, 400.0), Some(300), "and no longer");
    }

    #[test]
    fn a_path_that_has_become_good_gives_the_time_back_in_the_end() {
        let mut watched = Watched::new();
        assert_eq!(watched.after(10, 0.1, 100.0), Some(260));
        assert_eq!(watched.after(10, 0.0, 100.0), Some(260));
        assert_eq!(watched.after(30, 0.0, 100.0), Some(0));
    }
}
