//! VP9's payload descriptor (RFC 9628, section 4.2), as far as finding key frames and temporal layers needs.

use super::Temporal;

/// What the descriptor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The packet starts a frame of a spatial layer.
    pub starts_frame: bool,
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

#[cfg(test)]
mod tests {
    use super::*;

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
