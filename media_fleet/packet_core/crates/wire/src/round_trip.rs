//! How long requests wait for their answers, and so when to repeat one: TCP's retransmission timer (RFC 6298) for NACK.

/// Repeating sooner than this gains nothing: an answer waits that long in a sender's pacer. Milliseconds.
const MIN_TIMEOUT_MS: f64 = 20.0;
/// Waiting longer than this is no repair any more. Milliseconds.
const MAX_TIMEOUT_MS: f64 = 500.0;
/// Before the first measurement: what libwebrtc assumes. Milliseconds.
const INITIAL_TIMEOUT_MS: f64 = 100.0;
/// No measurement counts for more than this. Milliseconds.
const MAX_SAMPLE_MS: f64 = 1_000.0;
/// `G` of RFC 6298, section 2: however steady a path is, an answer may come so much later than the last one. Milliseconds.
const GRANULARITY_MS: f64 = 10.0;

/// The smoothed round trip of one path, and the time-out that follows from it.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrip {
    /// `SRTT` and `RTTVAR`.
    smoothed: Option<(f64, f64)>,
    timeout_ms: f64,
    backed_off_ms: u64,
}

impl Default for RoundTrip {
    fn default() -> Self {
        Self {
            smoothed: None,
            timeout_ms: INITIAL_TIMEOUT_MS,
            backed_off_ms: 0,
        }
    }
}

impl RoundTrip {
    /// Takes a measurement up (RFC 6298, sections 2.2 and 2.3).
    ///
    /// It must be of something that was sent once: of an answer to a repeated request nobody can tell which of them it answers
    /// (Karn's algorithm, section 3).
    pub fn measured(&mut self, sample_ms: f64) {
        let sample = sample_ms.clamp(0.0, MAX_SAMPLE_MS);
        let (smoothed, variation) = match self.smoothed {
            None => (sample, sample / 2.0),
            Some((smoothed, variation)) => (
                smoothed * 7.0 / 8.0 + sample / 8.0,
                variation * 3.0 / 4.0 + (smoothed - sample).abs() / 4.0,
            ),
        };
        self.smoothed = Some((smoothed, variation));
        self.timeout_ms =
            (smoothed + (4.0 * variation).max(GRANULARITY_MS)).clamp(MIN_TIMEOUT_MS, MAX_TIMEOUT_MS);
    }

    /// A request that was made at `asked_ms` is repeated at `now_ms`: the time-out doubles until the next measurement (RFC 6298, sections 5.5
    /// and 5.7). Without that, a path longer than the time-out would have all its requests repeated, and never be measured.
    ///
    /// Of requests that were made before the last doubling none says that the doubled time is too short as well.
    pub fn timed_out(&mut self, asked_ms: u64, now_ms: u64) {
        if asked_ms >= self.backed_off_ms {
            self.backed_off_ms = now_ms;
            self.timeout_ms = (self.timeout_ms * 2.0).min(MAX_TIMEOUT_MS);
        }
    }

    /// How long to wait for an answer: `RTO`, milliseconds.
    #[must_use]
    pub fn timeout_ms(&self) -> u64 {
        self.timeout_ms as u64
    }

    /// `SRTT`, milliseconds; None before the first measurement.
    #[must_use]
    pub fn smoothed_ms(&self) -> Option<f64> {
        self.smoothed.map(|(smoothed, _)| smoothed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn measurements_are_smoothed() {
        let mut round_trip = RoundTrip::default();
        assert_eq!((round_trip.timeout_ms(), round_trip.smoothed_ms()), (100, None));
        round_trip.measured(80.0);
        assert_eq!(
            (round_trip.timeout_ms(), round_trip.smoothed_ms()),
            (240, Some(80.0))
        );
        round_trip.measured(120.0);
        // SRTT 80 * 7/8 + 120/8; RTTVAR 40 * 3/4 + 40/4.
        assert_eq!(
            (round_trip.timeout_ms(), round_trip.smoothed_ms()),
            (245, Some(85.0))
        );
    }

    #[test]
    fn a_steady_path_is_waited_for_little_more_than_its_round_trip() {
        let mut round_trip = RoundTrip::default();
        for _ in 0..50 {
            round_trip.measured(60.0);
        }
        assert_eq!(round_trip.timeout_ms(), 70);
    }

    #[test]
    fn the_timeout_doubles_once_for_all_that_was_asked_before_and_until_a_measurement() {
        let mut round_trip = RoundTrip::default();
        round_trip.timed_out(1000, 1100);
        assert_eq!(round_trip.timeout_ms(), 200);
        round_trip.timed_out(1050, 1150);
        assert_eq!(round_trip.timeout_ms(), 200, "asked with the time-out before");
        round_trip.timed_out(1100, 1300);
        assert_eq!(round_trip.timeout_ms(), 400);
        round_trip.timed_out(1300, 1700);
        assert_eq!(round_trip.timeout_ms(), 500, "bounded");
        round_trip.measured(30.0);
        assert_eq!(round_trip.timeout_ms(), 90);
    }

    proptest! {
        #[test]
        fn the_timeout_stays_within_its_bounds(
            steps in proptest::collection::vec((any::<bool>(), 0.0f64..1e9), 0..100)
        ) {
            let mut round_trip = RoundTrip::default();
            for (now, (is_measured, sample)) in steps.into_iter().enumerate() {
                if is_measured {
                    round_trip.measured(sample);
                } else {
                    round_trip.timed_out(now as u64, now as u64 + 1);
                }
                prop_assert!((20..=500).contains(&round_trip.timeout_ms()));
            }
        }
    }
}
