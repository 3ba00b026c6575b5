//! VP8's payload descriptor (RFC 7741, section 4.2).

use super::Temporal;

/// What the descriptor says, and where its numbers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The packet starts a partition.
    pub starts_partition: bool,
    /// Which partition; 0 is the first of a frame.
    pub partition: u8,
    /// The picture id, 7 or 15 bits.
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX and where it stands.
    pub tl0_picture: Option<(u8, usize)>,
    /// Temporal layer.
    pub temporal: Option<Temporal>,
    /// Length of the descriptor.
    pub len: usize,
}

/// A picture id and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    /// The number.
    pub value: u16,
    /// Its first byte's place.
    pub at: usize,
    /// 15 bits in two bytes, or 7 in one.
    pub long: bool,
}

impl Descriptor {
    /// Reads the descriptor at the start of a payload; None if it is cut off.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut descriptor = Self {
            starts_partition: first & 0x10 != 0,
            partition: first & 0x07,
            picture_id: None,
            tl0_picture: None,
            temporal: None,
            len: 1,
        };
        if first & 0x80 == 0 {
            return Some(descriptor);
        }
        let extension = *payload.get(1)?;
        descriptor.len = 2;
        if extension & 0x80 != 0 {
            let at = descriptor.len;
            let byte = *payload.get(at)?;
            let long = byte & 0x80 != 0;
            let value = if long {
                u16::from(byte & 0x7f) << 8 | u16::from(*payload.get(at + 1)?)
            } else {
                u16::from(byte)
            };
            descriptor.picture_id = Some(PictureId { value, at, long });
            descriptor.len += 1 + usize::from(long);
        }
        if extension & 0x40 != 0 {
            descriptor.tl0_picture = Some((*payload.get(descriptor.len)?, descriptor.len));
            descriptor.len += 1;
        }
        if extension & 0x30 != 0 {
            let byte = *payload.get(descriptor.len)?;
            if extension & 0x20 != 0 {
                descriptor.temporal = Some(Temporal {
                    layer: byte >> 6,
                    joins: byte & 0x20 != 0,
                    opens: false,
                });
            }
            descriptor.len += 1;
        }
        Some(descriptor)
    }

    /// Whether the packet has the start of a key frame (RFC 6386, section 9.1: the first bit of a frame is clear).
    #[must_use]
    pub fn starts_key_frame(&self, payload: &[u8]) -> bool {
        self.starts_partition
            && self.partition == 0
            && payload.get(self.len).is_some_and(|byte| byte & 1 == 0)
    }

    /// Width and height in pixels, where the packet starts a key frame (RFC 6386, section 9.1).
    #[must_use]
    pub fn size(&self, payload: &[u8]) -> Option<(u16, u16)> {
        // After the frame tag of three bytes, and the start code.
        let size = payload.get(self.len + 6..self.len + 10)?;
        let has_code = payload[self.len + 3..self.len + 6] == [0x9d, 0x01, 0x2a];
        // The upper two bits say how it is scaled up.
        let pixels = |at: usize| u16::from_le_bytes([size[at], size[at + 1] & 0x3f]);
        (self.starts_key_frame(payload) && has_code).then(|| (pixels(0), pixels(2)))
    }

    /// Writes other numbers over the descriptor's own, in their width. `payload` is what it was read from, or a copy.
    pub fn rewrite(&self, payload: &mut [u8], picture_id: u16, tl0_picture: u8) {
        if let Some(id) = self.picture_id {
            if id.long {
                payload[id.at] = 0x80 | (picture_id >> 8 & 0x7f) as u8;
                payload[id.at + 1] = picture_id as u8;
            } else {
                payload[id.at] = (picture_id & 0x7f) as u8;
            }
        }
        if let Some((_, at)) = self.tl0_picture {
            payload[at] = tl0_picture;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_whole_descriptor_is_read_and_rewritten() {
        let mut payload = [0x90, 0xf0, 0x81, 0x02, 0x07, 0x45, 0x00];
        let descriptor = Descriptor::parse(&payload).unwrap();
        assert_eq!(descriptor.picture_id.map(|id| id.value), Some(0x102));
        assert_eq!(descriptor.tl0_picture, Some((7, 4)));
        assert_eq!(
            descriptor.temporal,
            Some(Temporal {
                layer: 1,
                joins: false,
                opens: false
            })
        );
        assert_eq!(descriptor.len, 6);
        assert!(descriptor.starts_key_frame(&payload));
        descriptor.rewrite(&mut payload, 0x7fff, 0xee);
        assert_eq!(payload, [0x90, 0xf0, 0xff, 0xff, 0xee, 0x45, 0x00]);
    }

    #[test]
    fn key_frames_say_how_large_they_are() {
        let key = [
            0x90, 0x80, 0x01, 0x50, 0x38, 0x01, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x42, 0x00,
        ];
        let size = |payload: &[u8]| Descriptor::parse(payload).unwrap().size(payload);
        assert_eq!(size(&key), Some((1280, 720)), "scaling is no size");
        for len in 3..13 {
            assert_eq!(size(&key[..len]), None, "cut off after {len}");
        }
        let mut other = key;
        other[3] |= 1;
        assert_eq!(size(&other), None, "no key frame");
    }

    #[test]
    fn only_the_first_packet_of_a_key_frame_starts_it() {
        for (payload, starts) in [
            ([0x10, 0x00], true),
            ([0x10, 0x01], false),
            ([0x00, 0x00], false),
            ([0x11, 0x00], false),
        ] {
            let descriptor = Descriptor::parse(&payload).unwrap();
            assert_eq!(descriptor.starts_key_frame(&payload), starts, "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn rewriting_changes_the_numbers_alone(
            payload in proptest::collection::vec(any::<u8>(), 1..20), id in 0u16..0x8000, tl0: u8
        ) {
            if let Some(before) = Descriptor::parse(&payload) {
                let mut changed = payload.clone();
                before.rewrite(&mut changed, id, tl0);
                let after = Descriptor::parse(&changed).unwrap();
                prop_assert_eq!(before.len, after.len);
                prop_assert_eq!(&payload[before.len..], &changed[before.len..]);
                if let Some(written) = after.picture_id {
                    prop_assert_eq!(written.value, if written.long { id } else { id & 0x7f });
                }
                prop_assert_eq!(after.tl0_picture.map(|(value, _)| value), before.tl0_picture.map(|_| tl0));
            }
        }
    }
}
