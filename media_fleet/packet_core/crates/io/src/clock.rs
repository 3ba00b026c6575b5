//! The time, as the engine wants it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parley_engine::Now;

/// Seconds from 1900, where NTP starts, to 1970.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// No datagram waits so long in a socket that is served.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The wall clock, since 1970.
#[must_use]
pub fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

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
        let unix = wall();
        let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
        Self {
            start: Instant::now(),
            start_ntp: (unix.as_secs() + NTP_TO_UNIX_S) << 32 | fraction,
        }
    }

    /// When something came that the kernel has noted, microseconds of [`Now::us`]: this moment where it has noted nothing.
    ///
    /// `now` and `wall` are one moment. The kernel notes by the wall clock, which may have been set meanwhile: what seems to have come later than now, or
    /// longer ago than anything waits, came now.
    #[must_use]
    pub fn came_us(now: Now, wall: Duration, came: Option<Duration>) -> u64 {
        let waited = came
            .and_then(|came| wall.checked_sub(came))
            .filter(|waited| *waited < LONGEST_WAIT);
        now.us
            .saturating_sub(waited.unwrap_or_default().as_micros() as u64)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_before_is_dated_back_unless_the_wall_clock_was_set() {
        let now = Now {
            us: 5_000_000,
            ntp: 0,
        };
        let wall = Duration::from_millis(900_000);
        for (came_ms, us) in [
            (Some(899_997), 4_997_000),
            (Some(900_000), 5_000_000),
            (Some(900_001), 5_000_000),
            (Some(898_000), 5_000_000),
            (None, 5_000_000),
        ] {
            let came = came_ms.map(Duration::from_millis);
            assert_eq!(Clock::came_us(now, wall, came), us, "{came_ms:?}");
        }
    }
}
