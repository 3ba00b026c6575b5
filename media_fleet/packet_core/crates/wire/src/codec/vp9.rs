//! VP9's payload descriptor (RFC 9628, section 4.2), as far as finding key frames needs.

/// Whether the packet starts a picture that depends on no other: B set, P clear, lowest spatial layer.
#[must_use]
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let Some(&first) = payload.first() else {
        return false;
    };
    let (has_picture_id, depends, has_layers, starts) = (
        first & 0x80 != 0,
        first & 0x40 != 0,
        first & 0x20 != 0,
        first & 0x08 != 0,
    );
    if depends || !starts {
        return false;
    }
    let mut at = 1;
    if has_picture_id {
        let Some(id) = payload.get(at) else { return false };
        at += if id & 0x80 != 0 { 2 } else { 1 };
    }
    if !has_layers {
        return payload.len() > at;
    }
    // T (3 bits), U, S (3 bits), D: an upper spatial layer of a key picture is no place to start.
    payload.get(at).is_some_and(|layers| layers >> 1 & 0x07 == 0)
}

#[cfg(test)]
mod tests {
    use super::starts_key_frame;

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
}
