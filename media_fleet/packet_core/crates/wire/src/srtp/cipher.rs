//! The two transforms on one packet, with session keys.

use super::{ENCRYPTED_FLAG, RTCP_HEADER_LEN, RTCP_INDEX_LEN, SrtpError};
use crate::bytes::u32_at;
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

const GCM_TAG_LEN: usize = 16;
const SHA1_TAG_LEN: usize = 10;

/// One direction's transform for RTP, or for RTCP.
pub(super) enum Cipher {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    Cm(Box<CounterMode>),
}

/// AES-CM and HMAC-SHA1. Boxed: its key schedules are fifty times the size of the other variant.
pub(super) struct CounterMode {
    key: EncryptingKey,
    salt: [u8; 14],
    auth: hmac::Key,
}

impl Cipher {
    pub(super) fn gcm(key: &[u8; 16], salt: [u8; 12]) -> Result<Self, SrtpError> {
        let key = UnboundKey::new(&AES_128_GCM, key).map_err(|_| SrtpError::KeyLength)?;
        Ok(Self::Gcm {
            key: LessSafeKey::new(key),
            salt,
        })
    }

    pub(super) fn cm(key: &[u8; 16], salt: [u8; 14], auth: &[u8; 20]) -> Result<Self, SrtpError> {
        let key = UnboundCipherKey::new(&AES_128, key)
            .and_then(EncryptingKey::ctr)
            .map_err(|_| SrtpError::KeyLength)?;
        Ok(Self::Cm(Box::new(CounterMode {
            key,
            salt,
            auth: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth),
        })))
    }

    pub(super) fn seal_rtp(
        &self,
        packet: &mut [u8],
        payload_start: usize,
        len: usize,
        ssrc: u32,
        index: u64,
    ) -> usize {
        match self {
            Self::Gcm { key, salt } => {
                let (header, rest) = packet.split_at_mut(payload_start);
                let (payload, room) = rest.split_at_mut(len - payload_start);
                let tag = key
                    .seal_in_place_separate_tag(gcm_nonce(salt, ssrc, index), Aad::from(&*header), payload)
                    .expect("a packet is far below the limits of GCM");
                room[..GCM_TAG_LEN].copy_from_slice(tag.as_ref());
                len + GCM_TAG_LEN
            }
            Self::Cm(cm) => {
                cm.apply(ssrc, index, &mut packet[payload_start..len]);
                let tag = rtp_tag(&cm.auth, &packet[..len], index);
                packet[len..len + SHA1_TAG_LEN].copy_from_slice(&tag.as_ref()[..SHA1_TAG_LEN]);
                len + SHA1_TAG_LEN
            }
        }
    }

    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        payload_start: usize,
        ssrc: u32,
        index: u64,
    ) -> Result<usize, SrtpError> {
        match self {
            Self::Gcm { key, salt } => {
                if packet.len() < payload_start + GCM_TAG_LEN {
                    return Err(SrtpError::Malformed);
                }
                let (header, payload) = packet.split_at_mut(payload_start);
                let plain = key
                    .open_in_place(gcm_nonce(salt, ssrc, index), Aad::from(&*header), payload)
                    .map_err(|_| SrtpError::Authentication)?;
                Ok(payload_start + plain.len())
            }
            Self::Cm(cm) => {
                let len = packet
                    .len()
                    .checked_sub(SHA1_TAG_LEN)
                    .ok_or(SrtpError::Malformed)?;
                if len < payload_start {
                    return Err(SrtpError::Malformed);
                }
                check_tag(&rtp_tag(&cm.auth, &packet[..len], index), &packet[len..])?;
                cm.apply(ssrc, index, &mut packet[payload_start..len]);
                Ok(len)
            }
        }
    }

    pub(super) fn seal_rtcp(&self, packet: &mut [u8], len: usize, ssrc: u32, index: u32) -> usize {
        let word = (index | ENCRYPTED_FLAG).to_be_bytes();
        match self {
            Self::Gcm { key, salt } => {
                let aad = rtcp_aad(packet, word);
                let payload = &mut packet[RTCP_HEADER_LEN..len];
                let tag = key
                    .seal_in_place_separate_tag(
                        gcm_nonce(salt, ssrc, u64::from(index)),
                        Aad::from(aad),
                        payload,
                    )
                    .expect("a packet is far below the limits of GCM");
                let end = len + GCM_TAG_LEN;
                packet[len..end].copy_from_slice(tag.as_ref());
                packet[end..end + RTCP_INDEX_LEN].copy_from_slice(&word);
                end + RTCP_INDEX_LEN
            }
            Self::Cm(cm) => {
                cm.apply(ssrc, u64::from(index), &mut packet[RTCP_HEADER_LEN..len]);
                let end = len + RTCP_INDEX_LEN;
                packet[len..end].copy_from_slice(&word);
                let tag = hmac::sign(&cm.auth, &packet[..end]);
                packet[end..end + SHA1_TAG_LEN].copy_from_slice(&tag.as_ref()[..SHA1_TAG_LEN]);
                end + SHA1_TAG_LEN
            }
        }
    }

    /// The index word of a protected RTCP packet, with the flag that says whether it is encrypted.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Result<u32, SrtpError> {
        let after = match self {
            Self::Gcm { .. } => RTCP_INDEX_LEN,
            Self::Cm(_) => RTCP_INDEX_LEN + SHA1_TAG_LEN,
        };
        let at = packet.len().checked_sub(after).ok_or(SrtpError::Malformed)?;
        u32_at(packet, at).ok_or(SrtpError::Malformed)
    }

    pub(super) fn open_rtcp(&self, packet: &mut [u8], ssrc: u32, word: u32) -> Result<usize, SrtpError> {
        // Both profiles are negotiated with encryption; a packet in the clear was never asked for.
        if word & ENCRYPTED_FLAG == 0 {
            return Err(SrtpError::Authentication);
        }
        let index = u64::from(word & !ENCRYPTED_FLAG);
        match self {
            Self::Gcm { key, salt } => {
                let end = packet.len() - RTCP_INDEX_LEN;
                if end < RTCP_HEADER_LEN + GCM_TAG_LEN {
                    return Err(SrtpError::Malformed);
                }
                let aad = rtcp_aad(packet, word.to_be_bytes());
                let plain = key
                    .open_in_place(
                        gcm_nonce(salt, ssrc, index),
                        Aad::from(aad),
                        &mut packet[RTCP_HEADER_LEN..end],
                    )
                    .map_err(|_| SrtpError::Authentication)?;
                Ok(RTCP_HEADER_LEN + plain.len())
            }
            Self::Cm(cm) => {
                let end = packet.len() - SHA1_TAG_LEN;
                let len = end - RTCP_INDEX_LEN;
                if len < RTCP_HEADER_LEN {
                    return Err(SrtpError::Malformed);
                }
                check_tag(&hmac::sign(&cm.auth, &packet[..end]), &packet[end..])?;
                cm.apply(ssrc, index, &mut packet[RTCP_HEADER_LEN..len]);
                Ok(len)
            }
        }
    }
}

/// RFC 7714, sections 8.1 and 9.1: two zero octets, SSRC, then 48 bits of index (RTCP's 31 bits end at the same place).
fn gcm_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut nonce = *salt;
    for (octet, byte) in nonce[2..6].iter_mut().zip(ssrc.to_be_bytes()) {
        *octet ^= byte;
    }
    for (octet, byte) in nonce[6..12].iter_mut().zip(&index.to_be_bytes()[2..]) {
        *octet ^= byte;
    }
    Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714, section 9.2: the fixed header and the index word are authenticated beside the payload.
fn rtcp_aad(packet: &[u8], word: [u8; 4]) -> [u8; 12] {
    let mut aad = [0u8; 12];
    aad[..8].copy_from_slice(&packet[..8]);
    aad[8..].copy_from_slice(&word);
    aad
}

impl CounterMode {
    /// RFC 3711, section 4.1.1: the same for both directions.
    fn apply(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let mut iv = [0u8; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (octet, byte) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *octet ^= byte;
        }
        for (octet, byte) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *octet ^= byte;
        }
        self.key
            .less_safe_encrypt(data, EncryptionContext::Iv128(FixedLength::from(iv)))
            .expect("counter mode takes data of any length");
    }
}

/// RFC 3711, section 4.2: the packet and the rollover counter.
fn rtp_tag(auth: &hmac::Key, packet: &[u8], index: u64) -> hmac::Tag {
    let mut context = hmac::Context::with_key(auth);
    context.update(packet);
    context.update(&((index >> 16) as u32).to_be_bytes());
    context.sign()
}

fn check_tag(tag: &hmac::Tag, received: &[u8]) -> Result<(), SrtpError> {
    aws_lc_rs::constant_time::verify_slices_are_equal(&tag.as_ref()[..SHA1_TAG_LEN], received)
        .map_err(|_| SrtpError::Authentication)
}
