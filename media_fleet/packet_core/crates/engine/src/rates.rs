//! What the layers of an encoding bring: how many pictures a second, and which part of its octets.

use parley_wire::dependency_descriptor::OperatingPoint;

use crate::output::Now;
use crate::scalability::Scalability;
use crate::store::Stored;

/// So many spatial layers are told apart.
pub(crate) const SPATIAL_LAYERS: usize = 4;
/// VP8 has four temporal layers at the most, and nobody uses more of the others' eight.
pub(crate) const TEMPORAL_LAYERS: usize = 4;
/// Rates are measured over so long, microseconds.
const WINDOW_US: u64 = 1_000_000;
/// Who wants 15 pictures a second takes up to 18 of them.
const TOLERANCE: f64 = 1.2;

/// By spatial and temporal layer.
type Grid<T> = [[T; TEMPORAL_LAYERS]; SPATIAL_LAYERS];

/// What a whole window has brought.
#[derive(Debug)]
struct Measured {
    /// Pictures a second of each temporal layer and those below it.
    pictures: [f64; TEMPORAL_LAYERS],
    /// The part of all octets that each operating point takes.
    shares: Grid<f64>,
    /// The highest temporal layer that there was.
    temporal: u8,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct LayerRates {
    since_us: u64,
    last_timestamp: Option<u32>,
    pictures: [u32; TEMPORAL_LAYERS],
    octets: Grid<u64>,
    all_octets: u64,
    /// None before a second is over.
    measured: Option<Measured>,
}

impl LayerRates {
    pub(crate) fn count(&mut self, stored: &Stored, scalability: &Scalability, now: Now) {
        let elapsed_us = now.us.saturating_sub(self.since_us);
        if elapsed_us >= WINDOW_US {
            // After a pause, the time since the last window says nothing of the encoder.
            if elapsed_us < 2 * WINDOW_US {
                self.measured = Some(self.sums(elapsed_us as f64 / 1e6));
            }
            self.since_us = now.us;
            (self.pictures, self.octets, self.all_octets) = Default::default();
        }
        let octets = stored.payload_len() as u64;
        self.all_octets += octets;
        scalability.for_each_point(stored, |point| {
            let spatial = usize::from(point.spatial).min(SPATIAL_LAYERS - 1);
            self.octets[spatial][usize::from(point.temporal).min(TEMPORAL_LAYERS - 1)] += octets;
        });
        if self.last_timestamp != Some(stored.timestamp) {
            self.last_timestamp = Some(stored.timestamp);
            self.pictures[usize::from(stored.temporal_layer()).min(TEMPORAL_LAYERS - 1)] += 1;
        }
    }

    fn sums(&self, seconds: f64) -> Measured {
        let mut pictures = 0;
        let all = self.all_octets.max(1) as f64;
        Measured {
            temporal: self.pictures.iter().rposition(|count| *count > 0).unwrap_or(0) as u8,
            pictures: self.pictures.map(|count| {
                pictures += count;
                f64::from(pictures) / seconds
            }),
            shares: self.octets.map(|layers| layers.map(|octets| octets as f64 / all)),
        }
    }

    /// The highest temporal layer that does not bring more than so many pictures a second; `u8::MAX` if all of them do not, or nobody knows.
    pub(crate) fn limit(&self, wanted: Option<u8>) -> u8 {
        let (Some(wanted), Some(measured)) = (wanted, &self.measured) else {
            return u8::MAX;
        };
        let most = f64::from(wanted) * TOLERANCE;
        match measured.pictures.iter().position(|rate| *rate > most) {
            Some(layer) => layer.saturating_sub(1) as u8,
            None => u8::MAX,
        }
    }

    /// The highest temporal layer; None before that is known.
    pub(crate) fn highest_temporal(&self) -> Option<u8> {
        self.measured.as_ref().map(|measured| measured.temporal)
    }

    /// What an operating point takes of the encoding's rate: all of it as long as nobody knows.
    pub(crate) fn share(&self, point: OperatingPoint) -> f64 {
        let share = self.measured.as_ref().and_then(|measured| {
            let layers = measured.shares.get(usize::from(point.spatial))?;
            layers.get(usize::from(point.temporal)).copied()
        });
        share.filter(|share| *share > 0.0).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::picture;

    #[test]
    fn frame_rates_say_which_layers_are_wanted() {
        let mut rates = LayerRates::default();
        assert_eq!(rates.limit(Some(15)), u8::MAX, "nobody knows yet");
        for frame in 0..=90u64 {
            let now = Now {
                us: 1_000_000 + frame * 33_333,
                ntp: 0,
            };
            let layer = [0, 2, 1, 2][frame as usize % 4];
            rates.count(&picture(frame, layer, false, false), &Scalability::default(), now);
        }
        let limits = [60, 30, 20, 15, 10, 7, 1].map(|wanted| rates.limit(Some(wanted)));
        assert_eq!(limits, [u8::MAX, u8::MAX, 1, 1, 0, 0, 0]);
        assert_eq!(rates.limit(None), u8::MAX);
        assert_eq!(rates.highest_temporal(), Some(2));
        let share = |temporal| rates.share(OperatingPoint { spatial: 0, temporal });
        assert!((0.2..0.3).contains(&share(0)) && (0.45..0.55).contains(&share(1)));
        assert!((share(u8::MAX) - 1.0).abs() < 1e-9);
    }
}
