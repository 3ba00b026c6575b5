//! H.264 payloads (RFC 6184, section 5.4), as far as finding key frames, and how large they are, needs.

use crate::bits::Reader;
use crate::bytes::u16_at;

const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Profiles whose parameter sets say more of colours (ITU-T H.264, section 7.3.2.1.1).
const WITH_CHROMA: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
/// Macroblocks have so many pixels a side.
const MACROBLOCK: u32 = 16;

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
        STAP_A => parameter_set(&payload[1..]).is_some(),
        FU_A => payload
            .get(1)
            .is_some_and(|fragment| fragment & 0x80 != 0 && fragment & 0x1f == SPS),
        _ => false,
    }
}

/// Width and height in pixels, as the packet's sequence parameter set says them, in whole macroblocks: what is cropped counts.
#[must_use]
pub fn size(payload: &[u8]) -> Option<(u16, u16)> {
    let set = match payload.first()? & 0x1f {
        SPS => payload,
        STAP_A => parameter_set(&payload[1..])?,
        _ => return None,
    };
    // Without the octets that keep a unit from looking like a start code (section 7.4.1).
    let mut octets: Vec<u8> = Vec::with_capacity(set.len());
    for octet in &set[1..] {
        if !(*octet == 3 && octets.ends_with(&[0, 0])) {
            octets.push(*octet);
        }
    }
    size_in(&mut Reader::new(&octets))
}

/// ITU-T H.264, section 7.3.2.1.1.
fn size_in(bits: &mut Reader<'_>) -> Option<(u16, u16)> {
    let profile = bits.number(8)?;
    bits.number(16)?; // constraints, level
    bits.exp_golomb()?;
    if WITH_CHROMA.contains(&profile) {
        let chroma = bits.exp_golomb()?;
        if chroma == 3 {
            bits.flag()?;
        }
        bits.exp_golomb()?; // depths
        bits.exp_golomb()?;
        bits.flag()?;
        if bits.flag()? {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    bits.exp_golomb()?; // frame numbers
    match bits.exp_golomb()? {
        0 => {
            bits.exp_golomb()?;
        }
        1 => {
            bits.flag()?;
            bits.exp_golomb()?; // offsets
            bits.exp_golomb()?;
            for _ in 0..bits.exp_golomb()?.min(255) {
                bits.exp_golomb()?;
            }
        }
        _ => {}
    }
    bits.exp_golomb()?; // reference frames
    bits.flag()?;
    let (width, height) = (bits.exp_golomb()?, bits.exp_golomb()?);
    // Fields are a half as high as frames.
    let units = if bits.flag()? { 1 } else { 2 };
    let pixels = |macroblocks: u32| {
        macroblocks
            .checked_add(1)?
            .checked_mul(MACROBLOCK)?
            .try_into()
            .ok()
    };
    Some((
        pixels(width)?,
        pixels(height.checked_add(1)?.checked_mul(units)?.checked_sub(1)?)?,
    ))
}

/// ITU-T H.264, section 7.3.2.1.1.1.
fn skip_scaling_list(bits: &mut Reader<'_>, len: usize) -> Option<()> {
    if !bits.flag()? {
        return Some(());
    }
    let (mut last, mut next) = (8i64, 8);
    for _ in 0..len {
        if next != 0 {
            next = (last + bits.signed_exp_golomb()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

/// The sequence parameter set among aggregated units.
fn parameter_set(mut units: &[u8]) -> Option<&[u8]> {
    while let Some(len) = u16_at(units, 0) {
        let unit = units.get(2..2 + usize::from(len))?;
        if unit.first().is_some_and(|head| head & 0x1f == SPS) {
            return Some(unit);
        }
        units = &units[2 + usize::from(len)..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{size, starts_key_frame};

    /// As x264 writes them: 1280 x 720 (baseline), and 1920 x 1080 (high), which is 68 macroblocks high.
    const HD: [u8; 22] = [
        0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00,
        0x0f, 0x23, 0xc6, 0x0c, 0xa8,
    ];
    const FULL_HD: [u8; 26] = [
        0x67, 0x64, 0x00, 0x28, 0xac, 0xb2, 0x00, 0xf0, 0x04, 0x4f, 0xcb, 0x08, 0x00, 0x00, 0x03, 0x00, 0x08,
        0x00, 0x00, 0x03, 0x01, 0xe4, 0x78, 0xc1, 0x92, 0x40,
    ];

    #[test]
    fn parameter_sets_say_how_large_pictures_are() {
        assert_eq!(size(&HD), Some((1280, 720)));
        assert_eq!(size(&FULL_HD), Some((1920, 1088)));
        let together = [&[0x78, 0, 22][..], &HD, &[0, 1, 0x68]].concat();
        assert_eq!(size(&together), Some((1280, 720)), "aggregated");
        for len in 0..9 {
            assert_eq!(size(&HD[..len]), None, "cut off after {len}");
        }
        assert_eq!(size(&[0x65, 0x88]), None, "no parameter set");
    }

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
