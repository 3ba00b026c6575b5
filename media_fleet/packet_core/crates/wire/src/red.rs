//! Redundant audio data (RFC 2198), as `audio/red` around Opus: a block of sound, and before it copies of those that were in the packets before.
//!
//! ```text
//! |1| type (7) | timestamp offset (14) | length (10) |  for each copy, the oldest first
//! |0| type (7) |                                        for the block itself, the primary
//! copies | primary
//! ```

/// The header of a copy, octets.
const COPY_HEADER_LEN: usize = 4;
/// More copies than any sender makes: libwebrtc takes 32 blocks at the most.
pub const MAX_COPIES: usize = 31;

/// Where the primary block of a payload is, and how many copies come before it. It holds for the payload that it was read from alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    copies: u8,
    primary_start: u16,
}

impl Blocks {
    /// Reads the headers of a payload whose blocks are all of one payload type.
    ///
    /// None if it is something else: a block of another type, lengths that leave nothing for the primary block, too many copies.
    #[must_use]
    pub fn parse(payload: &[u8], payload_type: u8) -> Option<Self> {
        let (mut copies, mut copied_len) = (0, 0);
        let mut headers = payload;
        loop {
            let first = *headers.first()?;
            if first & 0x7f != payload_type {
                return None;
            }
            if first & 0x80 == 0 {
                break;
            }
            let (header, rest) = headers.split_first_chunk::<COPY_HEADER_LEN>()?;
            copied_len += usize::from(u16::from_be_bytes([header[2], header[3]]) & 0x3ff);
            copies += 1;
            if copies > MAX_COPIES {
                return None;
            }
            headers = rest;
        }
        let primary_start = copies * COPY_HEADER_LEN + 1 + copied_len;
        let is_whole = primary_start < payload.len();
        // At most 31 copies of 1023 octets: both fit.
        is_whole.then_some(Self {
            copies: copies as u8,
            primary_start: primary_start as u16,
        })
    }

    /// How many copies of earlier blocks there are.
    #[must_use]
    pub fn copies(&self) -> usize {
        usize::from(self.copies)
    }

    /// The block that the packet would have without redundancy. Never empty.
    #[must_use]
    pub fn primary<'a>(&self, payload: &'a [u8]) -> &'a [u8] {
        payload.get(usize::from(self.primary_start)..).unwrap_or_default()
    }

    /// Writes another payload type into the headers of all blocks.
    pub fn rewrite(&self, payload: &mut [u8], payload_type: u8) {
        for header in payload
            .iter_mut()
            .step_by(COPY_HEADER_LEN)
            .take(self.copies() + 1)
        {
            *header = *header & 0x80 | payload_type & 0x7f;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPUS: u8 = 111;

    /// A payload of copies, each with its timestamp offset, and a primary block.
    fn payload_of(copies: &[(u16, Vec<u8>)], primary: &[u8]) -> Vec<u8> {
        let mut payload = Vec::new();
        for (offset, copy) in copies {
            let word = u32::from(0x80 | OPUS) << 24 | u32::from(*offset) << 10 | copy.len() as u32;
            payload.extend(word.to_be_bytes());
        }
        payload.push(OPUS);
        payload.extend(copies.iter().flat_map(|(_, copy)| copy));
        payload.extend(primary);
        payload
    }

    #[test]
    fn the_primary_block_is_what_comes_after_the_copies() {
        let payload = payload_of(&[(1920, b"before".to_vec()), (960, Vec::new())], b"now");
        let blocks = Blocks::parse(&payload, OPUS).unwrap();
        assert_eq!((blocks.copies(), blocks.primary(&payload)), (2, &b"now"[..]));
    }

    #[test]
    fn what_leaves_no_primary_block_is_refused() {
        let payload = payload_of(&[(960, b"before".to_vec())], b"n");
        assert!(Blocks::parse(&payload, OPUS).is_some());
        for len in 0..payload.len() {
            assert_eq!(Blocks::parse(&payload[..len], OPUS), None, "{len}");
        }
        assert_eq!(Blocks::parse(&[OPUS], OPUS), None);
    }

    #[test]
    fn a_block_of_another_type_is_refused_wherever_it_stands() {
        let payload = payload_of(&[(960, b"before".to_vec())], b"now");
        assert_eq!(Blocks::parse(&payload, OPUS - 1), None);
        for header in [0, 4] {
            let mut other = payload.clone();
            other[header] ^= 1;
            assert_eq!(Blocks::parse(&other, OPUS), None, "{header}");
        }
    }

    #[test]
    fn more_copies_than_any_sender_makes_are_refused() {
        let copies = vec![(960, vec![7]); MAX_COPIES + 1];
        assert_eq!(Blocks::parse(&payload_of(&copies, b"now"), OPUS), None);
        let payload = payload_of(&copies[1..], b"now");
        assert_eq!(Blocks::parse(&payload, OPUS).unwrap().primary(&payload), b"now");
    }

    proptest! {
        #[test]
        fn what_was_put_together_comes_apart_and_a_new_type_changes_nothing_else(
            copies in prop::collection::vec((0u16..1 << 14, prop::collection::vec(any::<u8>(), 0..200)), 0..=MAX_COPIES),
            primary in prop::collection::vec(any::<u8>(), 1..200),
            payload_type in 0u8..128,
        ) {
            let mut payload = payload_of(&copies, &primary);
            let blocks = Blocks::parse(&payload, OPUS).unwrap();
            prop_assert_eq!((blocks.copies(), blocks.primary(&payload)), (copies.len(), &primary[..]));
            blocks.rewrite(&mut payload, payload_type);
            prop_assert_eq!(Blocks::parse(&payload, payload_type), Some(blocks));
            blocks.rewrite(&mut payload, OPUS);
            prop_assert_eq!(payload, payload_of(&copies, &primary));
        }

        #[test]
        fn any_bytes_are_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..1500), payload_type in 0u8..128) {
            if let Some(blocks) = Blocks::parse(&payload, payload_type) {
                prop_assert!(!blocks.primary(&payload).is_empty());
            }
        }
    }
}
