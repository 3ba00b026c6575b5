//! How long a subscriber's player should wait with a picture, so that repairs of it come in time: the playout-delay extension.
//!
//! A browser's buffer is as deep as the path's jitter, and no deeper for what has to be asked for: a lost packet comes a round trip later,
//! and the picture stands still as long. Where a path loses packets by itself those behind it are told to play later by the time that
//! repairs take: a subscriber for its own path, and all who watch a track for the way of that track to the node. That costs delay, and so it
//! is asked for only there, and given back when the path has long been good.

use crate::output::Now;

/// The weight of each look, of ten a second: loss is what it was over some seconds.
const WEIGHT: f64 = 0.03;
/// From this loss on there is something to wait for.
const SOME: f64 = 0.005;
/// From this loss on a second repair is waited for, since the first one is often lost as well.
const MUCH: f64 = 0.04;
/// The weight of each packet that comes late in how late they come.
const LATE_WEIGHT: f64 = 0.1;
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

    /// What repairs on this path and on the one before it take, one after the other, in units of 10 ms. None to leave it to the player.
    pub(crate) fn after(path: Option<&Self>, before: &Self) -> Option<u16> {
        let (path, before) = (path.and_then(|path| path.least_ms), before.least_ms);
        let least_ms = path.unwrap_or(0.0) + before.unwrap_or(0.0);
        (path.is_some() || before.is_some()).then_some((least_ms.min(MOST_MS) / 10.0).round() as u16)
    }
}

/// The extension's value: least and greatest delay in 10 ms, 12 bits each.
///
/// `said` is what came with the packet: of a publisher, or of a node that has waited for repairs as well.
pub(crate) fn value(said: Option<&[u8]>, repairs: u16) -> [u8; 3] {
    let said = match said {
        Some([high, middle, _]) => u32::from(*high) << 4 | u32::from(middle >> 4),
        _ => 0,
    };
    let least = (said + u32::from(repairs)).min(said.max((MOST_MS / 10.0) as u32));
    let [_, value @ ..] = (least << 12 | GREATEST).to_be_bytes();
    value
}

/// The way of a track to the node: what is lost there, and has to be asked for.
#[derive(Debug, Default)]
pub(crate) struct Uplink {
    pub playout: Playout,
    /// After how long what is missing comes, milliseconds, smoothed.
    late_ms: Option<f64>,
    sent: u64,
    asked_for: u64,
}

impl Uplink {
    /// A packet that had to be asked for came so long after it was missed.
    ///
    /// That counts, and not the round trip: what a track loses before it comes to another node is repaired there, and missed here as well.
    pub(crate) fn came_late(&mut self, late_ms: f64) {
        let before = self.late_ms.unwrap_or(late_ms);
        self.late_ms = Some(before + LATE_WEIGHT * (late_ms - before));
    }

    /// Takes up how many packets were sent so far and how many of them had to be asked for. To be called ten times a second.
    pub(crate) fn look(&mut self, now: Now, sent: u64, asked_for: u64) {
        let news = sent.saturating_sub(self.sent);
        let lost = asked_for.saturating_sub(self.asked_for);
        (self.sent, self.asked_for) = (sent, asked_for);
        if news > 0 {
            let loss = (lost as f64 / news as f64).min(1.0);
            self.playout.look(now, loss, self.late_ms.unwrap_or(0.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least_ms(value: [u8; 3]) -> u32 {
        assert_eq!(u32::from(value[1] & 0xf) << 8 | u32::from(value[2]), GREATEST);
        (u32::from(value[0]) << 4 | u32::from(value[1] >> 4)) * 10
    }

    fn waits(least_ms: f64) -> Playout {
        Playout {
            least_ms: Some(least_ms),
            ..Playout::default()
        }
    }

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
            let repairs = Playout::after(Some(&self.playout), &Playout::default())?;
            Some(least_ms(value(None, repairs)))
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

    #[test]
    fn repairs_on_both_paths_take_the_time_of_both() {
        assert_eq!(Playout::after(Some(&waits(100.0)), &Playout::default()), Some(10));
        assert_eq!(Playout::after(None, &waits(120.0)), Some(12));
        assert_eq!(Playout::after(Some(&waits(100.0)), &waits(120.0)), Some(22));
        assert_eq!(Playout::after(Some(&waits(260.0)), &waits(260.0)), Some(30));
        assert_eq!(
            Playout::after(Some(&Playout::default()), &Playout::default()),
            None
        );
    }

    #[test]
    fn what_came_with_the_packet_is_added_to() {
        let said = |least_ms: u16| {
            let [_, value @ ..] = (u32::from(least_ms / 10) << 12).to_be_bytes();
            value
        };
        assert_eq!(least_ms(value(None, 12)), 120);
        assert_eq!(least_ms(value(Some(&said(100)), 12)), 220);
        assert_eq!(least_ms(value(Some(&said(200)), 26)), 300);
        assert_eq!(
            least_ms(value(Some(&said(800)), 26)),
            800,
            "a publisher may want more"
        );
    }

    #[test]
    fn a_track_that_has_to_be_asked_for_is_waited_for_and_one_that_pauses_says_nothing() {
        let mut uplink = Uplink::default();
        uplink.came_late(100.0);
        let mut look = |us: u64, sent: u64, asked_for: u64| {
            uplink.look(Now { us, ntp: 0 }, sent, asked_for);
            Playout::after(None, &uplink.playout)
        };
        let mut told = None;
        for count in 1..=100 {
            told = look(count * 100_000, 30 * count, 3 * count);
        }
        assert_eq!(told, Some(26));
        for count in 101..=1_000 {
            told = look(count * 100_000, 3_000, 300);
        }
        assert_eq!(told, Some(26));
        // Under another SSRC it counts from the beginning.
        for count in 1_001..=1_400 {
            told = look(count * 100_000, 30 * (count - 1_000), 0);
        }
        assert_eq!(told, Some(0));
    }
}
