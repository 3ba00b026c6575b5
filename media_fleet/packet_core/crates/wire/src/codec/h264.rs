//! H.264 payloads (RFC 6184, section 5.4), as far as finding key frames needs.

use crate::bytes::u16_at;

const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Whether the packet starts a key frame: a sequence parameter set, which precedes an IDR picture, or the start of an IDR slice.
#[must_use]
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let Some(&first) = payload.first() else {
        return false;
    };
    match first & 0x1f {
        IDR | SPS => true,
        STAP_A => aggregates_key_unit(&payload[1..]),
        FU_A => payload
            .get(1)
            .is_some_and(|fragment| fragment & 0x80 != 0 && fragment & 0x1f == IDR),
        _ => false,
    }
}

fn aggregates_key_unit(mut units: &[u8]) -> bool {
    while let Some(len) = u16_at(units, 0) {
        let Some(unit) = units.get(2..2 + usize::from(len)) else {
            return false;
        };
        if unit.first().is_some_and(|head| matches!(head & 0x1f, IDR | SPS)) {
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
        assert!(starts_key_frame(&[0x65, 0]), "single IDR");
        assert!(starts_key_frame(&[0x67, 0]), "single SPS");
        assert!(!starts_key_frame(&[0x61, 0]), "slice of another picture");
        assert!(starts_key_frame(&[0x7c, 0x85, 0]), "first fragment of an IDR");
        assert!(!starts_key_frame(&[0x7c, 0x05, 0]), "later fragment of an IDR");
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
