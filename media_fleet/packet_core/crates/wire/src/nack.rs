//! Which packets of a stream are missing, and when to ask for them (RFC 4585, section 6.2.1).

use std::collections::VecDeque;

use crate::round_trip::RoundTrip;

/// A packet is asked for so many times.
pub const MAX_TRIES: u8 = 8;
/// A gap is not a loss before so long: packets may overtake each other. Milliseconds.
pub const REORDER_MS: u64 = 10;
/// Missing packets older than this are given up. Milliseconds.
pub const MAX_AGE_MS: u64 = 1_000;
/// So many are followed at once; a greater gap is a break in the stream, and a key frame repairs it better.
pub const MAX_MISSING: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Missing {
    number: u64,
    since_ms: u64,
    /// When it was asked for last.
    asked_ms: u64,
    next_ms: u64,
    tries: u8,
}

impl Missing {
    fn is_hopeless(&self, now_ms: u64) -> bool {
        // The last request has its time as well.
        let is_spent = self.tries >= MAX_TRIES && now_ms >= self.next_ms;
        is_spent || now_ms >= self.since_ms + MAX_AGE_MS
    }

    fn deadline_ms(&self) -> u64 {
        self.next_ms.min(self.since_ms + MAX_AGE_MS)
    }
}

/// Follows the extended sequence numbers of one stream.
#[derive(Debug, Default)]
pub struct NackGenerator {
    next: Option<u64>,
    missing: VecDeque<Missing>,
}

/// What [`NackGenerator::received`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// False when the gap before the packet is too great to repair.
    pub is_repairable: bool,
    /// How long ago the packet was asked for, if it was asked for exactly once.
    pub answers_after_ms: Option<u64>,
    /// How long ago it was found to be missing, if it was asked for at all.
    pub late_ms: Option<u64>,
}

/// What [`NackGenerator::due`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Due {
    /// So many numbers were pushed for asking.
    pub asked: usize,
    /// So many of them for the first time.
    pub first: usize,
    /// So many were given up.
    pub given_up: usize,
}

impl NackGenerator {
    /// A packet came.
    pub fn received(&mut self, number: u64, now_ms: u64) -> Arrival {
        let next = self.next.unwrap_or(number);
        if number < next {
            return self.found(number, now_ms);
        }
        self.next = Some(number + 1);
        let gap = number - next;
        let is_repairable = gap + self.missing.len() as u64 <= MAX_MISSING as u64;
        if is_repairable {
            self.missing.extend((next..number).map(|number| Missing {
                number,
                since_ms: now_ms,
                asked_ms: 0,
                next_ms: now_ms + REORDER_MS,
                tries: 0,
            }));
        } else {
            self.missing.clear();
        }
        Arrival {
            is_repairable,
            answers_after_ms: None,
            late_ms: None,
        }
    }

    /// A packet came that others had overtaken, or that had come before.
    fn found(&mut self, number: u64, now_ms: u64) -> Arrival {
        let at = self
            .missing
            .binary_search_by_key(&number, |missing| missing.number);
        let missing = at.ok().and_then(|at| self.missing.remove(at));
        let asked = missing.filter(|missing| missing.tries > 0);
        let once = asked.filter(|missing| missing.tries == 1);
        Arrival {
            is_repairable: true,
            // Of several requests nobody can tell which one it answers.
            answers_after_ms: once.map(|missing| now_ms - missing.asked_ms),
            late_ms: asked.map(|missing| now_ms - missing.since_ms),
        }
    }

    /// When [`Self::due`] should be called next, if packets are missing.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        self.missing.iter().map(Missing::deadline_ms).min()
    }

    /// Pushes the numbers to ask for now; gives up those that are too old or were asked for too often.
    ///
    /// A number is asked for again when the time-out of the round trip is over; that such a one had no answer counts there.
    pub fn due(&mut self, now_ms: u64, round_trip: &mut RoundTrip, ask: &mut Vec<u16>) -> Due {
        let before = self.missing.len();
        self.missing.retain(|missing| !missing.is_hopeless(now_ms));
        let mut due = Due {
            asked: 0,
            first: 0,
            given_up: before - self.missing.len(),
        };
        for missing in self
            .missing
            .iter_mut()
            .filter(|missing| missing.next_ms <= now_ms)
        {
            if missing.tries > 0 {
                round_trip.timed_out(missing.asked_ms, now_ms);
            }
            due.first += usize::from(missing.tries == 0);
            missing.tries += 1;
            missing.asked_ms = now_ms;
            missing.next_ms = now_ms + round_trip.timeout_ms();
            ask.push(missing.number as u16);
            due.asked += 1;
        }
        due
    }

    /// How many packets are missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A path of a steady 30 ms: requests are repeated after 40.
    fn short_path() -> RoundTrip {
        let mut round_trip = RoundTrip::default();
        for _ in 0..50 {
            round_trip.measured(30.0);
        }
        round_trip
    }

    fn asked(generator: &mut NackGenerator, now_ms: u64) -> Vec<u16> {
        let mut ask = Vec::new();
        generator.due(now_ms, &mut short_path(), &mut ask);
        ask
    }

    #[test]
    fn a_gap_is_asked_for_after_the_time_for_overtaking_and_again_after_a_round_trip() {
        let mut generator = NackGenerator::default();
        generator.received(10, 0);
        generator.received(13, 0);
        assert!(asked(&mut generator, 5).is_empty());
        assert_eq!(asked(&mut generator, 10), [11, 12]);
        generator.received(11, 12);
        assert!(asked(&mut generator, 49).is_empty());
        assert_eq!(generator.deadline_ms(), Some(50));
        assert_eq!(asked(&mut generator, 50), [12]);
        assert_eq!(generator.missing(), 1);
    }

    #[test]
    fn an_answer_is_timed_only_if_there_was_one_request() {
        let mut generator = NackGenerator::default();
        generator.received(10, 0);
        generator.received(14, 0);
        let late = generator.received(11, 5);
        assert_eq!(late.answers_after_ms, None, "it was not asked for");
        assert_eq!(asked(&mut generator, 10), [12, 13]);
        assert_eq!(generator.received(12, 45).answers_after_ms, Some(35));
        assert_eq!(generator.received(12, 46).answers_after_ms, None, "a duplicate");
        assert_eq!(asked(&mut generator, 50), [13]);
        assert_eq!(
            generator.received(13, 52).answers_after_ms,
            None,
            "to which request?"
        );
    }

    #[test]
    fn a_long_path_is_asked_more_and_more_slowly_until_an_answer_can_be_timed() {
        let mut generator = NackGenerator::default();
        let mut round_trip = RoundTrip::default();
        let mut ask = Vec::new();
        // Each second a packet is lost, and comes 250 ms after it was asked for first.
        let mut requests = Vec::new();
        for second in 0..4 {
            let start = second * 1000;
            generator.received(2 * second, start);
            generator.received(2 * second + 2, start);
            ask.clear();
            for now in start..start + 260 {
                generator.due(now, &mut round_trip, &mut ask);
            }
            if let Some(sample) = generator.received(2 * second + 1, start + 260).answers_after_ms {
                round_trip.measured(sample as f64);
            }
            requests.push(ask.len());
        }
        assert_eq!(requests, [2, 2, 1, 1], "after 100 ms, after 200, then once");
        assert_eq!(round_trip.smoothed_ms(), Some(250.0));
    }

    #[test]
    fn what_stays_missing_is_given_up_by_count() {
        let mut generator = NackGenerator::default();
        generator.received(0, 0);
        generator.received(2, 0);
        let mut asked_at = Vec::new();
        let mut now = 0;
        while generator.missing() > 0 {
            now += 1;
            if !asked(&mut generator, now).is_empty() {
                asked_at.push(now);
            }
        }
        // Its own repeating doubles the time-out; other packets' answers, which `asked` stands for, take that back.
        let expected: Vec<u64> = (0..u64::from(MAX_TRIES) - 1)
            .map(|repeat| 50 + 80 * repeat)
            .collect();
        assert_eq!(asked_at[0], 10);
        assert_eq!(asked_at[1..], expected);
        assert_eq!(now, asked_at[7] + 80, "the last request had its time as well");
    }

    #[test]
    fn what_stays_missing_is_given_up_by_age() {
        let mut generator = NackGenerator::default();
        let mut round_trip = RoundTrip::default();
        generator.received(0, 0);
        generator.received(2, 0);
        let mut ask = Vec::new();
        let mut given_up = 0;
        let mut now = 0;
        // By its deadlines alone.
        while let Some(deadline) = generator.deadline_ms() {
            now = deadline;
            given_up += generator.due(now, &mut round_trip, &mut ask).given_up;
        }
        assert_eq!((now, given_up), (MAX_AGE_MS, 1));
        assert!(ask.len() < usize::from(MAX_TRIES), "{}", ask.len());
    }

    #[test]
    fn a_break_is_not_repaired() {
        let mut generator = NackGenerator::default();
        assert!(generator.received(0, 0).is_repairable);
        assert!(!generator.received(5000, 0).is_repairable);
        assert_eq!(generator.missing(), 0);
        assert_eq!(generator.deadline_ms(), None);
    }

    proptest! {
        #[test]
        fn what_came_is_never_asked_for(numbers in proptest::collection::vec(0u64..600, 1..300)) {
            let mut generator = NackGenerator::default();
            let mut came = std::collections::BTreeSet::new();
            for (now, number) in numbers.into_iter().enumerate() {
                generator.received(number, now as u64);
                came.insert(number);
                for asked in asked(&mut generator, now as u64) {
                    prop_assert!(!came.contains(&u64::from(asked)));
                }
                prop_assert!(generator.missing() <= MAX_MISSING);
            }
        }
    }
}
