//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): which packets came, and when.

use super::{Writer, kind};
use crate::bytes::{u16_at, u24_at};
use crate::sequence::SequenceExtender;

/// Deltas count in quarters of a millisecond.
pub const DELTA_UNIT_US: u64 = 250;
/// The reference time counts in 64 ms.
pub const REFERENCE_UNIT_US: u64 = 64_000;
/// One packet speaks of at most so many sequence numbers: it stays far below an MTU.
const MAX_STATUSES: usize = 400;
/// No sender has more packets in flight than this. A few octets of run lengths may announce 65535 of them, which would take a megabyte to read.
const MAX_READ: usize = 8192;
/// So many arrivals are kept between two feedbacks; older ones are dropped.
const MAX_ARRIVALS: usize = 2048;

const NOT_RECEIVED: u16 = 0;
const SMALL_DELTA: u16 = 1;
const LARGE_DELTA: u16 = 2;

/// Collects the arrivals on one transport and writes them as feedback.
#[derive(Debug, Default)]
pub struct Recorder {
    extender: SequenceExtender,
    /// Extended sequence number and arrival time in microseconds, in order of sequence numbers.
    arrivals: Vec<(u64, u64)>,
    /// The first sequence number that the next feedback speaks of.
    next: Option<u64>,
    feedback_count: u8,
}

impl Recorder {
    /// A packet came at `arrived_us`, any clock that does not go back.
    pub fn record(&mut self, sequence_number: u16, arrived_us: u64) {
        let number = self.extender.extend(sequence_number);
        if self.next.is_some_and(|next| number < next) {
            return; // too late: that number has been reported as lost
        }
        match self.arrivals.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(_) => {}
            Err(at) => self.arrivals.insert(at, (number, arrived_us)),
        }
        if self.arrivals.len() > MAX_ARRIVALS {
            self.arrivals.remove(0);
        }
    }

    /// Whether there is something to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Forgets what has come: nobody can be told.
    pub fn clear(&mut self) {
        self.arrivals.clear();
        self.next = None;
    }

    /// Writes one feedback packet with the oldest arrivals; call again until [`Self::is_empty`].
    pub fn write(&mut self, writer: &mut Writer<'_>, sender: u32, source: u32) {
        let Some(&(first_arrival, first_time)) = self.arrivals.first() else {
            return;
        };
        let base = self
            .next
            .filter(|next| first_arrival - next < MAX_STATUSES as u64)
            .unwrap_or(first_arrival);
        let reference = first_time / REFERENCE_UNIT_US;

        let mut statuses: Vec<u16> = Vec::with_capacity(64);
        let mut deltas: Vec<u8> = Vec::with_capacity(64);
        let mut clock = reference * (REFERENCE_UNIT_US / DELTA_UNIT_US);
        let mut taken = 0;
        for &(number, arrived_us) in &self.arrivals {
            let place = (number - base) as usize;
            let ticks = arrived_us / DELTA_UNIT_US;
            let Some(delta) = i16::try_from(ticks.cast_signed() - clock.cast_signed()).ok() else {
                break;
            };
            if place >= MAX_STATUSES {
                break;
            }
            statuses.resize(place, NOT_RECEIVED);
            if let Ok(small) = u8::try_from(delta) {
                statuses.push(SMALL_DELTA);
                deltas.push(small);
            } else {
                statuses.push(LARGE_DELTA);
                deltas.extend(delta.to_be_bytes());
            }
            clock = ticks;
            taken += 1;
        }
        let chunks = write_chunks(&statuses);
        let body = 20 + 2 * chunks.len() + deltas.len();
        let len = body.next_multiple_of(4);
        self.arrivals.drain(..taken);
        self.next = Some(base + statuses.len() as u64);
        let count = self.feedback_count;
        self.feedback_count = count.wrapping_add(1);

        let Some(packet) = writer.packet(kind::TRANSPORT_FEEDBACK, kind::FORMAT_TRANSPORT_CC, len) else {
            return;
        };
        packet[4..8].copy_from_slice(&sender.to_be_bytes());
        packet[8..12].copy_from_slice(&source.to_be_bytes());
        packet[12..14].copy_from_slice(&(base as u16).to_be_bytes());
        packet[14..16].copy_from_slice(&(statuses.len() as u16).to_be_bytes());
        packet[16..20].copy_from_slice(&((reference as u32) << 8 | u32::from(count)).to_be_bytes());
        for (chunk, out) in chunks.iter().zip(packet[20..].chunks_exact_mut(2)) {
            out.copy_from_slice(&chunk.to_be_bytes());
        }
        packet[20 + 2 * chunks.len()..body].copy_from_slice(&deltas);
        if len > body {
            packet[0] |= 0x20;
            packet[body..].fill(0);
            packet[len - 1] = (len - body) as u8;
        }
    }
}

/// Status chunks: run lengths where at least seven alike follow each other, vectors of two-bit symbols otherwise.
fn write_chunks(statuses: &[u16]) -> Vec<u16> {
    let mut chunks = Vec::with_capacity(statuses.len() / 7 + 1);
    let mut rest = statuses;
    while let Some(&first) = rest.first() {
        let run = rest.iter().take_while(|status| **status == first).count();
        if run >= 7 || run == rest.len() {
            let run = run.min(0x1fff);
            chunks.push(first << 13 | run as u16);
            rest = &rest[run..];
        } else {
            let (now, later) = rest.split_at(rest.len().min(7));
            let symbols = now
                .iter()
                .enumerate()
                .fold(0, |chunk, (place, status)| chunk | status << (12 - 2 * place));
            chunks.push(0xc000 | symbols);
            rest = later;
        }
    }
    chunks
}

/// One feedback packet, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The first sequence number that it speaks of.
    pub base: u16,
    /// Counts the feedback packets.
    pub count: u8,
    /// For each sequence number from `base` on: when it came, microseconds of the receiver's clock (wraps after 12 days), or None.
    pub arrivals: Vec<Option<i64>>,
}

/// Reads a transport-cc packet (as [`super::Packet::TransportCc`] gives it); None if it is malformed, or speaks of more than 8192 packets.
#[must_use]
pub fn parse(packet: &[u8]) -> Option<Feedback> {
    let base = u16_at(packet, 12)?;
    let total = Some(usize::from(u16_at(packet, 14)?)).filter(|total| *total <= MAX_READ)?;
    let reference = u24_at(packet, 16)?;
    let count = *packet.get(19)?;
    let mut at = 20;
    let mut statuses = Vec::with_capacity(total);
    while statuses.len() < total {
        let chunk = u16_at(packet, at)?;
        at += 2;
        let room = total - statuses.len();
        if chunk & 0x8000 == 0 {
            let run = usize::from(chunk & 0x1fff);
            if run == 0 {
                return None;
            }
            statuses.resize(statuses.len() + run.min(room), chunk >> 13 & 3);
        } else if chunk & 0x4000 == 0 {
            statuses.extend((0..14).take(room).map(|bit| chunk >> (13 - bit) & 1));
        } else {
            statuses.extend((0..7).take(room).map(|place| chunk >> (12 - 2 * place) & 3));
        }
    }
    let mut clock = i64::from(reference) * REFERENCE_UNIT_US.cast_signed();
    let mut arrivals = Vec::with_capacity(total);
    for status in statuses {
        let delta = match status {
            NOT_RECEIVED => {
                arrivals.push(None);
                continue;
            }
            SMALL_DELTA => {
                at += 1;
                i64::from(*packet.get(at - 1)?)
            }
            LARGE_DELTA => {
                at += 2;
                i64::from(u16_at(packet, at - 2)?.cast_signed())
            }
            _ => return None,
        };
        clock += delta * DELTA_UNIT_US.cast_signed();
        arrivals.push(Some(clock));
    }
    Some(Feedback {
        base,
        count,
        arrivals,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtcp::{Compound, Packet};
    use proptest::prelude::*;

    fn written(recorder: &mut Recorder) -> Vec<Feedback> {
        let mut all = Vec::new();
        while !recorder.is_empty() {
            let mut buffer = [0u8; 1500];
            let mut writer = Writer::new(&mut buffer);
            recorder.write(&mut writer, 1, 2);
            let len = writer.len();
            let Some(Ok(Packet::TransportCc(packet))) = Compound::new(&buffer[..len]).next() else {
                panic!()
            };
            all.push(parse(packet).unwrap());
        }
        all
    }

    #[test]
    fn arrivals_and_gaps_come_back() {
        let mut recorder = Recorder::default();
        for (number, time) in [
            (65_534u16, 1_000_000u64),
            (65_535, 1_001_000),
            (2, 1_080_000),
            (1, 1_079_000),
        ] {
            recorder.record(number, time);
        }
        let feedback = written(&mut recorder).remove(0);
        assert_eq!(feedback.base, 65_534);
        let times = [
            Some(1_000_000),
            Some(1_001_000),
            None,
            Some(1_079_000),
            Some(1_080_000),
        ];
        assert_eq!(feedback.arrivals, times);
        recorder.record(5, 1_100_000);
        let feedback = written(&mut recorder).remove(0);
        assert_eq!((feedback.base, feedback.count), (3, 1));
        assert_eq!(feedback.arrivals, [None, None, Some(1_100_000)]);
    }

    /// A packet as pion's tests have it: one arrival, one octet of padding.
    const ONE_ARRIVAL: [u8; 24] = [
        0xaf, 0xcd, 0x00, 0x05, 0xfa, 0x17, 0xfa, 0x17, 0x43, 0x03, 0x2f, 0xa0, 0x00, 0x99, 0x00, 0x01, 0x3d,
        0xe8, 0x02, 0x17, 0x20, 0x01, 0x94, 0x01,
    ];

    #[test]
    fn another_implementations_packet_is_read_and_written_alike() {
        let arrived = 4_057_090 * REFERENCE_UNIT_US + 0x94 * DELTA_UNIT_US;
        let Some(Ok(Packet::TransportCc(packet))) = Compound::new(&ONE_ARRIVAL).next() else {
            panic!()
        };
        let feedback = Feedback {
            base: 153,
            count: 23,
            arrivals: vec![Some(arrived.cast_signed())],
        };
        assert_eq!(parse(packet), Some(feedback));
        let mut recorder = Recorder {
            feedback_count: 23,
            ..Recorder::default()
        };
        recorder.record(153, arrived);
        let mut buffer = [0u8; 100];
        let mut writer = Writer::new(&mut buffer);
        recorder.write(&mut writer, 0xfa17_fa17, 0x4303_2fa0);
        assert_eq!(writer.len(), ONE_ARRIVAL.len());
        assert_eq!(buffer[..ONE_ARRIVAL.len()], ONE_ARRIVAL);
    }

    fn packet(total: u16, chunks_and_deltas: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10];
        packet.extend(total.to_be_bytes());
        packet.extend([0, 0, 1, 0]);
        packet.extend(chunks_and_deltas);
        packet
    }

    #[test]
    fn every_kind_of_chunk_is_read() {
        // One-bit symbols: 1 0 1, of three packets.
        let feedback = parse(&packet(3, &[0xa8 | 0x80, 0x00, 4, 8])).unwrap();
        let start = REFERENCE_UNIT_US.cast_signed();
        assert_eq!(feedback.arrivals, [Some(start + 1000), None, Some(start + 3000)]);
        // Two-bit symbols: large, none, small; the large delta goes back by a quarter millisecond.
        let feedback = parse(&packet(3, &[0xe1, 0x00, 0xff, 0xff, 5])).unwrap();
        assert_eq!(feedback.arrivals, [Some(start - 250), None, Some(start + 1000)]);
        // A run of nothing, then of small deltas.
        let feedback = parse(&packet(5, &[0x00, 3, 0x20, 2, 1, 1])).unwrap();
        assert_eq!(
            feedback.arrivals,
            [None, None, None, Some(start + 250), Some(start + 500)]
        );
    }

    #[test]
    fn what_is_cut_off_or_boundless_is_refused() {
        assert_eq!(parse(&packet(1, &[0x20, 1])), None, "no delta");
        assert_eq!(parse(&packet(9, &[0x00, 3])), None, "too few chunks");
        assert_eq!(parse(&packet(1, &[0x00, 0])), None, "a run of none");
        assert_eq!(parse(&packet(1, &[0x60, 1, 0, 0])), None, "a reserved symbol");
        let endless: Vec<u8> = [0x1f, 0xff].repeat(9);
        assert_eq!(
            parse(&packet(u16::MAX, &endless)),
            None,
            "more than anybody sends"
        );
    }

    #[test]
    fn the_reference_time_wraps_at_24_bits() {
        let mut recorder = Recorder::default();
        recorder.record(1, (1 << 24) * REFERENCE_UNIT_US + 3 * REFERENCE_UNIT_US);
        let arrivals = written(&mut recorder).remove(0).arrivals;
        assert_eq!(arrivals, [Some(3 * REFERENCE_UNIT_US.cast_signed())]);
    }

    proptest! {
        #[test]
        fn every_arrival_is_reported_once_to_a_quarter_millisecond(
            steps in proptest::collection::vec((1u16..40, 0u64..200_000), 1..300), start: u16
        ) {
            let mut recorder = Recorder::default();
            let mut number = start;
            let mut time = 5_000_000;
            let mut sent = Vec::new();
            for (skip, wait) in steps {
                number = number.wrapping_add(skip);
                time += wait;
                recorder.record(number, time);
                sent.push((number, (time / DELTA_UNIT_US * DELTA_UNIT_US) as i64));
            }
            let mut received = Vec::new();
            for feedback in written(&mut recorder) {
                for (place, arrival) in feedback.arrivals.iter().enumerate() {
                    if let Some(time) = arrival {
                        received.push((feedback.base.wrapping_add(place as u16), *time));
                    }
                }
            }
            prop_assert_eq!(received, sent);
        }

        #[test]
        fn any_bytes_are_read_or_refused(packet in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse(&packet);
        }
    }
}
