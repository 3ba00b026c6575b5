//! How much lately arrived, by the receiver's clock.

use std::collections::VecDeque;

/// What is looked back on, microseconds.
const WINDOW_US: i64 = 500_000;
/// Less than this says nothing yet, microseconds.
const LEAST_US: i64 = 150_000;
/// The last moment, microseconds.
const RECENT_US: i64 = 200_000;
/// Arrivals are summed up in steps of this, microseconds.
const STEP_US: i64 = 10_000;
/// A weighted mean over windows: the last one's weight.
const WEIGHT: f64 = 0.35;

/// See the module.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// Start of a step, octets in it.
    steps: VecDeque<(i64, u64)>,
    octets: u64,
    smoothed: Option<f64>,
}

impl Acknowledged {
    pub(crate) fn arrived(&mut self, came_us: i64, octets: u64) {
        match self.steps.back_mut() {
            Some((start, sum)) if came_us >= *start && came_us < *start + STEP_US => *sum += octets,
            // Overtaken, or a clock that went back: counted with what is newest.
            Some((start, sum)) if came_us < *start && *start - came_us < WINDOW_US => *sum += octets,
            Some((start, _)) if came_us < *start => {
                self.steps.clear();
                self.octets = 0;
                self.steps.push_back((came_us, octets));
            }
            _ => self.steps.push_back((came_us, octets)),
        }
        self.octets += octets;
        while let Some((start, sum)) = self.steps.front().copied()
            && came_us - start > WINDOW_US
        {
            self.octets -= sum;
            self.steps.pop_front();
        }
    }

    /// To be called after each feedback's arrivals.
    pub(crate) fn update(&mut self) {
        let (Some((first, first_octets)), Some((last, _))) = (self.steps.front(), self.steps.back()) else {
            return;
        };
        let span_us = last - first;
        if span_us < LEAST_US {
            return;
        }
        // The first step's packets came before the time that is looked at.
        let rate = (self.octets - first_octets) as f64 * 8_000_000.0 / span_us as f64;
        self.smoothed = Some(
            self.smoothed
                .map_or(rate, |smoothed| smoothed + WEIGHT * (rate - smoothed)),
        );
    }

    /// Of the last moment alone, bits a second: what a queue that stands lets through. None where too little has come.
    pub(crate) fn recent(&self) -> Option<f64> {
        let (last, last_octets) = self.steps.back().copied()?;
        let first = self
            .steps
            .iter()
            .rev()
            .map(|(start, _)| *start)
            .find(|start| last - start >= RECENT_US)?;
        let octets: u64 = self
            .steps
            .iter()
            .filter(|(start, _)| *start >= first)
            .map(|(_, octets)| octets)
            .sum();
        Some((octets - last_octets) as f64 * 8e6 / (last - first) as f64)
    }

    /// Bits a second.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.smoothed
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_at_its_rate() {
        let mut acknowledged = Acknowledged::default();
        for packet in 0..200 {
            acknowledged.arrived(packet * 10_000, 1250);
            acknowledged.update();
        }
        let rate = acknowledged.rate().unwrap();
        assert!((990_000.0..1_010_000.0).contains(&rate), "{rate}");
    }
}
