//! The time, as the engine wants it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parley_engine::Now;

/// Seconds from 1900, where NTP starts, to 1970.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// Two clocks that go at one rate: the wall clock is read once, so that it never jumps under a running call.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_ntp: u64,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn new() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
        Self {
            start: Instant::now(),
            start_ntp: (unix.as_secs() + NTP_TO_UNIX_S) << 32 | fraction,
        }
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Now {
        let elapsed = self.start.elapsed();
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        Now {
            us: elapsed.as_micros() as u64,
            ntp: self.start_ntp.wrapping_add(elapsed.as_secs() << 32 | fraction),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
