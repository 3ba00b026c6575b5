//! Which packets of a stream are missing, and when to ask for them (RFC 4585, section 6.2.1).

use std::collections::VecDeque;

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
    next_ms: u64,
    tries: u8,
}

/// Follows the extended sequence numbers of one stream.
#[derive(Debug, Default)]
pub struct NackGenerator {
    next: Option<u64>,
    missing: VecDeque<Missing>,
}

/// What [`NackGenerator::due`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Due {
    /// So many numbers were pushed for asking.
    pub asked: usize,
    /// So many were given up.
    pub given_up: usize,
}

impl NackGenerator {
    /// A packet came. Returns false when the gap before it is too great to repair.
    pub fn received(&mut self, number: u64, now_ms: u64) -> bool {
        let Some(next) = self.next else {
            self.next = Some(number + 1);
            return true;
        };
        if number < next {
            if let Ok(at) = self
                .missing
                .binary_search_by_key(&number, |missing| missing.number)
            {
                self.missing.remove(at);
            }
            return true;
        }
        self.next = Some(number + 1);
        let gap = number - next;
        if gap + self.missing.len() as u64 > MAX_MISSING as u64 {
            self.missing.clear();
            return false;
        }
        self.missing.extend((next..number).map(|number| Missing {
            number,
            since_ms: now_ms,
            next_ms: now_ms + REORDER_MS,
            tries: 0,
        }));
        true
    }

    /// When [`Self::due`] should be called next, if packets are missing.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        self.missing.iter().map(|missing| missing.next_ms).min()
    }

    /// Pushes the numbers to ask for now; gives up those that are too old or were asked for too often.
    ///
    /// A number is asked for again after `round_trip_ms`, and a little longer each time.
    pub fn due(&mut self, now_ms: u64, round_trip_ms: u64, ask: &mut Vec<u16>) -> Due {
        let before = self.missing.len();
        self.missing
            .retain(|missing| missing.tries < MAX_TRIES && now_ms < missing.since_ms + MAX_AGE_MS);
        let mut due = Due {
            asked: 0,
            given_up: before - self.missing.len(),
        };
        for missing in self
            .missing
            .iter_mut()
            .filter(|missing| missing.next_ms <= now_ms)
        {
            missing.tries += 1;
            missing.next_ms = now_ms + round_trip_ms.max(20) + 5 * u64::from(missing.tries);
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

    fn asked(generator: &mut NackGenerator, now_ms: u64) -> Vec<u16> {
        let mut ask = Vec::new();
        generator.due(now_ms, 30, &mut ask);
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
        assert!(asked(&mut generator, 30).is_empty());
        assert_eq!(asked(&mut generator, 46), [12]);
        assert_eq!(generator.missing(), 1);
    }

    #[test]
    fn what_stays_missing_is_given_up() {
        let mut generator = NackGenerator::default();
        generator.received(0, 0);
        generator.received(2, 0);
        let mut ask = Vec::new();
        let mut now = 0;
        let mut given_up = 0;
        while generator.missing() > 0 {
            now += 10;
            given_up += generator.due(now, 30, &mut ask).given_up;
        }
        assert_eq!(given_up, 1);
        assert!(ask.len() <= usize::from(MAX_TRIES) && now <= MAX_AGE_MS);
    }

    #[test]
    fn a_break_is_not_repaired() {
        let mut generator = NackGenerator::default();
        assert!(generator.received(0, 0));
        assert!(!generator.received(5000, 0));
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
