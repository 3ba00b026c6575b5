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
    pub const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const PRIORITY: u16 = 0x0024;
    pub const USE_CANDIDATE: u16 = 0x0025;
    pub const FINGERPRINT: u16 = 0x8028;
    pub const ICE_CONTROLLED: u16 = 0x8029;

    /// Whether a request cannot be answered properly by who does not understand this attribute (RFC 8489, section 14). What RFC 8489 itself defines
    /// is understood, and ignored where it has no business in a Binding request.
    pub const fn is_unknown_and_required(kind: u16) -> bool {
        let is_required = kind < 0x8000;
        let is_known = matches!(
            kind,
            0x0001 | 0x0006 | 0x0008..=0x000a | 0x0014 | 0x0015 | 0x001c..=0x001e | 0x0020 | PRIORITY | USE_CANDIDATE
        );
        is_required && !is_known
    }
}

/// The most bytes that an answer takes.
pub const MAX_RESPONSE_LEN: usize = 128;
/// So many unknown attributes of one request are named in the answer.
const MAX_UNKNOWN: usize = 8;
/// An attribute is required and unknown (RFC 8489, section 14.8).
const UNKNOWN_ATTRIBUTE: u16 = 420;

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
    unknown: [u16; MAX_UNKNOWN],
    unknown_count: usize,
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
            unknown: [0; MAX_UNKNOWN],
            unknown_count: 0,
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
                self.read_attribute(kind, value, at);
            }
            at += 4 + len.next_multiple_of(4);
        }
        Ok(())
    }

    /// Takes an attribute up; of several of one kind the first counts (RFC 8489, section 14).
    fn read_attribute(&mut self, kind: u16, value: &'a [u8], at: usize) {
        match kind {
            attribute::USERNAME if self.username.is_empty() => self.username = value,
            attribute::USE_CANDIDATE => self.use_candidate = true,
            attribute::PRIORITY if self.priority.is_none() => self.priority = u32_at(value, 0),
            attribute::ICE_CONTROLLED => self.controlled = true,
            attribute::MESSAGE_INTEGRITY if value.len() == INTEGRITY_LEN => self.integrity_at = at,
            _ if attribute::is_unknown_and_required(kind) && self.unknown_count < MAX_UNKNOWN => {
                self.unknown[self.unknown_count] = kind;
                self.unknown_count += 1;
            }
            _ => {}
        }
    }

    /// Attributes that nobody may answer without understanding them: the answer is then [`write_unknown_attributes`] (RFC 8489, section 6.3.1).
    #[must_use]
    pub fn unknown_attributes(&self) -> &[u16] {
        &self.unknown[..self.unknown_count]
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
    writer.error_code(code);
    writer.finish(password)
}

/// Writes the error answer that names attributes which are required and unknown, eight at the most; returns its length.
///
/// `out` must be [`MAX_RESPONSE_LEN`] long.
pub fn write_unknown_attributes(
    out: &mut [u8],
    transaction_id: &[u8; 12],
    unknown: &[u16],
    password: &[u8],
) -> usize {
    let mut writer = Writer::new(out, BINDING_ERROR, transaction_id);
    writer.error_code(UNKNOWN_ATTRIBUTE);
    let mut value = [0u8; 2 * MAX_UNKNOWN];
    let unknown = &unknown[..unknown.len().min(MAX_UNKNOWN)];
    for (kind, bytes) in unknown.iter().zip(value.chunks_exact_mut(2)) {
        bytes.copy_from_slice(&kind.to_be_bytes());
    }
    writer.attribute(attribute::UNKNOWN_ATTRIBUTES, &value[..2 * unknown.len()]);
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

    fn error_code(&mut self, code: u16) {
        let value = [0, 0, (code / 100) as u8, (code % 100) as u8];
        self.attribute(attribute::ERROR_CODE, &value);
    }

    /// Adds an attribute, padded to a multiple of four.
    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let value_end = self.at + 4 + value.len();
        let end = value_end.next_multiple_of(4);
        self.out[self.at..self.at + 2].copy_from_slice(&kind.to_be_bytes());
        self.out[self.at + 2..self.at + 4].copy_from_slice(&(value.len() as u16).to_be_bytes());
        self.out[self.at + 4..value_end].copy_from_slice(value);
        self.out[value_end..end].fill(0);
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
mod tests;
