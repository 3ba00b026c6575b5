//! RTP headers (RFC 3550, section 5.1) and header extension blocks (RFC 8285).

use crate::bytes::{u16_at, u32_at};

/// Length of the header without CSRCs and extensions.
pub const FIXED_HEADER_LEN: usize = 12;
/// `defined by profile` of a block of one-byte elements (RFC 8285, section 4.2).
pub const ONE_BYTE_PROFILE: u16 = 0xBEDE;
/// `defined by profile` of a block of two-byte elements (RFC 8285, section 4.3), application bits zero.
pub const TWO_BYTE_PROFILE: u16 = 0x1000;

/// Why bytes are no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtpError {
    /// The header, or what it announces, is longer than the packet.
    TooShort,
    /// The version is not 2.
    Version(u8),
    /// The padding is longer than the payload, or of length zero.
    Padding,
}

/// An RTP header, with the places of what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The padding bit; how much there is stands in the last byte of the (decrypted) packet.
    pub has_padding: bool,
    /// The marker bit.
    pub marker: bool,
    /// Payload type.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence_number: u16,
    /// Timestamp, in units of the clock rate.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// `defined by profile` of the extension block, 0 where there is none.
    pub extension_profile: u16,
    /// Where the extension block's elements start (after its four-byte head).
    pub extension_start: usize,
    /// Length of the elements in bytes; 0 where there is no block.
    pub extension_len: usize,
    /// Where the payload starts: the length of all before it.
    pub payload_start: usize,
}

impl Header {
    /// Reads the header of a packet, encrypted or not.
    ///
    /// # Errors
    /// [`RtpError`] if it is no RTP packet.
    pub fn parse(packet: &[u8]) -> Result<Self, RtpError> {
        if packet.len() < FIXED_HEADER_LEN {
            return Err(RtpError::TooShort);
        }
        let first = packet[0];
        if first >> 6 != 2 {
            return Err(RtpError::Version(first >> 6));
        }
        let mut header = Self {
            has_padding: first & 0x20 != 0,
            marker: packet[1] & 0x80 != 0,
            payload_type: packet[1] & 0x7f,
            sequence_number: u16_at(packet, 2).ok_or(RtpError::TooShort)?,
            timestamp: u32_at(packet, 4).ok_or(RtpError::TooShort)?,
            ssrc: u32_at(packet, 8).ok_or(RtpError::TooShort)?,
            extension_profile: 0,
            extension_start: 0,
            extension_len: 0,
            payload_start: FIXED_HEADER_LEN + 4 * usize::from(first & 0x0f),
        };
        if first & 0x10 != 0 {
            let at = header.payload_start;
            header.extension_profile = u16_at(packet, at).ok_or(RtpError::TooShort)?;
            header.extension_start = at + 4;
            header.extension_len = 4 * usize::from(u16_at(packet, at + 2).ok_or(RtpError::TooShort)?);
            header.payload_start = header.extension_start + header.extension_len;
        }
        if header.payload_start > packet.len() {
            return Err(RtpError::TooShort);
        }
        Ok(header)
    }

    /// The extension elements of the packet that this header was read from.
    #[must_use]
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Elements<'a> {
        let elements = packet.get(self.extension_start..self.extension_start + self.extension_len);
        Elements::new(self.extension_profile, elements.unwrap_or_default())
    }

    /// The payload of the decrypted packet, without padding; empty for a packet of padding alone.
    ///
    /// # Errors
    /// [`RtpError::Padding`] if the padding does not fit.
    pub fn payload<'a>(&self, packet: &'a [u8]) -> Result<&'a [u8], RtpError> {
        let payload = packet.get(self.payload_start..).ok_or(RtpError::TooShort)?;
        if !self.has_padding {
            return Ok(payload);
        }
        let padding = usize::from(*payload.last().ok_or(RtpError::Padding)?);
        if padding == 0 || padding > payload.len() {
            return Err(RtpError::Padding);
        }
        Ok(&payload[..payload.len() - padding])
    }
}

/// Iterates over the elements of a header extension block: local id and value.
///
/// Stops at the first element that does not fit, or, in the one-byte form, at id 15 or an id 0 with a length (RFC 8285, section 4.2).
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    data: &'a [u8],
    two_byte: bool,
}

impl<'a> Elements<'a> {
    /// The elements of a block; none for a profile that is not RFC 8285's.
    #[must_use]
    pub fn new(profile: u16, data: &'a [u8]) -> Self {
        let two_byte = profile & 0xfff0 == TWO_BYTE_PROFILE;
        let known = two_byte || profile == ONE_BYTE_PROFILE;
        Self {
            data: if known { data } else { &[] },
            two_byte,
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&first, rest) = self.data.split_first()?;
            if first == 0 {
                self.data = rest; // padding between elements
                continue;
            }
            let (id, len, rest) = if self.two_byte {
                let (&len, rest) = rest.split_first()?;
                (first, usize::from(len), rest)
            } else {
                (first >> 4, usize::from(first & 0x0f) + 1, rest)
            };
            if rest.len() < len || (!self.two_byte && matches!(id, 0 | 15)) {
                self.data = &[];
                return None;
            }
            let (value, rest) = rest.split_at(len);
            self.data = rest;
            return Some((id, value));
        }
    }
}

/// The fields of a header that is being written.
#[derive(Clone, Copy, Debug)]
pub struct HeaderFields {
    /// The marker bit.
    pub marker: bool,
    /// Payload type, below 128.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence_number: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// Writes the fixed header at the start of `out` (at least [`FIXED_HEADER_LEN`] long), extension and padding bits clear.
pub fn write_fixed_header(out: &mut [u8], fields: &HeaderFields) {
    out[0] = 0x80;
    out[1] = u8::from(fields.marker) << 7 | fields.payload_type & 0x7f;
    out[2..4].copy_from_slice(&fields.sequence_number.to_be_bytes());
    out[4..8].copy_from_slice(&fields.timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&fields.ssrc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_was_written() {
        let fields = HeaderFields {
            marker: true,
            payload_type: 96,
            sequence_number: 7,
            timestamp: 9,
            ssrc: 0xdead_beef,
        };
        let mut packet = [0u8; 20];
        write_fixed_header(&mut packet, &fields);
        let header = Header::parse(&packet).unwrap();
        assert!(header.marker);
        assert_eq!(
            (
                header.payload_type,
                header.sequence_number,
                header.timestamp,
                header.ssrc
            ),
            (96, 7, 9, 0xdead_beef)
        );
        assert_eq!(header.payload(&packet).unwrap().len(), 8);
    }

    #[test]
    fn padding_is_taken_off() {
        let mut packet = [0u8; 16];
        packet[0] = 0xa0;
        packet[15] = 4;
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.payload(&packet), Ok(&[][..]));
        packet[15] = 5;
        assert_eq!(header.payload(&packet), Err(RtpError::Padding));
        packet[15] = 0;
        assert_eq!(header.payload(&packet), Err(RtpError::Padding));
    }

    #[test]
    fn both_forms_of_elements_are_read() {
        let one = [0x31, 0xaa, 0xbb, 0x00, 0x10, 0xcc];
        let read: Vec<_> = Elements::new(ONE_BYTE_PROFILE, &one).collect();
        assert_eq!(read, [(3, &[0xaa, 0xbb][..]), (1, &[0xcc][..])]);
        let two = [3, 2, 0xaa, 0xbb, 0, 16, 0, 1, 1, 0xcc];
        let read: Vec<_> = Elements::new(TWO_BYTE_PROFILE, &two).collect();
        assert_eq!(read, [(3, &[0xaa, 0xbb][..]), (16, &[][..]), (1, &[0xcc][..])]);
    }

    #[test]
    fn reserved_ids_of_the_one_byte_form_end_the_block() {
        for reserved in [0xf0, 0x01] {
            let data = [0x10, 0xaa, reserved, 0xbb, 0xcc, 0x20, 0xdd];
            let read: Vec<_> = Elements::new(ONE_BYTE_PROFILE, &data).collect();
            assert_eq!(read, [(1, &[0xaa][..])], "{reserved:#x}");
        }
    }

    #[test]
    fn contributing_sources_and_the_extension_block_are_skipped() {
        let mut packet = vec![0x92, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([0; 8]); // two CSRCs
        packet.extend([0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0, 7, 8, 9]);
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.payload(&packet), Ok(&[7, 8, 9][..]));
        assert_eq!(header.extensions(&packet).collect::<Vec<_>>(), [(1, &[0xaa][..])]);
        for len in 0..packet.len() - 3 {
            assert_eq!(Header::parse(&packet[..len]), Err(RtpError::TooShort), "{len}");
        }
    }

    proptest! {
        #[test]
        fn any_header_comes_back(
            marker: bool, payload_type in 0u8..128, sequence_number: u16, timestamp: u32, ssrc: u32
        ) {
            let mut packet = [0xffu8; FIXED_HEADER_LEN];
            let fields = HeaderFields { marker, payload_type, sequence_number, timestamp, ssrc };
            write_fixed_header(&mut packet, &fields);
            let header = Header::parse(&packet).unwrap();
            prop_assert_eq!(
                (header.marker, header.payload_type, header.sequence_number, header.timestamp, header.ssrc),
                (marker, payload_type, sequence_number, timestamp, ssrc)
            );
            prop_assert!(!header.has_padding && header.payload_start == FIXED_HEADER_LEN);
        }

        #[test]
        fn any_bytes_are_read_or_refused(packet in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(header) = Header::parse(&packet) {
                prop_assert!(header.payload_start <= packet.len());
                for (_, value) in header.extensions(&packet) {
                    prop_assert!(value.len() <= 255);
                }
                let _ = header.payload(&packet);
            }
        }
    }
}
