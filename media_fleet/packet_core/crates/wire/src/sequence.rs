//! 16-bit sequence numbers that wrap, as 64-bit ones that do not.

/// Follows a 16-bit sequence and tells the 64-bit number that each value stands for.
///
/// The first number starts above 2^16, so that a packet from before the first one has a number as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceExtender {
    highest: Option<u64>,
}

impl SequenceExtender {
    /// The number nearest to the highest so far that ends in `value`; remembers it if it is a new highest.
    pub fn extend(&mut self, value: u16) -> u64 {
        let extended = self.peek(value);
        if self.highest.is_none_or(|highest| extended > highest) {
            self.highest = Some(extended);
        }
        extended
    }

    /// As [`Self::extend`], without remembering.
    #[must_use]
    pub fn peek(&self, value: u16) -> u64 {
        match self.highest {
            None => 0x1_0000 + u64::from(value),
            Some(highest) => nearest(highest, value),
        }
    }

    /// The highest number so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

/// The number nearest to `reference` whose last 16 bits are `value`; never below zero.
#[must_use]
pub fn nearest(reference: u64, value: u16) -> u64 {
    let difference = value.wrapping_sub(reference as u16).cast_signed();
    reference
        .checked_add_signed(i64::from(difference))
        .unwrap_or(reference + 0x1_0000 - u64::from(difference.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wraps_forwards_and_takes_late_packets_back() {
        let mut extender = SequenceExtender::default();
        assert_eq!(extender.extend(65_534), 0x1_fffe);
        assert_eq!(extender.extend(1), 0x2_0001);
        assert_eq!(extender.extend(65_535), 0x1_ffff);
        assert_eq!(extender.highest(), Some(0x2_0001));
    }

    proptest! {
        #[test]
        fn nearest_ends_in_the_value_and_is_near(reference in 0x1_0000u64..1 << 48, value: u16) {
            let number = nearest(reference, value);
            prop_assert_eq!(number & 0xffff, u64::from(value));
            prop_assert!(number.abs_diff(reference) <= 0x8000);
        }
    }
}
