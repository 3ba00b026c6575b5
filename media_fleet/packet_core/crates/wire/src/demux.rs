//! Which protocol a datagram is, by its first bytes (RFC 7983, section 7; RFC 5761, section 4).

/// What a datagram on the media port may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// STUN (RFC 8489).
    Stun,
    /// DTLS (RFC 6347, RFC 9147).
    Dtls,
    /// SRTP.
    Rtp,
    /// SRTCP.
    Rtcp,
    /// None of these.
    Unknown,
}

/// Classifies a datagram. Says nothing about whether it is well formed.
#[must_use]
pub fn classify(datagram: &[u8]) -> Kind {
    match datagram {
        [0..=3, ..] if datagram.len() >= 20 => Kind::Stun,
        [20..=63, ..] if datagram.len() >= 13 => Kind::Dtls,
        // RTCP packet types 192 to 223 are RTP payload types 64 to 95 with the marker bit set.
        [128..=191, 192..=223, ..] if datagram.len() >= 8 => Kind::Rtcp,
        [128..=191, ..] if datagram.len() >= 12 => Kind::Rtp,
        _ => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_decide() {
        let mut datagram = [0u8; 40];
        for (first, second, kind) in [
            (0, 1, Kind::Stun),
            (22, 254, Kind::Dtls),
            (0x80, 200, Kind::Rtcp),
            (0x80, 111, Kind::Rtp),
            (0x90, 96 | 0x80, Kind::Rtp),
            (64, 0, Kind::Unknown),
            (255, 0, Kind::Unknown),
        ] {
            datagram[0] = first;
            datagram[1] = second;
            assert_eq!(classify(&datagram), kind, "{first} {second}");
        }
    }

    #[test]
    fn what_is_too_short_is_unknown() {
        for datagram in [&[][..], &[0], &[22, 254], &[0x80, 96], &[0x80, 200, 0]] {
            assert_eq!(classify(datagram), Kind::Unknown);
        }
    }
}
