//! One received encoding: its numbers, its losses, its rate.

use std::collections::VecDeque;

use parley_wire::nack::NackGenerator;
use parley_wire::rtcp::{ReportBlock, SenderInfo};
use parley_wire::sequence::SequenceExtender;

use crate::hearing::Hearing;
use crate::key_frames::KeyFrames;
use crate::output::Now;
use crate::rates::LayerRates;
use crate::scalability::Scalability;
use crate::stats::LayerStats;
use crate::store::PacketStore;

/// Stored packets of a video layer: a second and more at 2.5 Mbit/s.
const VIDEO_STORE: usize = 512;
/// Stored packets of an audio layer: more than a second.
const AUDIO_STORE: usize = 64;

/// After a pause of this length a layer's rate is measured anew, microseconds.
const PAUSE_US: u64 = 500_000;

/// So many packets of padding are remembered, to number what they have overtaken.
pub(crate) const MAX_RECENTLY_DROPPED: usize = 128;

/// Numbers media packets without gaps where padding was sent, so that subscribers see none.
#[derive(Debug, Default)]
pub(crate) struct Numbering {
    highest: Option<u64>,
    dropped: u64,
    recently_dropped: VecDeque<u64>,
}

impl Numbering {
    /// Whether a packet is later than all so far.
    pub(crate) fn is_newest(&self, sequence: u64) -> bool {
        self.highest.is_none_or(|highest| sequence > highest)
    }

    /// How many packets were dropped, as subscribers do not get them.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Drops all packets from the newest so far up to this one. Those between were lost: nobody misses them where their neighbours are left out.
    pub(crate) fn drop_up_to(&mut self, sequence: u64) {
        let first = self.highest.map_or(sequence, |highest| highest + 1);
        if sequence < first {
            return;
        }
        self.highest = Some(sequence);
        self.dropped += sequence + 1 - first;
        let oldest = (sequence + 1).saturating_sub(MAX_RECENTLY_DROPPED as u64);
        self.recently_dropped.extend(first.max(oldest)..=sequence);
        let excess = self.recently_dropped.len().saturating_sub(MAX_RECENTLY_DROPPED);
        self.recently_dropped.drain(..excess);
    }

    /// The number of a packet with an extended sequence number; None for one that subscribers do not get.
    ///
    /// That is padding, unless it was overtaken: it has left a hole then, which it fills itself, as nobody else can.
    pub(crate) fn number(&mut self, sequence: u64, is_padding: bool) -> Option<u64> {
        let is_newest = self.is_newest(sequence);
        if is_newest {
            self.highest = Some(sequence);
        }
        if is_padding && is_newest {
            self.dropped += 1;
            self.recently_dropped.push_back(sequence);
            if self.recently_dropped.len() > MAX_RECENTLY_DROPPED {
                self.recently_dropped.pop_front();
            }
            return None;
        }
        let dropped = self.recently_dropped.iter().rev();
        let later = dropped.take_while(|dropped| **dropped > sequence).count();
        // From before all that is remembered: its place cannot be told. Or sent again, and left out already.
        let is_lost = later == MAX_RECENTLY_DROPPED
            || !is_newest && self.recently_dropped.binary_search(&sequence).is_ok();
        (!is_lost).then(|| sequence - (self.dropped - later as u64))
    }
}

/// What receiver reports say of a source (RFC 3550, sections 6.4.1, A.3 and A.8).
#[derive(Debug, Default)]
pub(crate) struct Reception {
    first: Option<u64>,
    highest: u64,
    received: u64,
    jitter: f64,
    last_transit: Option<i64>,
    expected_before: u64,
    received_before: u64,
    pub last_sender_report: Option<(SenderInfo, Now)>,
}

impl Reception {
    fn packet(&mut self, sequence: u64, timestamp: u32, clock_rate: u32, now: Now) {
        self.first.get_or_insert(sequence);
        self.highest = self.highest.max(sequence);
        self.received += 1;
        let arrival = (now.us * u64::from(clock_rate) / 1_000_000) as i64;
        let transit = i64::from((arrival as u32).wrapping_sub(timestamp).cast_signed());
        if let Some(last) = self.last_transit {
            let difference = (transit - last).unsigned_abs().min(u64::from(clock_rate));
            self.jitter += (difference as f64 - self.jitter) / 16.0;
        }
        self.last_transit = Some(transit);
    }

    pub(crate) fn expected(&self) -> u64 {
        self.first.map_or(0, |first| self.highest - first + 1)
    }

    pub(crate) fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// The report block, None before the first packet. Counts the interval since the last call.
    pub(crate) fn report(&mut self, ssrc: u32, now: Now) -> Option<ReportBlock> {
        self.first?;
        let expected = self.expected() - self.expected_before;
        let received = self.received - self.received_before;
        self.expected_before = self.expected();
        self.received_before = self.received;
        let (last_report, delay) = self.last_sender_report.map_or((0, 0), |(info, came)| {
            (
                (info.ntp >> 16) as u32,
                ((now.us - came.us) * 65_536 / 1_000_000) as u32,
            )
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost: (expected.saturating_sub(received) * 256)
                .checked_div(expected)
                .unwrap_or(0)
                .min(255) as u8,
            lost: self.lost().min(0x7f_ffff) as u32,
            // The extended numbers start at 2^16 above the first sequence number; wraps count from zero.
            highest_sequence: (self.highest - 0x1_0000) as u32,
            jitter: self.jitter as u32,
            last_report,
            delay,
        })
    }
}

/// One encoding of a track.
pub(crate) struct Layer {
    pub ssrc: Option<u32>,
    pub rtx_ssrc: Option<u32>,
    /// Packets are coming in.
    pub active: bool,
    /// No packet for a while, though other layers of the track go on: an encoder that has switched it off. Subscribers need not wait for `active`.
    pub stalled: bool,
    pub last_packet_us: u64,
    pub sequence: SequenceExtender,
    pub numbering: Numbering,
    pub hearing: Hearing,
    pub store: PacketStore,
    pub nack: NackGenerator,
    pub reception: Reception,
    pub key_frames: KeyFrames,
    pub rates: LayerRates,
    pub scalability: Scalability,
    /// Width and height in pixels, where key frames say them.
    pub size: Option<(u16, u16)>,
    last_media_us: u64,
    window_start_us: u64,
    window_bytes: u64,
    bitrate: u64,
    /// The bitrate, smoothed: None for the first second.
    rate: Option<u64>,
    pub bytes: u64,
    pub nacks_sent: u64,
    /// Packets that had to be asked for, once or more often.
    pub asked_for: u64,
}

impl Layer {
    pub(crate) fn new(is_video: bool) -> Self {
        Self {
            ssrc: None,
            rtx_ssrc: None,
            active: false,
            stalled: false,
            last_packet_us: 0,
            sequence: SequenceExtender::default(),
            numbering: Numbering::default(),
            hearing: Hearing::default(),
            store: PacketStore::new(if is_video { VIDEO_STORE } else { AUDIO_STORE }),
            nack: NackGenerator::default(),
            reception: Reception::default(),
            key_frames: KeyFrames::default(),
            rates: LayerRates::default(),
            scalability: Scalability::default(),
            size: None,
            last_media_us: 0,
            window_start_us: 0,
            window_bytes: 0,
            bitrate: 0,
            rate: None,
            bytes: 0,
            nacks_sent: 0,
            asked_for: 0,
        }
    }

    /// Starts anew under another SSRC, with other numbers and nothing stored.
    pub(crate) fn restart(&mut self) {
        self.sequence = SequenceExtender::default();
        self.numbering = Numbering::default();
        self.hearing = Hearing::default();
        self.store.clear();
        self.nack = NackGenerator::default();
        self.reception = Reception::default();
        self.key_frames.restart();
        self.rates = LayerRates::default();
        self.scalability = Scalability::default();
    }

    /// Counts a packet of the layer's own SSRC.
    pub(crate) fn count(&mut self, sequence: u64, timestamp: u32, clock_rate: u32, now: Now) {
        self.reception.packet(sequence, timestamp, clock_rate, now);
    }

    /// Counts bytes of the encoding, however they came, and whether or not they had come before.
    pub(crate) fn count_bytes(&mut self, bytes: usize, now: Now) {
        self.last_packet_us = now.us;
        self.bytes += bytes as u64;
    }

    /// Counts bytes that are news: what forwarding the layer takes. Publishers send padding, and packets again, to probe their own paths.
    pub(crate) fn count_media(&mut self, bytes: usize, now: Now) {
        if now.us >= self.last_media_us + PAUSE_US {
            // A window that is empty at its beginning says nothing of the layer while it is sent.
            self.window_start_us = now.us;
            self.window_bytes = 0;
        }
        self.last_media_us = now.us;
        self.window_bytes += bytes as u64;
        let elapsed = now.us - self.window_start_us;
        if elapsed >= 1_000_000 {
            self.bitrate = self.window_bytes * 8_000_000 / elapsed;
            self.rate = Some(
                self.rate
                    .map_or(self.bitrate, |rate| u64::midpoint(rate, self.bitrate)),
            );
            self.window_start_us = now.us;
            self.window_bytes = 0;
        }
    }

    /// Bits a second while it is sent; None until that is known.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.rate
    }

    pub(crate) fn stats(&self, layer: usize) -> Option<LayerStats> {
        Some(LayerStats {
            layer,
            ssrc: self.ssrc?,
            packets_received: self.reception.received,
            bytes_received: self.bytes,
            packets_lost: self.reception.lost(),
            jitter: self.reception.jitter as u32,
            bitrate: if self.active { self.bitrate } else { 0 },
            nacks_sent: self.nacks_sent,
            key_frames: self.key_frames.started,
            key_frames_requested: self.key_frames.requested,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_leaves_no_gap_and_late_packets_keep_their_place() {
        let mut numbering = Numbering::default();
        assert_eq!(numbering.number(100, false), Some(100));
        assert_eq!(numbering.number(102, true), None);
        assert_eq!(numbering.number(103, true), None);
        assert_eq!(numbering.number(104, false), Some(102));
        assert_eq!(
            numbering.number(101, false),
            Some(101),
            "late, from before the padding"
        );
        assert_eq!(numbering.number(105, false), Some(103));
    }

    #[test]
    fn padding_that_was_overtaken_fills_the_hole_that_it_has_left() {
        let mut numbering = Numbering::default();
        assert_eq!(numbering.number(100, false), Some(100));
        assert_eq!(numbering.number(101, true), None);
        assert_eq!(numbering.number(104, false), Some(103));
        assert_eq!(numbering.number(103, true), Some(102));
        assert_eq!(numbering.number(102, true), Some(101));
        assert_eq!(
            numbering.number(101, true),
            None,
            "sent again, and left out already"
        );
        assert_eq!(numbering.number(105, false), Some(104));
    }

    #[test]
    fn what_is_older_than_all_padding_that_is_remembered_gets_no_wrong_number() {
        let mut numbering = Numbering::default();
        numbering.number(100, false);
        for sequence in 0..=MAX_RECENTLY_DROPPED as u64 {
            numbering.number(102 + sequence, true);
        }
        assert_eq!(numbering.number(101, false), None);
    }

    #[test]
    fn a_report_says_what_was_lost_since_the_last_one() {
        let mut reception = Reception::default();
        let now = Now {
            us: 1_000_000,
            ntp: 0,
        };
        for sequence in [0x1_0000u64, 0x1_0001, 0x1_0003] {
            reception.packet(sequence, 0, 90_000, now);
        }
        let report = reception.report(7, now).unwrap();
        assert_eq!(
            (report.fraction_lost, report.lost, report.highest_sequence),
            (64, 1, 3)
        );
        reception.packet(0x1_0004, 0, 90_000, now);
        let report = reception.report(7, now).unwrap();
        assert_eq!((report.fraction_lost, report.lost), (0, 1));
    }
}
