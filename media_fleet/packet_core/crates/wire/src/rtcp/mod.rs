//! RTCP: reading compounds, writing the packets that a forwarding node sends (RFC 3550, RFC 4585, RFC 5104).

pub mod transport_cc;

use crate::bytes::{u16_at, u24_at, u32_at, u64_at};

/// Packet types and formats.
mod kind {
    pub const SENDER_REPORT: u8 = 200;
    pub const RECEIVER_REPORT: u8 = 201;
    pub const SOURCE_DESCRIPTION: u8 = 202;
    pub const GOODBYE: u8 = 203;
    pub const APPLICATION: u8 = 204;
    pub const TRANSPORT_FEEDBACK: u8 = 205;
    pub const PAYLOAD_FEEDBACK: u8 = 206;
    pub const FORMAT_NACK: u8 = 1;
    pub const FORMAT_TRANSPORT_CC: u8 = 15;
    pub const FORMAT_PLI: u8 = 1;
    pub const FORMAT_FIR: u8 = 4;
}

/// A report block takes so many bytes, and a report holds at most 31.
pub const REPORT_BLOCK_LEN: usize = 24;
/// The greatest count of lost packets that a report block holds.
const MAX_LOST: u32 = 0x7f_ffff;
/// The most report blocks in one packet.
pub const MAX_REPORT_BLOCKS: usize = 31;

/// The bytes are no RTCP from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtcpError;

/// The name of [`Packet::NodeData`] among application-defined packets.
const NODE_DATA: [u8; 4] = *b"PDTA";

/// What a sender report says of its sender (RFC 3550, section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// The sender.
    pub ssrc: u32,
    /// Wall clock of the sender, NTP format.
    pub ntp: u64,
    /// The same moment in the media's clock.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// What a receiver says of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: u32,
    /// Lost since the last report, 256ths.
    pub fraction_lost: u8,
    /// Lost since the start, at most 2^23 - 1; none where duplicates make the count negative.
    pub lost: u32,
    /// Highest sequence number, with the count of wraps above it.
    pub highest_sequence: u32,
    /// Interarrival jitter, media clock units.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time.
    pub last_report: u32,
    /// How long ago that came, 65536ths of a second.
    pub delay: u32,
}

impl ReportBlock {
    fn parse(data: &[u8]) -> Option<Self> {
        Some(Self {
            ssrc: u32_at(data, 0)?,
            fraction_lost: *data.get(4)?,
            // 24 bits with a sign (RFC 3550, section 6.4.1).
            lost: Some(u24_at(data, 5)?)
                .filter(|lost| *lost <= MAX_LOST)
                .unwrap_or(0),
            highest_sequence: u32_at(data, 8)?,
            jitter: u32_at(data, 12)?,
            last_report: u32_at(data, 16)?,
            delay: u32_at(data, 20)?,
        })
    }
}

/// One packet of a compound. Kinds that a node has no use for are skipped.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// A sender's report; its report blocks follow.
    SenderReport(SenderInfo, ReportBlocks<'a>),
    /// A receiver's report blocks.
    ReceiverReport(ReportBlocks<'a>),
    /// Goodbye of these sources.
    Goodbye(Ssrcs<'a>),
    /// Sequence numbers of a source to send again (RFC 4585, section 6.2.1).
    Nack {
        /// The source.
        ssrc: u32,
        /// Which.
        lost: NackEntries<'a>,
    },
    /// The picture of a source is lost (RFC 4585, section 6.3.1).
    PictureLoss {
        /// The source.
        ssrc: u32,
    },
    /// Key frames wanted of sources (RFC 5104, section 4.3.1).
    FullIntraRequest(FirEntries<'a>),
    /// Transport-wide feedback, whole packet.
    TransportCc(&'a [u8]),
    /// A message of one node to another (application-defined: RFC 3550, section 6.7).
    NodeData(&'a [u8]),
}

macro_rules! fixed_size_iterator {
    ($(#[$doc:meta])* $name:ident, $item:ty, $size:expr, $read:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a>(&'a [u8]);

        impl Iterator for $name<'_> {
            type Item = $item;

            fn next(&mut self) -> Option<$item> {
                let (entry, rest) = self.0.split_at_checked($size)?;
                self.0 = rest;
                let read: fn(&[u8]) -> Option<$item> = $read;
                read(entry)
            }
        }
    };
}

fixed_size_iterator!(
    /// The report blocks of one report.
    ReportBlocks, ReportBlock, REPORT_BLOCK_LEN, ReportBlock::parse
);
fixed_size_iterator!(
    /// SSRCs in a row.
    Ssrcs, u32, 4, |entry| u32_at(entry, 0)
);
fixed_size_iterator!(
    /// The sources of which a FIR wants key frames.
    FirEntries, u32, 8, |entry| u32_at(entry, 0)
);
fixed_size_iterator!(
    /// A lost sequence number, and a mask of which of the next sixteen are lost as well.
    NackEntries, (u16, u16), 4, |entry| Some((u16_at(entry, 0)?, u16_at(entry, 2)?))
);

impl NackEntries<'_> {
    /// Every lost sequence number.
    pub fn sequence_numbers(self) -> impl Iterator<Item = u16> {
        self.flat_map(|(first, mask)| {
            let following = (0..16u16).filter(move |bit| mask >> bit & 1 == 1);
            std::iter::once(first).chain(following.map(move |bit| first.wrapping_add(bit + 1)))
        })
    }
}

/// Iterates over a compound; ends with an error where it is no RTCP any more.
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    data: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Starts reading a decrypted compound.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    fn split_packet(&mut self) -> Result<&'a [u8], RtcpError> {
        let words = u16_at(self.data, 2).ok_or(RtcpError)?;
        let len = 4 * (usize::from(words) + 1);
        if self.data[0] >> 6 != 2 {
            return Err(RtcpError);
        }
        let (packet, rest) = self.data.split_at_checked(len).ok_or(RtcpError)?;
        self.data = rest;
        if packet[0] & 0x20 == 0 {
            return Ok(packet);
        }
        let padding = usize::from(packet[len - 1]);
        if padding == 0 || padding > len - 4 {
            return Err(RtcpError);
        }
        Ok(&packet[..len - padding])
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Packet<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.data.is_empty() {
            match self.split_packet().and_then(parse_packet) {
                Ok(None) => {}
                Ok(Some(packet)) => return Some(Ok(packet)),
                Err(error) => {
                    self.data = &[];
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

fn parse_packet(packet: &[u8]) -> Result<Option<Packet<'_>>, RtcpError> {
    let count = packet[0] & 0x1f;
    let blocks = |at: usize| {
        let len = usize::from(count) * REPORT_BLOCK_LEN;
        packet.get(at..at + len).map(ReportBlocks).ok_or(RtcpError)
    };
    let parsed = match (packet[1], count) {
        (kind::SENDER_REPORT, _) => {
            let info = sender_info(packet).ok_or(RtcpError)?;
            Packet::SenderReport(info, blocks(28)?)
        }
        (kind::RECEIVER_REPORT, _) => Packet::ReceiverReport(blocks(8)?),
        (kind::GOODBYE, _) => {
            let ssrcs = packet.get(4..4 + 4 * usize::from(count)).ok_or(RtcpError)?;
            Packet::Goodbye(Ssrcs(ssrcs))
        }
        (kind::TRANSPORT_FEEDBACK, kind::FORMAT_NACK) => Packet::Nack {
            ssrc: u32_at(packet, 8).ok_or(RtcpError)?,
            lost: NackEntries(&packet[12..]),
        },
        (kind::TRANSPORT_FEEDBACK, kind::FORMAT_TRANSPORT_CC) => Packet::TransportCc(packet),
        (kind::PAYLOAD_FEEDBACK, kind::FORMAT_PLI) => Packet::PictureLoss {
            ssrc: u32_at(packet, 8).ok_or(RtcpError)?,
        },
        (kind::PAYLOAD_FEEDBACK, kind::FORMAT_FIR) => {
            Packet::FullIntraRequest(FirEntries(packet.get(12..).ok_or(RtcpError)?))
        }
        // The subtype says how many octets fill the last word up.
        (kind::APPLICATION, filled @ 0..4) if packet.get(8..12) == Some(&NODE_DATA) => {
            let end = packet.len() - usize::from(filled);
            Packet::NodeData(packet.get(12..end).ok_or(RtcpError)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(parsed))
}

fn sender_info(packet: &[u8]) -> Option<SenderInfo> {
    Some(SenderInfo {
        ssrc: u32_at(packet, 4)?,
        ntp: u64_at(packet, 8)?,
        rtp_timestamp: u32_at(packet, 16)?,
        packets: u32_at(packet, 20)?,
        octets: u32_at(packet, 24)?,
    })
}

/// Writes RTCP packets one after the other into a buffer; what does not fit is left out, whole.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Starts a compound at the start of `out`.
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// The length of what has been written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Room for a packet of `len` bytes (a multiple of four) with its head written; None if it does not fit.
    fn packet(&mut self, kind: u8, count: u8, len: usize) -> Option<&mut [u8]> {
        let packet = self.out.get_mut(self.len..self.len + len)?;
        self.len += len;
        packet[0] = 0x80 | count;
        packet[1] = kind;
        packet[2..4].copy_from_slice(&((len / 4 - 1) as u16).to_be_bytes());
        Some(packet)
    }

    /// A sender report without report blocks.
    pub fn sender_report(&mut self, info: &SenderInfo) {
        if let Some(packet) = self.packet(kind::SENDER_REPORT, 0, 28) {
            packet[4..8].copy_from_slice(&info.ssrc.to_be_bytes());
            packet[8..16].copy_from_slice(&info.ntp.to_be_bytes());
            packet[16..20].copy_from_slice(&info.rtp_timestamp.to_be_bytes());
            packet[20..24].copy_from_slice(&info.packets.to_be_bytes());
            packet[24..28].copy_from_slice(&info.octets.to_be_bytes());
        }
    }

    /// A receiver report of at most [`MAX_REPORT_BLOCKS`] blocks; the rest is left out.
    pub fn receiver_report(&mut self, ssrc: u32, blocks: &[ReportBlock]) {
        let blocks = &blocks[..blocks.len().min(MAX_REPORT_BLOCKS)];
        let count = blocks.len() as u8;
        if let Some(packet) = self.packet(kind::RECEIVER_REPORT, count, 8 + REPORT_BLOCK_LEN * blocks.len()) {
            packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
            for (block, out) in blocks.iter().zip(packet[8..].chunks_exact_mut(REPORT_BLOCK_LEN)) {
                out[..4].copy_from_slice(&block.ssrc.to_be_bytes());
                out[4..8].copy_from_slice(&block.lost.min(MAX_LOST).to_be_bytes());
                out[4] = block.fraction_lost;
                out[8..12].copy_from_slice(&block.highest_sequence.to_be_bytes());
                out[12..16].copy_from_slice(&block.jitter.to_be_bytes());
                out[16..20].copy_from_slice(&block.last_report.to_be_bytes());
                out[20..24].copy_from_slice(&block.delay.to_be_bytes());
            }
        }
    }

    /// A source description with the canonical name alone (RFC 3550, section 6.5.1); names of up to 255 bytes.
    pub fn canonical_name(&mut self, ssrc: u32, name: &str) {
        let name = &name.as_bytes()[..name.len().min(255)];
        // Item head (2), name, and at least one zero octet to end the chunk.
        let len = (4 + 4 + 2 + name.len() + 1).next_multiple_of(4);
        if let Some(packet) = self.packet(kind::SOURCE_DESCRIPTION, 1, len) {
            packet[4..].fill(0);
            packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
            packet[8] = 1;
            packet[9] = name.len() as u8;
            packet[10..10 + name.len()].copy_from_slice(name);
        }
    }

    /// Goodbye of one source.
    pub fn goodbye(&mut self, ssrc: u32) {
        if let Some(packet) = self.packet(kind::GOODBYE, 1, 8) {
            packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
        }
    }

    /// A message of one node to another.
    pub fn node_data(&mut self, ssrc: u32, data: &[u8]) {
        let len = (12 + data.len()).next_multiple_of(4);
        let filled = len - 12 - data.len();
        if let Some(packet) = self.packet(kind::APPLICATION, filled as u8, len) {
            packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
            packet[8..12].copy_from_slice(&NODE_DATA);
            packet[12..12 + data.len()].copy_from_slice(data);
            packet[12 + data.len()..].fill(0);
        }
    }

    /// Picture loss indication.
    pub fn picture_loss(&mut self, sender: u32, source: u32) {
        if let Some(packet) = self.packet(kind::PAYLOAD_FEEDBACK, kind::FORMAT_PLI, 12) {
            packet[4..8].copy_from_slice(&sender.to_be_bytes());
            packet[8..12].copy_from_slice(&source.to_be_bytes());
        }
    }

    /// Generic NACK. `lost` in ascending order (across a wrap as well).
    pub fn nack(&mut self, sender: u32, source: u32, lost: &[u16]) {
        let mut entries: [(u16, u16); 64] = [(0, 0); 64];
        let mut count = 0usize;
        for &number in lost {
            let distance = count
                .checked_sub(1)
                .map(|last| number.wrapping_sub(entries[last].0));
            match distance {
                Some(0) => {}
                Some(distance @ 1..=16) => entries[count - 1].1 |= 1 << (distance - 1),
                _ if count < entries.len() => {
                    entries[count] = (number, 0);
                    count += 1;
                }
                _ => break, // the rest is asked for next time
            }
        }
        if count == 0 {
            return;
        }
        if let Some(packet) = self.packet(kind::TRANSPORT_FEEDBACK, kind::FORMAT_NACK, 12 + 4 * count) {
            packet[4..8].copy_from_slice(&sender.to_be_bytes());
            packet[8..12].copy_from_slice(&source.to_be_bytes());
            for (entry, out) in entries[..count].iter().zip(packet[12..].chunks_exact_mut(4)) {
                out[..2].copy_from_slice(&entry.0.to_be_bytes());
                out[2..].copy_from_slice(&entry.1.to_be_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests;
