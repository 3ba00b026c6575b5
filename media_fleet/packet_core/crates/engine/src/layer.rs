//! One received encoding: its numbers, its losses, its rate, and the key frames asked of it.

use std::collections::VecDeque;

use parley_wire::nack::NackGenerator;
use parley_wire::rtcp::{ReportBlock, SenderInfo};
use parley_wire::sequence::SequenceExtender;

use crate::output::Now;
use crate::stats::LayerStats;
use crate::store::PacketStore;

/// A key frame is asked for at most so often, however many subscribers want one: libwebrtc's encoder makes none more often either.
pub(crate) const KEY_FRAME_INTERVAL_US: u64 = 300_000;
/// Stored packets of a video layer: a second and more at 2.5 Mbit/s.
const VIDEO_STORE: usize = 512;
/// Stored packets of an audio layer: more than a second.
const AUDIO_STORE: usize = 64;

/// Numbers media packets without gaps where padding was sent, so that subscribers see none.
#[derive(Debug, Default)]
pub(crate) struct Numbering {
    highest: Option<u64>,
    dropped: u64,
    recently_dropped: VecDeque<u64>,
}

impl Numbering {
    /// The number of a packet with an extended sequence number; None for padding.
    pub(crate) fn number(&mut self, sequence: u64, is_padding: bool) -> Option<u64> {
        let is_newest = self.highest.is_none_or(|highest| sequence > highest);
        if is_newest {
            self.highest = Some(sequence);
        }
        if is_padding {
            // Late padding has left a hole already, which nobody can fill: subscribers give it up.
            if is_newest {
                self.dropped += 1;
                self.recently_dropped.push_back(sequence);
                if self.recently_dropped.len() > 128 {
                    self.recently_dropped.pop_front();
                }
            }
            return None;
        }
        let later = self
            .recently_dropped
            .iter()
            .rev()
            .take_while(|dropped| **dropped > sequence)
            .count();
        Some(sequence - (self.dropped - later as u64))
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

    fn expected(&self) -> u64 {
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
    pub store: PacketStore,
    pub nack: NackGenerator,
    pub reception: Reception,
    /// Somebody waits for a key frame.
    pub key_frame_wanted: bool,
    last_key_frame_request_us: Option<u64>,
    window_start_us: u64,
    window_bytes: u64,
    bitrate: u64,
    pub bytes: u64,
    pub nacks_sent: u64,
    pub key_frames: u64,
    pub key_frames_requested: u64,
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
            store: PacketStore::new(if is_video { VIDEO_STORE } else { AUDIO_STORE }),
            nack: NackGenerator::default(),
            reception: Reception::default(),
            key_frame_wanted: false,
            last_key_frame_request_us: None,
            window_start_us: 0,
            window_bytes: 0,
            bitrate: 0,
            bytes: 0,
            nacks_sent: 0,
            key_frames: 0,
            key_frames_requested: 0,
        }
    }

    /// Starts anew under another SSRC, with other numbers and nothing stored.
    pub(crate) fn restart(&mut self) {
        self.sequence = SequenceExtender::default();
        self.numbering = Numbering::default();
        self.store.clear();
        self.nack = NackGenerator::default();
        self.reception = Reception::default();
    }

    /// Counts a packet of the layer's own SSRC.
    pub(crate) fn count(&mut self, sequence: u64, timestamp: u32, clock_rate: u32, now: Now) {
        self.reception.packet(sequence, timestamp, clock_rate, now);
    }

    /// Counts bytes of the encoding, however they came.
    pub(crate) fn count_bytes(&mut self, bytes: usize, now: Now) {
        self.last_packet_us = now.us;
        self.bytes += bytes as u64;
        self.window_bytes += bytes as u64;
        let elapsed = now.us - self.window_start_us;
        if elapsed >= 1_000_000 {
            self.bitrate = self.window_bytes * 8_000_000 / elapsed;
            self.window_start_us = now.us;
            self.window_bytes = 0;
        }
    }

    /// Whether a key frame should be asked for now; if so, it counts as asked for.
    pub(crate) fn take_key_frame_request(&mut self, now: Now) -> bool {
        let is_due = self
            .last_key_frame_request_us
            .is_none_or(|last| now.us >= last + KEY_FRAME_INTERVAL_US);
        if !self.key_frame_wanted || !self.active || !is_due {
            return false;
        }
        self.last_key_frame_request_us = Some(now.us);
        self.key_frames_requested += 1;
        true
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
            key_frames: self.key_frames,
            key_frames_requested: self.key_frames_requested,
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

    #[test]
    fn key_frames_are_asked_for_at_most_every_interval() {
        let mut layer = Layer::new(true);
        layer.active = true;
        layer.key_frame_wanted = true;
        let at = |us| Now { us, ntp: 0 };
        assert!(layer.take_key_frame_request(at(0)));
        assert!(!layer.take_key_frame_request(at(KEY_FRAME_INTERVAL_US - 1)));
        assert!(layer.take_key_frame_request(at(KEY_FRAME_INTERVAL_US)));
        layer.key_frame_wanted = false;
        assert!(!layer.take_key_frame_request(at(10 * KEY_FRAME_INTERVAL_US)));
    }
}
