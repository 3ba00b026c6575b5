//! SRTP and SRTCP (RFC 3711) with AES-128-GCM (RFC 7714) or AES-128-CM and HMAC-SHA1-80.
//!
//! Both directions work in place. Sending takes the 48-bit packet index from the caller, who counts the sequence numbers anyway: so
//! a retransmission from before a wrap is protected as it was the first time, and sending keeps no state for RTP.

mod cipher;
mod keys;
mod replay;

use std::collections::HashMap;

use crate::bytes::u32_at;
use crate::rtp;
use crate::sequence::nearest;
use cipher::Cipher;
use replay::ReplayWindow;

/// The most bytes that protecting adds to an RTP or RTCP packet.
pub const MAX_OVERHEAD: usize = 20;
/// A peer may use so many SSRCs at once in one context.
pub const MAX_SSRCS: usize = 128;
const RTCP_HEADER_LEN: usize = 8;
const RTCP_INDEX_LEN: usize = 4;
const ENCRYPTED_FLAG: u32 = 1 << 31;

/// A protection profile (RFC 5764, RFC 7714).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `SRTP_AEAD_AES_128_GCM`
    AeadAes128Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`
    Aes128CmHmacSha1_80,
}

impl Profile {
    /// Length of the master salt; the master key is 16 bytes in both profiles.
    #[must_use]
    pub fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm => 12,
            Self::Aes128CmHmacSha1_80 => 14,
        }
    }

    /// What protecting adds to an RTP packet.
    #[must_use]
    pub fn rtp_overhead(self) -> usize {
        match self {
            Self::AeadAes128Gcm => 16,
            Self::Aes128CmHmacSha1_80 => 10,
        }
    }
}

/// Why a packet is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpError {
    /// Key or salt have the wrong length.
    KeyLength,
    /// It is no RTP or RTCP packet.
    Malformed,
    /// The authentication tag is wrong.
    Authentication,
    /// The packet has been seen before, or is too old to know.
    Replayed,
    /// The peer uses more SSRCs than a context keeps.
    TooManySsrcs,
}

/// Protects what is sent to one peer.
pub struct SendContext {
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_index: u32,
}

impl SendContext {
    /// A context from master key and salt.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`].
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        let (rtp, rtcp) = keys::session_ciphers(profile, key, salt)?;
        Ok(Self {
            rtp,
            rtcp,
            rtcp_index: 0,
        })
    }

    /// Protects the RTP packet `packet[..len]` in place; returns the protected length.
    ///
    /// `payload_start`: length of its header; `index`: rollover counter and sequence number, 48 bits. `packet` must have
    /// [`MAX_OVERHEAD`] bytes of room.
    pub fn protect_rtp(
        &self,
        packet: &mut [u8],
        payload_start: usize,
        len: usize,
        ssrc: u32,
        index: u64,
    ) -> usize {
        self.rtp.seal_rtp(packet, payload_start, len, ssrc, index)
    }

    /// Protects the RTCP compound `packet[..len]` in place; returns the protected length.
    ///
    /// # Errors
    /// [`SrtpError::Malformed`] if it is shorter than a header and a sender's SSRC.
    pub fn protect_rtcp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let ssrc = u32_at(&packet[..len], 4).ok_or(SrtpError::Malformed)?;
        self.rtcp_index = (self.rtcp_index + 1) & !ENCRYPTED_FLAG;
        Ok(self.rtcp.seal_rtcp(packet, len, ssrc, self.rtcp_index))
    }
}

/// Takes the protection off what one peer sends, and refuses what came before.
pub struct ReceiveContext {
    rtp: Cipher,
    rtcp: Cipher,
    rtp_windows: HashMap<u32, ReplayWindow>,
    rtcp_windows: HashMap<u32, ReplayWindow>,
}

impl ReceiveContext {
    /// A context from master key and salt.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`].
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        let (rtp, rtcp) = keys::session_ciphers(profile, key, salt)?;
        Ok(Self {
            rtp,
            rtcp,
            rtp_windows: HashMap::new(),
            rtcp_windows: HashMap::new(),
        })
    }

    /// Takes the protection off an RTP packet in place; returns the length of the plain packet.
    ///
    /// `header` is what [`rtp::Header::parse`] read from the packet.
    ///
    /// # Errors
    /// [`SrtpError`]; the packet's bytes are then of no use. State changes only for an authentic packet.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8], header: &rtp::Header) -> Result<usize, SrtpError> {
        let ssrc = header.ssrc;
        let window = self.rtp_windows.get(&ssrc);
        let index = match window.and_then(ReplayWindow::highest) {
            // RFC 3711, section 3.3.1: the index nearest to the highest so far.
            Some(highest) => nearest(highest, header.sequence_number),
            None => u64::from(header.sequence_number),
        };
        match window {
            Some(window) if !window.is_new(index) => return Err(SrtpError::Replayed),
            None if self.rtp_windows.len() >= MAX_SSRCS => return Err(SrtpError::TooManySsrcs),
            _ => {}
        }
        let len = self.rtp.open_rtp(packet, header.payload_start, ssrc, index)?;
        self.rtp_windows.entry(ssrc).or_default().accept(index);
        Ok(len)
    }

    /// Takes the protection off an RTCP compound in place; returns the length of the plain compound.
    ///
    /// # Errors
    /// [`SrtpError`], as for RTP.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = u32_at(packet, 4).ok_or(SrtpError::Malformed)?;
        let index = self.rtcp.rtcp_index(packet)?;
        match self.rtcp_windows.get(&ssrc) {
            Some(window) if !window.is_new(u64::from(index & !ENCRYPTED_FLAG)) => {
                return Err(SrtpError::Replayed);
            }
            None if self.rtcp_windows.len() >= MAX_SSRCS => return Err(SrtpError::TooManySsrcs),
            _ => {}
        }
        let len = self.rtcp.open_rtcp(packet, ssrc, index)?;
        self.rtcp_windows
            .entry(ssrc)
            .or_default()
            .accept(u64::from(index & !ENCRYPTED_FLAG));
        Ok(len)
    }

    /// Forgets an SSRC that is no longer used.
    pub fn forget(&mut self, ssrc: u32) {
        self.rtp_windows.remove(&ssrc);
        self.rtcp_windows.remove(&ssrc);
    }
}

#[cfg(test)]
mod tests;
