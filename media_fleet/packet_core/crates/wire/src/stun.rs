//! STUN Binding requests and their answers, as an ICE-lite agent needs them (RFC 8489; RFC 8445, section 7.3).

use std::net::SocketAddr;

use aws_lc_rs::hmac;

use crate::bytes::{u16_at, u32_at};

const MAGIC_COOKIE: u32 = 0x2112_A442;
const HEADER_LEN: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const FINGERPRINT_XOR: u32 = 0x5354_554e;
const INTEGRITY_LEN: usize = 20;

mod attribute {
    pub const USERNAME: u16 = 0x0006;
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub const ERROR_CODE: u16 = 0x0009;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const PRIORITY: u16 = 0x0024;
    pub const USE_CANDIDATE: u16 = 0x0025;
    pub const FINGERPRINT: u16 = 0x8028;
    pub const ICE_CONTROLLED: u16 = 0x8029;
}

/// The most bytes that an answer takes.
pub const MAX_RESPONSE_LEN: usize = 128;

/// Why bytes are no Binding request that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StunError {
    /// A length does not fit, or the magic cookie is wrong.
    Malformed,
    /// It is STUN, but no Binding request.
    NotARequest,
    /// The fingerprint is there and wrong.
    Fingerprint,
    /// Without username or message integrity nobody can tell whose it is.
    NoCredentials,
}

/// A Binding request. Trust nothing in it before [`BindingRequest::has_integrity`] has said yes.
#[derive(Clone, Copy, Debug)]
pub struct BindingRequest<'a> {
    message: &'a [u8],
    integrity_at: usize,
    /// The id that the answer repeats.
    pub transaction_id: [u8; 12],
    username: &'a [u8],
    /// The sender nominates this pair (RFC 8445, section 7.1.2).
    pub use_candidate: bool,
    /// The sender's priority for a peer-reflexive candidate.
    pub priority: Option<u32>,
    /// The sender believes to be the controlled agent: a role conflict, since a lite agent always is.
    pub controlled: bool,
}

impl<'a> BindingRequest<'a> {
    /// Reads a Binding request.
    ///
    /// # Errors
    /// [`StunError`] if it is anything else.
    pub fn parse(message: &'a [u8]) -> Result<Self, StunError> {
        let kind = u16_at(message, 0).ok_or(StunError::Malformed)?;
        let length = usize::from(u16_at(message, 2).ok_or(StunError::Malformed)?);
        if message.len() < HEADER_LEN
            || length % 4 != 0
            || message.len() != HEADER_LEN + length
            || u32_at(message, 4) != Some(MAGIC_COOKIE)
        {
            return Err(StunError::Malformed);
        }
        if kind != BINDING_REQUEST {
            return Err(StunError::NotARequest);
        }
        let mut transaction_id = [0; 12];
        transaction_id.copy_from_slice(&message[8..HEADER_LEN]);
        let mut request = Self {
            message,
            integrity_at: 0,
            transaction_id,
            username: &[],
            use_candidate: false,
            priority: None,
            controlled: false,
        };
        request.read_attributes()?;
        if request.username.is_empty() || request.integrity_at == 0 {
            return Err(StunError::NoCredentials);
        }
        Ok(request)
    }

    fn read_attributes(&mut self) -> Result<(), StunError> {
        let mut at = HEADER_LEN;
        while at < self.message.len() {
            let kind = u16_at(self.message, at).ok_or(StunError::Malformed)?;
            let len = usize::from(u16_at(self.message, at + 2).ok_or(StunError::Malformed)?);
            let value = self
                .message
                .get(at + 4..at + 4 + len)
                .ok_or(StunError::Malformed)?;
            if kind == attribute::FINGERPRINT {
                let expected = crc32(&self.message[..at]) ^ FINGERPRINT_XOR;
                return if u32_at(value, 0) == Some(expected) {
                    Ok(())
                } else {
                    Err(StunError::Fingerprint)
                };
            }
            // After the integrity only the fingerprint counts (RFC 8489, section 14.5).
            if self.integrity_at == 0 {
                match kind {
                    attribute::USERNAME => self.username = value,
                    attribute::USE_CANDIDATE => self.use_candidate = true,
                    attribute::PRIORITY => self.priority = u32_at(value, 0),
                    attribute::ICE_CONTROLLED => self.controlled = true,
                    attribute::MESSAGE_INTEGRITY if len == INTEGRITY_LEN => self.integrity_at = at,
                    _ => {}
                }
            }
            at += 4 + len.next_multiple_of(4);
        }
        Ok(())
    }

    /// The receiver's username fragment: what stands before the colon (RFC 8445, section 7.2.2).
    #[must_use]
    pub fn local_ufrag(&self) -> &'a [u8] {
        self.username
            .split(|byte| *byte == b':')
            .next()
            .unwrap_or_default()
    }

    /// Whether the message integrity is right under the receiver's password (RFC 8489, section 14.5).
    #[must_use]
    pub fn has_integrity(&self, password: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password);
        let mut context = hmac::Context::with_key(&key);
        context.update(&self.message[..2]);
        // The length counts up to and including the integrity attribute itself.
        context.update(&length_up_to(self.integrity_at + 4 + INTEGRITY_LEN));
        context.update(&self.message[4..self.integrity_at]);
        let expected = &self.message[self.integrity_at + 4..self.integrity_at + 4 + INTEGRITY_LEN];
        aws_lc_rs::constant_time::verify_slices_are_equal(context.sign().as_ref(), expected).is_ok()
    }
}

fn length_up_to(end: usize) -> [u8; 2] {
    ((end - HEADER_LEN) as u16).to_be_bytes()
}

/// Writes a success answer with the address that the request came from; returns its length.
///
/// `out` must be [`MAX_RESPONSE_LEN`] long.
pub fn write_success(out: &mut [u8], transaction_id: &[u8; 12], from: SocketAddr, password: &[u8]) -> usize {
    let mut writer = Writer::new(out, BINDING_SUCCESS, transaction_id);
    let mut value = [0u8; 20];
    let port = from.port() ^ (MAGIC_COOKIE >> 16) as u16;
    value[2..4].copy_from_slice(&port.to_be_bytes());
    let mut mask = [0u8; 16];
    mask[..4].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(transaction_id);
    let len = match from.ip().to_canonical() {
        std::net::IpAddr::V4(address) => {
            value[1] = 1;
            for (index, octet) in address.octets().iter().enumerate() {
                value[4 + index] = octet ^ mask[index];
            }
            8
        }
        std::net::IpAddr::V6(address) => {
            value[1] = 2;
            for (index, octet) in address.octets().iter().enumerate() {
                value[4 + index] = octet ^ mask[index];
            }
            20
        }
    };
    writer.attribute(attribute::XOR_MAPPED_ADDRESS, &value[..len]);
    writer.finish(password)
}

/// Writes an error answer, 487 (role conflict) say; returns its length. `out` must be [`MAX_RESPONSE_LEN`] long.
pub fn write_error(out: &mut [u8], transaction_id: &[u8; 12], code: u16, password: &[u8]) -> usize {
    let mut writer = Writer::new(out, BINDING_ERROR, transaction_id);
    writer.attribute(
        attribute::ERROR_CODE,
        &[0, 0, (code / 100) as u8, (code % 100) as u8],
    );
    writer.finish(password)
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut [u8], kind: u16, transaction_id: &[u8; 12]) -> Self {
        out[..2].copy_from_slice(&kind.to_be_bytes());
        out[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
        out[8..HEADER_LEN].copy_from_slice(transaction_id);
        Self { out, at: HEADER_LEN }
    }

    /// Adds an attribute whose length is a multiple of four.
    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let end = self.at + 4 + value.len();
        self.out[self.at..self.at + 2].copy_from_slice(&kind.to_be_bytes());
        self.out[self.at + 2..self.at + 4].copy_from_slice(&(value.len() as u16).to_be_bytes());
        self.out[self.at + 4..end].copy_from_slice(value);
        self.at = end;
        self.out[2..4].copy_from_slice(&length_up_to(end));
    }

    fn finish(mut self, password: &[u8]) -> usize {
        let end = self.at + 4 + INTEGRITY_LEN;
        self.out[2..4].copy_from_slice(&length_up_to(end));
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password);
        let tag = hmac::sign(&key, &self.out[..self.at]);
        self.attribute(attribute::MESSAGE_INTEGRITY, tag.as_ref());
        self.out[2..4].copy_from_slice(&length_up_to(self.at + 8));
        let fingerprint = crc32(&self.out[..self.at]) ^ FINGERPRINT_XOR;
        self.attribute(attribute::FINGERPRINT, &fingerprint.to_be_bytes());
        self.at
    }
}

/// CRC-32 of ISO 3309 (RFC 8489, section 14.7), a nibble at a time.
fn crc32(data: &[u8]) -> u32 {
    const TABLE: [u32; 16] = nibble_table();
    let mut crc = !0u32;
    for byte in data {
        crc ^= u32::from(*byte);
        crc = crc >> 4 ^ TABLE[(crc & 15) as usize];
        crc = crc >> 4 ^ TABLE[(crc & 15) as usize];
    }
    !crc
}

const fn nibble_table() -> [u32; 16] {
    let mut table = [0u32; 16];
    let mut index = 0;
    while index < 16 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 4 {
            value = if value & 1 == 1 {
                value >> 1 ^ 0xedb8_8320
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The sample request of RFC 5769, section 2.1.
    const SAMPLE: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
        \x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\
        \x3b\x36\x00\x06\x00\x09evtj:h6vY\x20\x20\x20\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\
        \xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
    const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

    #[test]
    fn the_rfc_sample_is_read_and_verified() {
        let request = BindingRequest::parse(SAMPLE).unwrap();
        assert_eq!(request.local_ufrag(), b"evtj");
        assert_eq!(request.priority, Some(0x6e00_01ff));
        assert!(request.controlled && !request.use_candidate);
        assert!(request.has_integrity(PASSWORD));
        assert!(!request.has_integrity(b"another"));
    }

    #[test]
    fn the_rfc_sample_answer_has_the_same_address_attribute() {
        // RFC 5769, section 2.2: 192.0.2.1:32853.
        let request = BindingRequest::parse(SAMPLE).unwrap();
        let mut out = [0u8; MAX_RESPONSE_LEN];
        let from = "192.0.2.1:32853".parse().unwrap();
        let len = write_success(&mut out, &request.transaction_id, from, PASSWORD);
        assert_eq!(&out[20..32], b"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43");
        assert_eq!(u16_at(&out, 2).map(usize::from), Some(len - 20));
    }

    #[test]
    fn a_changed_bit_in_what_integrity_covers_is_noticed() {
        // The fingerprint, eight bytes at the end, comes after the integrity.
        for index in 0..SAMPLE.len() - 8 {
            let mut damaged = SAMPLE.to_vec();
            damaged[index] ^= 1;
            let accepted =
                BindingRequest::parse(&damaged).is_ok_and(|request| request.has_integrity(PASSWORD));
            assert!(!accepted, "byte {index}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut message in proptest::collection::vec(any::<u8>(), 0..200), fix: bool) {
            if fix && message.len() >= 20 {
                let len = (message.len() - 20) / 4 * 4;
                message.truncate(20 + len);
                message[..2].copy_from_slice(&BINDING_REQUEST.to_be_bytes());
                message[2..4].copy_from_slice(&(len as u16).to_be_bytes());
                message[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
            }
            if let Ok(request) = BindingRequest::parse(&message) {
                let _ = request.local_ufrag();
                prop_assert!(!request.has_integrity(b"a password of nobody"));
            }
        }
    }
}
