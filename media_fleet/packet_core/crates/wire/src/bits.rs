//! Bits in network order, as the fields of dependency descriptors and of parameter sets are written.

/// Reads fields one behind the other.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// How many bits have been read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// `f(n)`: a number of so many bits, at most 32; None if there are fewer.
    pub(crate) fn number(&mut self, bits: u32) -> Option<u32> {
        let end = self.at + bits as usize;
        if end > self.data.len() * 8 {
            return None;
        }
        let mut value = 0u64;
        for byte in &self.data[self.at / 8..end.div_ceil(8)] {
            value = value << 8 | u64::from(*byte);
        }
        value >>= end.next_multiple_of(8) - end;
        self.at = end;
        Some((value & ((1 << bits) - 1)) as u32)
    }

    /// `ue(v)`: Exp-Golomb-coded (ITU-T H.264, section 9.1); None if it is cut off, or greater than any may be.
    pub(crate) fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros == u32::BITS {
                return None;
            }
        }
        Some(((1u64 << zeros) - 1) as u32 + self.number(zeros)?)
    }

    /// `se(v)`: as above, with a sign (section 9.1.1).
    pub(crate) fn signed_exp_golomb(&mut self) -> Option<i64> {
        let code = i64::from(self.exp_golomb()?);
        Some(if code % 2 == 1 { code / 2 + 1 } else { -code / 2 })
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.number(1).map(|bit| bit == 1)
    }

    /// `ns(n)`: a number below `limit`, which is not 0 (AV1 bitstream specification, section 4.10.7).
    pub(crate) fn below(&mut self, limit: u32) -> Option<u32> {
        let width = u32::BITS - limit.leading_zeros();
        let short = (1 << width) - limit;
        let value = self.number(width - 1)?;
        if value < short {
            return Some(value);
        }
        Some((value << 1) - short + self.number(1)?)
    }
}

/// Writes fields one behind the other into a buffer, and nothing beyond its end.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    data: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(data: &'a mut [u8]) -> Self {
        data.fill(0);
        Self { data, at: 0 }
    }

    pub(crate) fn number(&mut self, value: u32, bits: u32) {
        let mut left = bits;
        while left > 0 {
            let room = 8 - self.at as u32 % 8;
            let some = left.min(room);
            let part = u64::from(value) >> (left - some) & ((1 << some) - 1);
            if let Some(byte) = self.data.get_mut(self.at / 8) {
                *byte |= (part << (room - some)) as u8;
            }
            self.at += some as usize;
            left -= some;
        }
    }

    /// How many bytes have been begun; None if they did not fit.
    pub(crate) fn finish(self) -> Option<usize> {
        let len = self.at.div_ceil(8);
        (len <= self.data.len()).then_some(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_below_a_limit_take_no_more_bits_than_they_need() {
        // Of five values, three take two bits and two take three.
        for (bits, value, read) in [
            (0b0000_0000, 0, 2),
            (0b1000_0000, 2, 2),
            (0b1100_0000, 3, 3),
            (0b1110_0000, 4, 3),
        ] {
            let data = [bits];
            let mut reader = Reader::new(&data);
            assert_eq!((reader.below(5), reader.position()), (Some(value), read));
        }
        assert_eq!(Reader::new(&[]).below(1), Some(0), "the only value takes none");
        assert_eq!(Reader::new(&[]).below(2), None);
    }

    #[test]
    fn exp_golomb_codes_are_read() {
        // 1, 010, 011, 00100, 00101, and one that is cut off.
        let data = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut reader = Reader::new(&data);
        let read: Vec<_> = (0..6).map(|_| reader.exp_golomb()).collect();
        assert_eq!(read, [Some(0), Some(1), Some(2), Some(3), Some(4), None]);
        let mut reader = Reader::new(&data);
        let read: Vec<_> = (0..5).map(|_| reader.signed_exp_golomb()).collect();
        assert_eq!(read, [Some(0), Some(1), Some(-1), Some(2), Some(-2)]);
        assert_eq!(Reader::new(&[0; 8]).exp_golomb(), None);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(fields in prop::collection::vec((any::<u32>(), 1u32..=32), 0..20)) {
            let mut room = [0xffu8; 80];
            let mut writer = Writer::new(&mut room);
            for (value, bits) in &fields {
                writer.number(*value, *bits);
            }
            let len = writer.finish().unwrap();
            let mut reader = Reader::new(&room[..len]);
            for (value, bits) in &fields {
                prop_assert_eq!(reader.number(*bits), Some(value & (u32::MAX >> (32 - bits))));
            }
            let rest = (8 * len - reader.position()) as u32;
            prop_assert_eq!(reader.number(rest), Some(0));
            prop_assert_eq!(reader.number(1), None);
        }
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut room = [0xffu8; 1];
        let mut writer = Writer::new(&mut room);
        writer.number(0x155, 9);
        assert_eq!(writer.finish(), None);
        assert_eq!(room, [0xaa]);
    }
}
