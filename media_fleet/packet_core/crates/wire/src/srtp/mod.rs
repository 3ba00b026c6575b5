//! SRTP and SRTCP (RFC 3711) with AES-128-GCM (RFC 7714) or AES-128-CM and HMAC-SHA1-80.
//!
//! Both directions work in place. Sending takes the 48-bit packet index from the caller, who counts the sequence numbers anyway: so
//! a retransmission from before a wrap is protected as it was the first time, and sending keeps no state for RTP.

mod cipher;
mod keys;
mod replay;

use crate::bytes::u32_at;
use crate::rtp;
use cipher::Cipher;
use replay::Windows;

/// The most bytes that protecting adds to an RTP or RTCP packet.
pub const MAX_OVERHEAD: usize = 20;
/// A peer may use so many SSRCs at once in one context.
pub const MAX_SSRCS: usize = 128;
/// The same for another node, which relays many participants' tracks.
pub const MAX_NODE_SSRCS: usize = 32_768;
/// After so many packets of others an SSRC may have to give way to a new one: minutes of video.
const RTP_IDLE_AFTER: u64 = 1 << 16;
/// The same for reports and feedback, which are fewer.
const RTCP_IDLE_AFTER: u64 = 1 << 10;
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
    /// Under these keys no more RTCP may be sent.
    Exhausted,
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
            // The first packet's index, as libsrtp counts.
            rtcp_index: 1,
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
    /// [`SrtpError::Malformed`] if it is shorter than a header and a sender's SSRC; [`SrtpError::Exhausted`] after 2^31 compounds, since an
    /// index is used once (RFC 3711, section 9.2).
    pub fn protect_rtcp(&mut self, packet: &mut [u8], len: usize) -> Result<usize, SrtpError> {
        let ssrc = u32_at(&packet[..len], 4).ok_or(SrtpError::Malformed)?;
        let index = self.rtcp_index;
        if index & ENCRYPTED_FLAG != 0 {
            return Err(SrtpError::Exhausted);
        }
        self.rtcp_index += 1;
        Ok(self.rtcp.seal_rtcp(packet, len, ssrc, index))
    }
}

/// Takes the protection off what one peer sends, and refuses what came before.
pub struct ReceiveContext {
    rtp: Cipher,
    rtcp: Cipher,
    rtp_windows: Windows,
    rtcp_windows: Windows,
}

impl ReceiveContext {
    /// A context from master key and salt.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`].
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        Self::of_ssrcs(MAX_SSRCS, profile, key, salt)
    }

    /// A context for what another node sends.
    ///
    /// # Errors
    /// [`SrtpError::KeyLength`].
    pub fn of_node(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        Self::of_ssrcs(MAX_NODE_SSRCS, profile, key, salt)
    }

    fn of_ssrcs(max_ssrcs: usize, profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        let (rtp, rtcp) = keys::session_ciphers(profile, key, salt)?;
        Ok(Self {
            rtp,
            rtcp,
            rtp_windows: Windows::new(max_ssrcs, RTP_IDLE_AFTER),
            rtcp_windows: Windows::new(max_ssrcs, RTCP_IDLE_AFTER),
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
        let index = self.rtp_windows.index_of(ssrc, header.sequence_number);
        self.rtp_windows.check(ssrc, index)?;
        let len = self.rtp.open_rtp(packet, header.payload_start, ssrc, index)?;
        self.rtp_windows.accept(ssrc, index);
        Ok(len)
    }

    /// Takes the protection off an RTCP compound in place; returns the length of the plain compound.
    ///
    /// # Errors
    /// [`SrtpError`], as for RTP.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = u32_at(packet, 4).ok_or(SrtpError::Malformed)?;
        let word = self.rtcp.rtcp_index(packet)?;
        let index = u64::from(word & !ENCRYPTED_FLAG);
        self.rtcp_windows.check(ssrc, index)?;
        let len = self.rtcp.open_rtcp(packet, ssrc, word)?;
        self.rtcp_windows.accept(ssrc, index);
        Ok(len)
    }

    /// Forgets an SSRC that is no longer used.
    pub fn forget(&mut self, ssrc: u32) {
        self.rtp_windows.forget(ssrc);
        self.rtcp_windows.forget(ssrc);
    }
}

#[cfg(test)]
mod tests;
