//! VP9's payload descriptor (RFC 9628, section 4.2), as far as finding key frames and layers needs.

use super::Temporal;
use crate::bytes::u16_at;

/// The spatial layers that anybody uses; the descriptor has room for eight.
pub const MAX_SPATIAL_LAYERS: usize = 4;

/// What the descriptor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The packet starts a frame of a spatial layer.
    pub starts_frame: bool,
    /// The packet ends a frame of a spatial layer.
    pub ends_frame: bool,
    /// The picture depends on others.
    pub depends: bool,
    /// Spatial layer, 0 if there is one only.
    pub spatial_layer: u8,
    /// Temporal layer.
    pub temporal: Option<Temporal>,
}

impl Descriptor {
    /// Reads the descriptor at the start of a payload; None if it is cut off, or nothing follows.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let (has_picture_id, has_layers) = (first & 0x80 != 0, first & 0x20 != 0);
        let mut at = 1;
        if has_picture_id {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        let next = *payload.get(at)?;
        // T (3 bits), U, S (3 bits), D.
        let layers = has_layers.then_some(next);
        Some(Self {
            starts_frame: first & 0x08 != 0,
            ends_frame: first & 0x04 != 0,
            depends: first & 0x40 != 0,
            spatial_layer: layers.map_or(0, |layers| layers >> 1 & 0x07),
            temporal: layers.map(|layers| Temporal {
                layer: layers >> 5,
                joins: false,
                opens: layers & 0x10 != 0,
            }),
        })
    }

    /// Whether the packet starts a picture that depends on no other. An upper spatial layer of a key picture is no place to start.
    #[must_use]
    pub fn starts_key_frame(&self) -> bool {
        self.starts_frame && !self.depends && self.spatial_layer == 0
    }
}

/// The heights in pixels of the spatial layers, as the scalability structure (section 4.2.1) says them; None where it does not, or is not there.
#[must_use]
pub fn heights(payload: &[u8]) -> Option<[u16; MAX_SPATIAL_LAYERS]> {
    let first = *payload.first()?;
    let [has_picture_id, depends, has_layers, is_flexible] =
        [0x80, 0x40, 0x20, 0x10].map(|flag| first & flag != 0);
    if first & 0x02 == 0 {
        return None;
    }
    let mut at = 1;
    if has_picture_id {
        at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    if has_layers {
        at += if is_flexible { 1 } else { 2 };
    }
    if depends && is_flexible {
        // P_DIFF, three at the most; the last bit says that another one follows.
        for _ in 0..3 {
            at += 1;
            if payload.get(at - 1)? & 1 == 0 {
                break;
            }
        }
    }
    let structure = *payload.get(at)?;
    if structure & 0x10 == 0 {
        return None;
    }
    let mut heights = [0; MAX_SPATIAL_LAYERS];
    let count = usize::from(structure >> 5) + 1;
    for (layer, height) in heights.iter_mut().enumerate().take(count) {
        *height = u16_at(payload, at + 1 + 4 * layer + 2)?;
    }
    Some(heights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_scalability_structure_that_chromium_writes_says_heights() {
        // Of a key frame with three layers; of one with one; and of a frame that carries no structure.
        let three = [
            0xba, 0x80, 0xf3, 0x10, 0x50, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 0x05, 0x00, 0x02,
            0xd0, 0x83,
        ];
        assert_eq!(heights(&three), Some([180, 360, 720, 0]));
        let one = [0xbe, 0x80, 0xf1, 0x10, 0x10, 0x01, 0x40, 0x00, 0xb4, 0x83];
        assert_eq!(heights(&one), Some([180, 0, 0, 0]));
        assert_eq!(heights(&[0xb4, 0x80, 0xf3, 0x10, 0x25, 0x74]), None);
        for len in 0..17 {
            assert_eq!(heights(&three[..len]), None, "cut off after {len}");
        }
    }

    #[test]
    fn the_last_packet_of_a_layers_frame_is_told() {
        let ends = |payload: &[u8]| Descriptor::parse(payload).unwrap().ends_frame;
        assert!(ends(&[0xb4, 0x80, 0xf3, 0x10, 0x25]) && !ends(&[0xb0, 0x80, 0xf3, 0x13, 0x5c]));
    }

    proptest! {
        #[test]
        fn any_payload_has_heights_or_none(payload in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = heights(&payload);
        }
    }

    fn starts_key_frame(payload: &[u8]) -> bool {
        Descriptor::parse(payload).is_some_and(|descriptor| descriptor.starts_key_frame())
    }

    #[test]
    fn flags_and_spatial_layer_decide() {
        assert!(starts_key_frame(&[0x88, 0x05, 0xff]));
        assert!(starts_key_frame(&[0xa8, 0x80, 0x05, 0x10, 0x00]));
        assert!(
            !starts_key_frame(&[0xa8, 0x80, 0x05, 0x12, 0x00]),
            "spatial layer 1"
        );
        assert!(
            !starts_key_frame(&[0xc8, 0x05, 0xff]),
            "depends on another picture"
        );
        assert!(!starts_key_frame(&[0x80, 0x05, 0xff]), "not the start of a frame");
        assert!(!starts_key_frame(&[]));
    }

    #[test]
    fn the_temporal_layer_is_read_behind_either_length_of_picture_id() {
        let temporal = |payload: &[u8]| Descriptor::parse(payload).and_then(|descriptor| descriptor.temporal);
        let layer = |layer, opens| {
            Some(Temporal {
                layer,
                joins: false,
                opens,
            })
        };
        assert_eq!(temporal(&[0xa8, 0x05, 0x30, 0x00]), layer(1, true));
        assert_eq!(temporal(&[0xa8, 0x80, 0x05, 0x40, 0x00]), layer(2, false));
        assert_eq!(temporal(&[0x88, 0x05, 0x30]), None, "no layers");
        assert_eq!(temporal(&[0xa8, 0x80, 0x05]), None, "cut off");
    }
}
