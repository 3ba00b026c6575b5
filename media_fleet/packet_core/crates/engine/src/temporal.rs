//! Pictures that can be left out: how often those of each temporal layer come, and leaving the upper ones out for a subscriber who
//! wants fewer, with numbers that have no gap.

use std::collections::VecDeque;

use crate::layer::{MAX_RECENTLY_DROPPED, Numbering};
use crate::output::Now;
use crate::store::Stored;

/// VP8 has four temporal layers at the most, and nobody uses more of VP9's eight.
const LAYERS: usize = 4;
/// Frame rates are measured over so long, microseconds.
const WINDOW_US: u64 = 1_000_000;
/// Who wants 15 pictures a second takes up to 18 of them.
const TOLERANCE: f64 = 1.2;

/// What the temporal layers of an encoding bring.
#[derive(Debug, Default)]
pub(crate) struct FrameRates {
    since_us: u64,
    last_timestamp: Option<u32>,
    pictures: [u32; LAYERS],
    octets: [u64; LAYERS],
    /// Pictures a second of each layer and those below it, and their share of all octets; None before a second is over.
    measured: Option<[(f64, f64); LAYERS]>,
}

impl FrameRates {
    pub(crate) fn count(&mut self, stored: &Stored, now: Now) {
        let layer = stored
            .temporal
            .map_or(0, |temporal| usize::from(temporal.layer))
            .min(LAYERS - 1);
        let elapsed_us = now.us.saturating_sub(self.since_us);
        if elapsed_us >= WINDOW_US {
            // After a pause, the time since the last window says nothing of the encoder.
            if elapsed_us < 2 * WINDOW_US {
                self.measured = Some(self.sums(elapsed_us as f64 / 1e6));
            }
            (self.since_us, self.pictures, self.octets) = (now.us, [0; LAYERS], [0; LAYERS]);
        }
        self.octets[layer] += stored.payload_len() as u64;
        if self.last_timestamp != Some(stored.timestamp) {
            self.last_timestamp = Some(stored.timestamp);
            self.pictures[layer] += 1;
        }
    }

    fn sums(&self, seconds: f64) -> [(f64, f64); LAYERS] {
        let all: u64 = self.octets.iter().sum();
        let (mut pictures, mut octets) = (0, 0);
        std::array::from_fn(|layer| {
            pictures += self.pictures[layer];
            octets += self.octets[layer];
            (f64::from(pictures) / seconds, octets as f64 / all.max(1) as f64)
        })
    }

    /// The highest layer that does not bring more than so many pictures a second; `u8::MAX` if all of them do not, or nobody knows.
    pub(crate) fn limit(&self, wanted: Option<u8>) -> u8 {
        let (Some(wanted), Some(measured)) = (wanted, &self.measured) else {
            return u8::MAX;
        };
        let most = f64::from(wanted) * TOLERANCE;
        match measured.iter().position(|(rate, _)| *rate > most) {
            Some(layer) => layer.saturating_sub(1) as u8,
            None => u8::MAX,
        }
    }

    /// What is left of the encoding's rate under a limit.
    pub(crate) fn share(&self, limit: u8) -> f64 {
        self.measured
            .as_ref()
            .and_then(|measured| measured.get(usize::from(limit)))
            .map_or(1.0, |(_, share)| *share)
    }
}

/// Where a packet stands once pictures were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The layer's number, less the packets that were left out before it.
    pub number: u64,
    /// How many pictures were left out before it.
    pub pictures: u16,
}

/// Leaves out what one subscriber does not want of an encoding. Made anew at each switch.
#[derive(Debug, Default)]
pub(crate) struct Thinning {
    numbering: Numbering,
    pictures: u16,
    /// The first packets of pictures that were left out lately.
    recent: VecDeque<u64>,
    /// The layers up to this one can be decoded.
    level: Option<u8>,
    /// The newest picture, and whether it is sent.
    picture: Option<(u32, bool)>,
}

impl Thinning {
    /// Takes up a packet; None if it is left out. `limit`: the highest layer that is wanted.
    pub(crate) fn place(&mut self, stored: &Stored, limit: u8) -> Option<Place> {
        // What was overtaken has left a hole that nothing else can fill.
        let is_sent = !self.numbering.is_newest(stored.number) || self.sends(stored, limit);
        let number = self.numbering.number(stored.number, !is_sent)?;
        let later = self
            .recent
            .iter()
            .rev()
            .take_while(|first| **first > stored.number);
        Some(Place {
            number,
            pictures: self.pictures.wrapping_sub(later.count() as u16),
        })
    }

    /// How many packets were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.numbering.dropped()
    }

    /// Whether the picture of the newest packet is sent.
    fn sends(&mut self, stored: &Stored, limit: u8) -> bool {
        if let Some((timestamp, is_sent)) = self.picture
            && timestamp == stored.timestamp
        {
            return is_sent;
        }
        let is_sent = self.decide(stored, limit);
        self.picture = Some((stored.timestamp, is_sent));
        if !is_sent {
            self.leave_out_picture(stored.number);
        }
        is_sent
    }

    fn decide(&mut self, stored: &Stored, limit: u8) -> bool {
        let Some(temporal) = stored.temporal.filter(|_| !stored.key_frame) else {
            self.level = Some(limit);
            return true;
        };
        let level = self.level.map_or(limit, |level| level.min(limit));
        let joins = temporal.joins && temporal.layer <= limit;
        let is_sent = temporal.layer <= level || joins;
        let opens = is_sent && temporal.opens;
        self.level = Some(if opens {
            limit
        } else if joins {
            level.max(temporal.layer)
        } else {
            level
        });
        is_sent
    }

    fn leave_out_picture(&mut self, first: u64) {
        self.pictures = self.pictures.wrapping_add(1);
        self.recent.push_back(first);
        if self.recent.len() > MAX_RECENTLY_DROPPED {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parley_wire::codec::Temporal;

    fn picture(number: u64, layer: u8, joins: bool, opens: bool) -> Stored {
        Stored::for_test(number, number as u32, Some(Temporal { layer, joins, opens }))
    }

    fn sent(thinning: &mut Thinning, pictures: &[Stored], limit: u8) -> Vec<u64> {
        let taken = pictures.iter().filter_map(|stored| thinning.place(stored, limit));
        taken.map(|place| place.number).collect()
    }

    #[test]
    fn upper_layers_are_left_out_without_a_gap() {
        let mut thinning = Thinning::default();
        let pictures: Vec<Stored> = (10..18)
            .map(|n| picture(n, (n % 2) as u8, false, false))
            .collect();
        assert_eq!(sent(&mut thinning, &pictures, 0), [10, 11, 12, 13]);
        assert_eq!(thinning.left_out(), 4);
        let place = thinning.place(&picture(18, 0, false, false), 0).unwrap();
        assert_eq!((place.number, place.pictures), (14, 4));
    }

    #[test]
    fn they_come_back_where_they_can_be_decoded() {
        let mut thinning = Thinning::default();
        assert_eq!(
            sent(
                &mut thinning,
                &[picture(1, 0, false, false), picture(2, 1, false, false)],
                0
            ),
            [1]
        );
        // Wanted again, but these depend on pictures that were left out.
        assert_eq!(
            sent(
                &mut thinning,
                &[picture(3, 1, false, false), picture(4, 0, false, false)],
                u8::MAX
            ),
            [2]
        );
        assert_eq!(
            sent(
                &mut thinning,
                &[picture(5, 1, true, false), picture(6, 1, false, false)],
                u8::MAX
            ),
            [3, 4]
        );
        assert_eq!(
            sent(&mut thinning, &[picture(7, 2, false, false)], u8::MAX),
            [],
            "joining was for layer 1"
        );
        assert_eq!(
            sent(
                &mut thinning,
                &[picture(8, 0, false, true), picture(9, 2, false, false)],
                u8::MAX
            ),
            [5, 6]
        );
    }

    #[test]
    fn what_was_overtaken_keeps_its_place() {
        let mut thinning = Thinning::default();
        assert_eq!(
            sent(
                &mut thinning,
                &[picture(1, 0, false, false), picture(2, 1, false, false)],
                0
            ),
            [1]
        );
        assert_eq!(sent(&mut thinning, &[picture(5, 0, false, false)], 0), [4]);
        let late = thinning.place(&picture(3, 1, false, false), 0).unwrap();
        assert_eq!(
            (late.number, late.pictures),
            (2, 1),
            "sent, since nothing else fills its place"
        );
        let later = thinning.place(&picture(4, 0, false, false), 0).unwrap();
        assert_eq!((later.number, later.pictures), (3, 1));
        let early = Thinning::default()
            .place(&picture(1, 1, false, false), u8::MAX)
            .unwrap();
        assert_eq!((early.number, early.pictures), (1, 0));
    }

    #[test]
    fn frame_rates_say_which_layers_are_wanted() {
        let mut rates = FrameRates::default();
        assert_eq!(rates.limit(Some(15)), u8::MAX, "nobody knows yet");
        for frame in 0..=90u64 {
            let now = Now {
                us: 1_000_000 + frame * 33_333,
                ntp: 0,
            };
            let layer = [0, 2, 1, 2][frame as usize % 4];
            rates.count(&picture(frame, layer, false, false), now);
        }
        let limits = [60, 30, 20, 15, 10, 7, 1].map(|wanted| rates.limit(Some(wanted)));
        assert_eq!(limits, [u8::MAX, u8::MAX, 1, 1, 0, 0, 0]);
        assert_eq!(rates.limit(None), u8::MAX);
        assert!((0.2..0.3).contains(&rates.share(0)) && (0.45..0.55).contains(&rates.share(1)));
        assert!((rates.share(u8::MAX) - 1.0).abs() < 1e-9);
    }
}
