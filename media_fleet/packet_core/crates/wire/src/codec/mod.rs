//! What a payload says of its frame, without decoding it: where key frames start, and VP8's picture ids.

pub mod av1;
pub mod h264;
pub mod vp8;
pub mod vp9;

/// Where a picture stands among those that make a higher frame rate out of a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temporal {
    /// 0 is the lowest: its pictures depend on each other alone.
    pub layer: u8,
    /// A receiver of the lowest layer can take this picture, and its layer from here on (VP8's layer sync).
    pub joins: bool,
    /// A receiver of this layer can take all above it from here on (VP9's switching up point).
    pub opens: bool,
}

/// The codecs that a node forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 6184.
    H264,
    /// RFC 9628.
    Vp9,
    /// AV1 RTP payload specification.
    Av1,
}

impl Codec {
    /// Whether receivers need a key frame to start.
    #[must_use]
    pub fn is_video(self) -> bool {
        self != Self::Opus
    }

    /// Whether a receiver can start decoding with this packet. True of every packet of audio.
    ///
    /// `descriptor`: the value of the dependency descriptor extension, where the packet has one.
    #[must_use]
    pub fn starts_key_frame(self, payload: &[u8], descriptor: Option<&[u8]>) -> bool {
        match self {
            Self::Opus => true,
            Self::Vp8 => vp8::Descriptor::parse(payload).is_some_and(|vp8| vp8.starts_key_frame(payload)),
            Self::H264 => h264::starts_key_frame(payload),
            Self::Vp9 => vp9::Descriptor::parse(payload).is_some_and(|vp9| vp9.starts_key_frame()),
            Self::Av1 => av1::starts_key_frame(payload, descriptor),
        }
    }

    /// Width and height in pixels, as the start of a key frame says them; None where it does not, or is not there. Of VP8 and H.264 alone.
    #[must_use]
    pub fn size(self, payload: &[u8]) -> Option<(u16, u16)> {
        match self {
            Self::Vp8 => vp8::Descriptor::parse(payload)?.size(payload),
            Self::H264 => h264::size(payload),
            Self::Opus | Self::Vp9 | Self::Av1 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_payload_is_judged(payload in proptest::collection::vec(any::<u8>(), 0..80)) {
            for codec in [Codec::Opus, Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1] {
                let _ = codec.starts_key_frame(&payload, Some(&payload));
                let _ = codec.starts_key_frame(&payload, None);
                let _ = codec.size(&payload);
            }
        }
    }
}
