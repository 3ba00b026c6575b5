//! The RTP header extensions that Parley knows: their URIs, the ids of one m-line, and their values in one packet.

use crate::rtp::{Elements, ONE_BYTE_PROFILE, TWO_BYTE_PROFILE};

/// A header extension that Parley reads, rewrites or passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Extension {
    /// Which m-line a packet belongs to (RFC 9143).
    Mid,
    /// Which simulcast layer (RFC 8852).
    Rid,
    /// Which layer a retransmission repairs (RFC 8852).
    RepairedRid,
    /// Audio level of the client (RFC 6464).
    AudioLevel,
    /// Transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportCc,
    /// Absolute send time, 6.18 fixed point seconds.
    AbsSendTime,
    /// AV1's dependency descriptor (AV1 RTP payload specification, appendix A).
    DependencyDescriptor,
    /// Coordination of video orientation (3GPP TS 26.114).
    VideoOrientation,
    /// Least and greatest playout delay.
    PlayoutDelay,
    /// Screen or camera.
    ContentType,
    /// Absolute capture time.
    AbsCaptureTime,
}

/// How many extensions there are.
pub const COUNT: usize = 11;

/// Every extension with its URI.
pub const ALL: [(Extension, &str); COUNT] = [
    (Extension::Mid, "urn:ietf:params:rtp-hdrext:sdes:mid"),
    (Extension::Rid, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
    (
        Extension::RepairedRid,
        "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    ),
    (
        Extension::AudioLevel,
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    ),
    (
        Extension::TransportCc,
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    ),
    (
        Extension::AbsSendTime,
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    ),
    (
        Extension::DependencyDescriptor,
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    ),
    (Extension::VideoOrientation, "urn:3gpp:video-orientation"),
    (
        Extension::PlayoutDelay,
        "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    ),
    (
        Extension::ContentType,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    ),
    (
        Extension::AbsCaptureTime,
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    ),
];

/// The extensions whose value goes from a publisher to its subscribers as it is.
const PASSED_ON: [Extension; 6] = [
    Extension::AudioLevel,
    Extension::DependencyDescriptor,
    Extension::VideoOrientation,
    Extension::PlayoutDelay,
    Extension::ContentType,
    Extension::AbsCaptureTime,
];

/// Which id stands for which extension on one m-line; 0 where it is not negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionMap {
    ids: [u8; COUNT],
}

impl ExtensionMap {
    /// The map of URIs to ids; URIs that Parley does not know are left out.
    pub fn from_uris<'a>(entries: impl IntoIterator<Item = (&'a str, u8)>) -> Self {
        let mut map = Self::default();
        for (uri, id) in entries {
            if let Some((extension, _)) = ALL.iter().find(|(_, known)| *known == uri) {
                map.ids[*extension as usize] = id;
            }
        }
        map
    }

    /// The map that nodes use between themselves: what is passed on, under the numbers of [`Extension`], from one.
    #[must_use]
    pub fn between_nodes() -> Self {
        let mut map = Self::default();
        for extension in PASSED_ON {
            map.ids[extension as usize] = extension as u8 + 1;
        }
        map
    }

    /// Takes over what another m-line of the same bundle has negotiated.
    pub fn merge(&mut self, other: &Self) {
        for (id, others) in self.ids.iter_mut().zip(other.ids) {
            if others != 0 {
                *id = others;
            }
        }
    }

    /// The id of an extension, if it is negotiated.
    #[must_use]
    pub fn id(&self, extension: Extension) -> Option<u8> {
        Some(self.ids[extension as usize]).filter(|id| *id != 0)
    }
}

impl Extension {
    /// Whether a value may have this length, by the extension's definition.
    fn fits(self, len: usize) -> bool {
        match self {
            Self::Mid | Self::Rid | Self::RepairedRid => (1..=MAX_VALUE_LEN).contains(&len),
            Self::AudioLevel | Self::VideoOrientation | Self::ContentType => len == 1,
            // The second version has a feedback request behind the sequence number.
            Self::TransportCc => len == 2 || len == 4,
            Self::AbsSendTime | Self::PlayoutDelay => len == 3,
            Self::DependencyDescriptor => (3..=MAX_VALUE_LEN).contains(&len),
            Self::AbsCaptureTime => len == 8 || len == 16,
        }
    }
}

/// The values of the known extensions in one packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    values: [Option<&'a [u8]>; COUNT],
}

impl<'a> Values<'a> {
    /// Picks the known extensions out of a packet's elements. A value of a length that its extension cannot have is left out.
    #[must_use]
    pub fn read(elements: Elements<'a>, map: &ExtensionMap) -> Self {
        let mut values = Self::default();
        for (id, value) in elements {
            // Elements never have id 0, which stands for "not negotiated" here.
            if let Some(index) = map.ids.iter().position(|known| *known == id)
                && ALL[index].0.fits(value.len())
            {
                values.values[index] = Some(value);
            }
        }
        values
    }

    /// The value of an extension, if the packet has it.
    #[must_use]
    pub fn get(&self, extension: Extension) -> Option<&'a [u8]> {
        self.values[extension as usize]
    }

    /// The same values but for one of them.
    #[must_use]
    pub fn with(mut self, extension: Extension, value: &'a [u8]) -> Self {
        self.values[extension as usize] = Some(value);
        self
    }

    /// The transport-wide sequence number.
    #[must_use]
    pub fn transport_sequence(&self) -> Option<u16> {
        let value = self.get(Extension::TransportCc)?;
        Some(u16::from_be_bytes(value.get(..2)?.try_into().ok()?))
    }
}

/// What a forwarding hop says anew in each packet.
#[derive(Clone, Copy, Debug)]
pub struct OwnValues<'a> {
    /// The subscriber's mid, at most 255 bytes.
    pub mid: &'a [u8],
    /// 6.18 fixed point seconds, 24 bits.
    pub abs_send_time: u32,
    /// The subscriber transport's next sequence number.
    pub transport_sequence: u16,
}

/// The longest value of an element (RFC 8285, section 4.3).
const MAX_VALUE_LEN: usize = 255;
/// The most bytes that [`write_block`] needs: a head, nine two-byte elements with their longest values, padding.
///
/// In the order of the sum: head; mid and dependency descriptor; capture time; send time and playout delay; transport-wide sequence number;
/// audio level, orientation and content type; padding.
pub const MAX_BLOCK_LEN: usize =
    4 + 2 * (2 + MAX_VALUE_LEN) + (2 + 16) + 2 * (2 + 3) + (2 + 2) + 3 * (2 + 1) + 3;

/// Writes a subscriber's extension block, head included, at the start of `out`; returns its length, 0 for no extension.
///
/// Passes on what is meant for the far end, replaces what belongs to a hop, drops rid and repaired-rid.
/// `out` must be [`MAX_BLOCK_LEN`] long.
pub fn write_block(out: &mut [u8], from: &Values<'_>, to: &ExtensionMap, own: &OwnValues<'_>) -> usize {
    let send_time = own.abs_send_time.to_be_bytes();
    let sequence = own.transport_sequence.to_be_bytes();
    let mut elements: [(u8, &[u8]); COUNT] = [(0, &[]); COUNT];
    let mut count = 0;
    let owned = [
        (
            Extension::Mid,
            Some(own.mid).filter(|mid| Extension::Mid.fits(mid.len())),
        ),
        (Extension::AbsSendTime, Some(&send_time[1..])),
        (Extension::TransportCc, Some(&sequence[..])),
    ];
    let passed = PASSED_ON
        .iter()
        .map(|extension| (*extension, from.get(*extension)));
    for (extension, value) in owned.into_iter().chain(passed) {
        if let (Some(id), Some(value)) = (to.id(extension), value) {
            elements[count] = (id, value);
            count += 1;
        }
    }
    write_elements(out, &elements[..count])
}

/// Writes elements as one block, in the one-byte form where all fit in it.
fn write_elements(out: &mut [u8], elements: &[(u8, &[u8])]) -> usize {
    if elements.is_empty() {
        return 0;
    }
    let one_byte = elements
        .iter()
        .all(|(id, value)| *id < 15 && (1..=16).contains(&value.len()));
    let mut at = 4;
    for (id, value) in elements {
        if one_byte {
            out[at] = id << 4 | (value.len() - 1) as u8;
            at += 1;
        } else {
            out[at] = *id;
            out[at + 1] = value.len() as u8;
            at += 2;
        }
        out[at..at + value.len()].copy_from_slice(value);
        at += value.len();
    }
    while at % 4 != 0 {
        out[at] = 0;
        at += 1;
    }
    let profile = if one_byte {
        ONE_BYTE_PROFILE
    } else {
        TWO_BYTE_PROFILE
    };
    out[..2].copy_from_slice(&profile.to_be_bytes());
    let words = ((at - 4) / 4) as u16;
    out[2..4].copy_from_slice(&words.to_be_bytes());
    at
}

#[cfg(test)]
mod tests;
