//! H.264 payloads (RFC 6184, section 5.4), as far as finding key frames needs.

use crate::bytes::u16_at;

const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Whether a receiver can start decoding with the packet: it has a sequence parameter set, which WebRTC encoders send before each IDR picture.
///
/// An IDR slice alone is no place to start: it may be the picture's second one, and without its parameter sets it cannot be decoded.
#[must_use]
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let Some(&first) = payload.first() else {
        return false;
    };
    match first & 0x1f {
        SPS => true,
        STAP_A => aggregates_parameter_set(&payload[1..]),
        FU_A => payload
            .get(1)
            .is_some_and(|fragment| fragment & 0x80 != 0 && fragment & 0x1f == SPS),
        _ => false,
    }
}

fn aggregates_parameter_set(mut units: &[u8]) -> bool {
    while let Some(len) = u16_at(units, 0) {
        let Some(unit) = units.get(2..2 + usize::from(len)) else {
            return false;
        };
        if unit.first().is_some_and(|head| head & 0x1f == SPS) {
            return true;
        }
        units = &units[2 + usize::from(len)..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::starts_key_frame;

    #[test]
    fn units_fragments_and_aggregates_are_looked_into() {
        assert!(starts_key_frame(&[0x67, 0]), "single SPS");
        assert!(
            !starts_key_frame(&[0x65, 0]),
            "IDR slice without its parameter sets"
        );
        assert!(!starts_key_frame(&[0x61, 0]), "slice of another picture");
        assert!(starts_key_frame(&[0x7c, 0x87, 0]), "first fragment of an SPS");
        assert!(!starts_key_frame(&[0x7c, 0x07, 0]), "later fragment of an SPS");
        assert!(
            !starts_key_frame(&[0x7c, 0x85, 0]),
            "first fragment of an IDR slice"
        );
        assert!(
            starts_key_frame(&[0x78, 0, 1, 0x68, 0, 1, 0x67]),
            "aggregate with an SPS"
        );
        assert!(
            !starts_key_frame(&[0x78, 0, 9, 0x67]),
            "unit longer than the packet"
        );
        assert!(!starts_key_frame(&[]));
    }
}
