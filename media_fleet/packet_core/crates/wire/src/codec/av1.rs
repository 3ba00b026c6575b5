//! AV1 payloads (AV1 RTP payload specification), as far as finding key frames needs.

use crate::dependency_descriptor::{Mandatory, has_structure};

/// Whether the packet starts a coded video sequence: the N bit of the aggregation header (section 4.4), and, where the packet has a dependency
/// descriptor, its attached template structure (section A.8), which only key frames carry.
#[must_use]
pub fn starts_key_frame(payload: &[u8], descriptor: Option<&[u8]>) -> bool {
    let starts_sequence = payload.first().is_some_and(|aggregation| aggregation & 0x08 != 0);
    match descriptor {
        Some(value) => {
            let starts_frame = Mandatory::parse(value).is_some_and(|mandatory| mandatory.starts_frame);
            starts_frame && has_structure(value) && starts_sequence
        }
        None => starts_sequence,
    }
}

#[cfg(test)]
mod tests {
    use super::starts_key_frame;

    #[test]
    fn aggregation_header_and_descriptor_decide() {
        assert!(starts_key_frame(&[0x18], None));
        assert!(!starts_key_frame(&[0x10], None));
        assert!(starts_key_frame(&[0x18], Some(&[0x80, 0, 1, 0x80])));
        assert!(!starts_key_frame(&[0x18], Some(&[0x80, 0, 1])));
        assert!(!starts_key_frame(&[], None));
    }
}
