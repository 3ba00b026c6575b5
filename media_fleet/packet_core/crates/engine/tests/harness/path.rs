//! A path that carries so much, with a queue before its narrowest place.

use std::collections::VecDeque;

use parley_wire::rtcp::transport_cc::Recorder;

/// A receiver tells so often what has come, microseconds.
const FEEDBACK_US: u64 = 50_000;
/// What waits longer than this for its turn is dropped, microseconds.
const QUEUE_US: u64 = 300_000;
/// From one end to the other of an empty path, microseconds.
const DELAY_US: u64 = 20_000;

#[derive(Default)]
pub struct Path {
    /// Bits a second.
    pub rate: u64,
    free_us: u64,
    under_way: VecDeque<(u64, Vec<u8>)>,
    pub arrivals: Recorder,
    told_us: u64,
    /// How long each datagram waited for its turn: when it came, and microseconds.
    pub waits: Vec<(u64, u64)>,
    pub dropped: usize,
}

impl Path {
    pub fn of(rate: u64) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }

    pub fn enter(&mut self, now_us: u64, datagram: Vec<u8>) {
        let starts_us = self.free_us.max(now_us);
        if starts_us - now_us > QUEUE_US {
            self.dropped += 1;
            return;
        }
        self.waits.push((now_us, starts_us - now_us));
        self.free_us = starts_us + datagram.len() as u64 * 8_000_000 / self.rate;
        self.under_way.push_back((self.free_us + DELAY_US, datagram));
    }

    /// What has arrived by now, and when.
    pub fn leave(&mut self, now_us: u64) -> Option<(u64, Vec<u8>)> {
        let (arrives_us, _) = self.under_way.front()?;
        if *arrives_us <= now_us {
            self.under_way.pop_front()
        } else {
            None
        }
    }

    /// Whether feedback is due.
    pub fn tells(&mut self, now_us: u64) -> bool {
        let is_due = now_us >= self.told_us + FEEDBACK_US;
        if is_due {
            self.told_us = now_us;
        }
        is_due
    }

    /// The longest wait since a moment, microseconds.
    pub fn longest_wait_us(&self, since_us: u64) -> u64 {
        let waits = self.waits.iter().filter(|(at_us, _)| *at_us >= since_us);
        waits.map(|(_, wait)| *wait).max().unwrap_or(0)
    }
}
